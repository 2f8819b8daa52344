"""Plans: made of lines, shown, and released once for what is agreed to, after they were judged anew."""

import os
import secrets
from collections.abc import Callable, Sequence

import msgspec

from isaacd.errors import ContentModified, InvalidParams, PermissionDenied
from isaacd.judge.disk import DiskFacts
from isaacd.judge.verdict import BY_AI, Verdict
from isaacd.plans.differences import difference
from isaacd.plans.environment import influences, is_of_the_system
from isaacd.plans.handover import Executed, PlanCard, Released
from isaacd.plans.plan import Caller, Plan, plan_card
from isaacd.plans.shells import Machine, Shell, Ways, known_shell, shell_of
from isaacd.plans.tokens import LIFE_S, Tokens
from isaacd.plans.witness import Names, Seen, Witness, stamp
from isaacd.routing.lines import Lines
from isaacd.routing.names import ONLY_CHANGES
from isaacd.routing.route import Route
from isaacd.safety.tier import Tier
from isaacd.shell.find import Commands, commands
from isaacd.shell.parse import Parser

# The longest word that Linux gives a program is of 128 KiB (MAX_ARG_STRLEN), with the NUL behind it.
MAX_GIVEN_BYTES = 127 * 1024


class Desk:
    """The plans of all callers of one daemon."""

    def __init__(
        self,
        lines: Lines,
        *,
        monotonic: Callable[[], float],
        random: Callable[[int], bytes] = secrets.token_bytes,
        ways: Ways | None = None,
    ) -> None:
        self.lines = lines
        self.tokens = Tokens(monotonic, random)
        self.ways = ways or Machine()
        self._parser = Parser()

    def prepare(
        self, line: str, caller: Caller, *, shell: Shell | None = None, words: Sequence[str] = ()
    ) -> tuple[Route, Plan | None]:
        """Route a line, and plan what would be executed for it; None where nothing of it would be.

        `words` are what the line was made of, if it is a program and its arguments.
        """
        witness = Witness(DiskFacts())
        environ = caller.environ
        route = self.lines.route(line, config=caller.routing, environ=environ, cwd=caller.cwd, facts=witness)
        if route.kind not in ("shell", "builtin") or route.verdict is None:
            return route, None
        because = _cannot_be_given(route.line)
        if because is not None:
            return msgspec.structs.replace(route, kind="refused", because=because, verdict=None), None
        if shell is None:
            shell = shell_of(environ, caller.pid, self.ways)
        home, cwd = environ.get("HOME", ""), caller.cwd
        values = {"HOME": home, "PWD": cwd or home}
        found = commands(self.lines.judge.parse(route.line), self._parser, values)
        # Other shells have other quotes; without one, words stay what they are.
        direct = (
            tuple(words) if route.line == line and route.kind == "shell" and not shell.quotes_as_bash else ()
        )
        verdict = self._verdict(route, None if direct else shell, caller, found)
        seen = Seen(witness.said, {})
        if not verdict.tier.runs_unasked:
            named = Names(found, cwd=cwd or "/", home=home, path=environ.get("PATH", ""))
            executor = {shell.path: stamp(shell.path, by_content=True)}
            seen = Seen({**witness.said, **named.programs}, {**named.stamps, **executor})
        return route, Plan(
            route=route,
            kind=_kind(route, found, caller),
            verdict=verdict,
            shell=shell,
            cwd=cwd or "",
            folder=_folder(cwd),
            owner=caller.owner,
            seen=seen,
            caller=caller,
            words=direct,
        )

    def shell(self, path: str) -> Shell:
        """Return the shell at a path; raises InvalidParams if there is none that is known."""
        found = known_shell(path, self.ways)
        if found is None:
            raise InvalidParams(
                f"{path[:80]!r} is no shell that is known here", hint="give its path, such as /bin/bash"
            )
        return found

    def show(self, plan: Plan) -> PlanCard:
        """Issue a token for a plan, and show both."""
        return plan_card(plan, self.tokens.issue(plan), LIFE_S)

    def approve(self, token: str, caller: Caller, *, yes: bool, phrase: str | None) -> Released:
        """Release a plan, once, if that is agreed to as its tier demands and all is as it was when it was shown.

        Raises PermissionDenied for a token that stands for nothing or for a plan of others, and where consent is not
        enough; ContentModified with a fresh plan, as `detail`, where the line is not judged as it was any more.
        """
        plan = self.tokens.look(token, caller.owner).plan
        fresh, why = self._changed(plan, caller)
        if why is not None:
            self.tokens.drop(token)
            shown = {} if fresh is None else {"plan": msgspec.to_builtins(self.show(fresh))}
            raise ContentModified(
                f"it is not as it was when this plan was made: {why}",
                hint="look at the fresh plan" if shown else "route the line again",
                detail=shown,
            )
        refusal = refusal_of(plan, yes=yes, phrase=phrase)
        if refusal is not None:
            self.tokens.refuse(token)
            raise PermissionDenied(refusal)
        self.tokens.drop(token)
        return plan.released()

    def _changed(self, plan: Plan, caller: Caller) -> tuple[Plan | None, str | None]:
        """Judge the line of a plan anew; return the plan as it is now, and what has changed since."""
        before = plan.caller
        if (
            caller.told
        ):  # who agrees is who executes it: in that environment, and with the programs on that PATH
            before = msgspec.structs.replace(
                before, environ={**before.environ, **caller.told}, told={**before.told, **caller.told}
            )
        if caller.cwd is not None and caller.cwd != before.cwd:
            moved = msgspec.structs.replace(before, cwd=caller.cwd)
            return self.prepare(plan.route.typed, moved, shell=plan.shell, words=plan.words)[
                1
            ], "the folder is another"
        route, now = self.prepare(plan.route.typed, before, shell=plan.shell, words=plan.words)
        if now is None or route.line != plan.line or now.kind != plan.kind:
            return now, "the line leads elsewhere"
        if now.tier > plan.tier:
            return now, f"its tier is {now.tier.label}, and was {plan.tier.label}"
        if plan.tier.runs_unasked:
            return now, None
        if now.folder != plan.folder:
            return now, "the folder is another"
        differs = plan.seen.differs(now.seen)
        # What an AI thinks of it is no fact, and was not asked for again.
        told = tuple(reason for reason in plan.verdict.reasons if reason.rule != BY_AI)
        if differs is None and now.verdict.reasons != told:
            differs = "the reasons are others"
        return now, differs

    def _verdict(self, route: Route, shell: Shell | None, caller: Caller, found: Commands) -> Verdict:
        """Add to the verdict what the line itself does not say; without a shell, that is what its words say."""
        assert route.verdict is not None
        verdict = route.verdict
        family = shell.family if shell is not None else "other"
        why = None if shell is None else difference(route.line, shell.family, shell.name)
        if why is not None:
            verdict = verdict.raised(Tier.BEYOND, why, rule="shell")
        if verdict.tier is Tier.READ:
            pass  # wherever it reads, it changes nothing
        elif caller.cwd is None:
            text = "the folder where it would run is not known, so nothing in it was looked at"
            verdict = verdict.raised(Tier.BEYOND, text, rule="folder")
        elif _came_by_a_link(caller.told.get("PWD", ""), caller.cwd) and ".." in route.line:
            text = f"you came to {caller.cwd} by a link, so that `..` may lead to either side of it"
            verdict = verdict.raised(Tier.BEYOND, text, rule="folder")
        for reason in influences(caller.told, family, found, is_of_the_system):
            verdict = verdict.raised(reason.tier, reason.text, rule=reason.rule)
        return verdict


