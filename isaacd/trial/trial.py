"""`plugin test`: check, pack, install, load, the laws, the plugin's own tests, and a clean end."""

import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from isaacd.clock import SystemClock
from isaacd.installing.install import Wishes, install
from isaacd.plugin.receipts import installed, normalized
from isaacd.plugin.trust import trust_of
from isaacd.trial.home import Home, temporary_home
from isaacd.trial.laws import look
from isaacd.trial.steps import Outcome, Step, Steps, Tried
from isaacd.workshop.bundled import bundled_names
from isaacd.workshop.checking import check
from isaacd.workshop.packing import pack
from isaacd.workshop.project import Project
from isaacd.workshop.provided import provided
from isaacd.workshop.pyproject import requirement_name
from isaacd.workshop.report import count

_CHECK = "isaacctl plugin check tells where"
_NO_TESTS = 5  # pytest's exit code when it has collected none


def run_trial(
    project: Project,
    environ: Mapping[str, str],
    *,
    trusted: bool,
    tell: Callable[[Step], None],
    say: Callable[[str], None],
) -> Tried:
    """Try a project in a temporary home; the person's own Isaac is not touched.

    There it runs isolated, as its users will have it at first, unless it is `trusted`.
    """
    steps = Steps(tell)
    with temporary_home(environ) as home:
        trial = _Trial(project, environ, home, say, trusted=trusted)
        steps.take("check", trial.check)
        steps.take("pack", trial.pack, basic=True)
        steps.take("install", trial.install, basic=True)
        steps.take("laws", trial.laws)
        steps.take("start", trial.start, basic=True)
        steps.take("load", trial.load, basic=True)
        steps.take("tests", trial.tests)
        steps.take("stop", trial.stop)
    names = tuple(item.name for item in project.plugins)
    return Tried(plugins=names, passed=steps.passed, steps=tuple(steps.taken))


class _Trial:
    """One trial; each method is a step."""

    def __init__(
        self,
        project: Project,
        environ: Mapping[str, str],
        home: Home,
        say: Callable[[str], None],
        *,
        trusted: bool,
    ) -> None:
        self._project = project
        self._environ = environ
        self._home = home
        self._say = say
        self._trusted = trusted
        self._wheel = ""

    def check(self) -> Outcome:
        found = check(self._project, bundled_names(), self._environ)
        errors = [item for item in found.findings if item.severity == "error"]
        if errors:
            first = errors[0]
            return "failed", f"{count(len(errors), 'error')}; {first.place}: {first.message}", first.hint
        warnings = len(found.findings)
        return "passed", f"{count(warnings, 'warning')}: isaacctl plugin check" if warnings else "", ""

    def pack(self) -> Outcome:
        made = pack(self._project, self._home.directory / "dist", self._environ)
        self._wheel = made.wheel
        return "passed", f"{Path(made.wheel).name}, made by {made.by}", ""

    def install(self) -> Outcome:
        needs = {normalized(requirement_name(item)) for item in self._project.table.dependencies}
        # pip finds its own settings in the person's home, and not in this one.
        wishes = Wishes(wanted=self._wheel, offline=needs <= provided(), quiet=True)
        done = install(wishes, self._home.plugins, environ=self._environ, clock=SystemClock(), say=self._say)
        with_these = ", ".join(f"{name} {version}" for name, version in done.needs.items())
        trust = trust_of(self._home.paths)
        for found in installed(self._home.plugins) if self._trusted else ():
            trust.trust(found.name, found.root, now=SystemClock().now())
        return "passed", f"with {with_these}" if with_these else "", ""

    def laws(self) -> Outcome:
        broken = []
        for number, found in enumerate(installed(self._home.plugins)):
            target = f"{found.module}:{found.attribute}"
            answer = self._home.directory / f"laws-{number}"
            broken += look(found.path[0], found.name, target, answer, self._home.environ)
        if not broken:
            return "passed", "", ""
        return "failed", "; ".join(item.message for item in broken), broken[0].hint

    def start(self) -> Outcome:
        self._home.start()
        return "passed", "", ""

    def load(self) -> Outcome:
        names = [entry.name for entry in self._project.plugins]
        changes = self._home.call("plugins.reload", {"names": names})
        if changes is None:
            return "failed", f"the daemon is gone, or hangs, when {', '.join(names)} is loaded", ""
        if changes.error:
            return "failed", changes.error, _CHECK
        for name in names:
            answer = self._home.call("plugins.info", {"name": name})
            card: Any = (answer.result if answer else None) or {}
            if card.get("scopes"):  # as whoever uses it is asked to
                self._home.call("plugins.grant", {"name": name})
            problem = card.get("error") or card.get("trouble") or changes.result["failed"].get(name)
            if problem or card.get("state") not in ("ready", "loaded"):
                return "failed", f"{name}: {problem or card.get('state') or 'it is not there'}", _CHECK
        return "passed", "inside the daemon" if self._trusted else "isolated", ""

    def tests(self) -> Outcome:
        folder = self._project.root
        if self._project.pyproject is None or not (
            any(folder.glob("tests/test_*.py")) or any(folder.glob("test_*.py"))
        ):
            return "skipped", "there are no tests", "write tests/test_*.py"
        if importlib.util.find_spec("pytest") is None:
            return "skipped", "pytest is not there", f"{sys.executable} -m pip install pytest"
        sites = [str(path) for found in installed(self._home.plugins) for path in found.path]
        environ = {**self._home.environ, "PYTHONPATH": os.pathsep.join(dict.fromkeys(sites))}
        places = [name for name in ("tests",) if (folder / name).is_dir()]
        command = [sys.executable, "-P", "-m", "pytest", "-q", "-p", "no:cacheprovider", *places]
        code = subprocess.run(
            command, cwd=folder, env=environ, stdin=subprocess.DEVNULL, stdout=2, check=False
        ).returncode
        if code == _NO_TESTS:
            return "skipped", "pytest has found no tests", "name them test_*"
        return ("passed", "", "") if code == 0 else ("failed", f"pytest has left with {code}", "see above")

    def stop(self) -> Outcome:
        problem = self._home.stop()
        return (
            ("failed", problem, "isaacctl plugin check finds what blocks") if problem else ("passed", "", "")
        )