def refusal_of(plan: Plan, *, yes: bool, phrase: str | None) -> str | None:
    """Say why what a person has said is not enough for a plan; None if it is."""
    tier = plan.tier
    if tier.runs_unasked:
        return None
    if tier is Tier.DESTRUCTIVE:
        if phrase is not None and phrase.strip() == plan.verdict.phrase:
            return None
        return f"a line of tier 4 is refused, unless this phrase is typed: {plan.verdict.phrase}"
    return None if yes else f"a line of tier {tier.label} needs a yes"


def _kind(route: Route, found: Commands, caller: Caller) -> Executed:
    """Say where a line is executed.

    Without a way to the caller's own shell, a line that does more than to change it is executed in one of its own:
    `cd build && make` makes something there as well.
    """
    if route.kind != "builtin":
        return "shell"
    only_changes = all(
        item.supposed or item.name in ONLY_CHANGES or (item.name is None and not item.words)
        for item in found.invocations
    )
    return "builtin" if caller.hands_back or only_changes else "shell"


def _cannot_be_given(line: str) -> str | None:
    """Say why no program can be given a line as a word; None if it can."""
    if "\0" in line:
        return "it holds a NUL, which nothing can be given"
    if len(line) > MAX_GIVEN_BYTES or len(line.encode("utf-8", "surrogatepass")) > MAX_GIVEN_BYTES:
        return f"it is longer than {MAX_GIVEN_BYTES // 1024} KiB, and nothing can be given more at once"
    return None


def _came_by_a_link(logical: str, cwd: str) -> bool:
    """Say whether the shell knows the folder by another name, as it does behind a symbolic link."""
    return logical.startswith("/") and logical != cwd and os.path.realpath(logical) == cwd


def _folder(cwd: str | None) -> tuple[int, int] | None:
    try:
        found = os.stat(cwd) if cwd is not None else None  # noqa: PTH116 - a string that may be no path
    except (OSError, ValueError):
        return None
    return None if found is None else (found.st_dev, found.st_ino)
