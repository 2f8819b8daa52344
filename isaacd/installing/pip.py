"""pip, run as a program of its own: what it is given, and what its failures mean."""

import importlib.util
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from isaacd.errors import InvalidParams, IsaacError, NotFound, ProviderUnavailable, StorageUnavailable
from isaacd.safety.visible import plain

# Settings of the person's own that say where pip puts things, and what else it takes; here that is not theirs to say.
_NOT_THEIRS = (
    "PIP_TARGET",
    "PIP_PREFIX",
    "PIP_ROOT",
    "PIP_CONSTRAINT",
    "PIP_REPORT",
    "PIP_QUIET",
    "PIP_DRY_RUN",
)
# As above, but a pip.conf may say it too, which only another value overrides.
_OURS = {"PIP_USER": "0", "PIP_REQUIRE_VIRTUALENV": "0", "PYTHONNOUSERSITE": "1"}
_KEPT_LINES = 400
_LONGEST = 300
_NO_NETWORK = re.compile(
    r"NewConnectionError|ConnectTimeout|NameResolutionError|Temporary failure in name resolution|Network is unreachable"
    r"|Connection refused|ProxyError|ReadTimeout|Max retries exceeded|SSLError|confirming the ssl certificate"
)
_NOT_THERE = re.compile(r"satisfies the requirement ([^\s(;]+)[^(\n]*(?:\(from (?!versions)([^)\n]+)\))?")
_ONLY_SOURCE = re.compile(r"--only-binary|from versions: none")
_INSIDE = ("Traceback (most recent call last)", "ERROR: Exception:")
_FULL = "No space left on device"
_CONFLICT = re.compile(r"conflicting dependencies|ResolutionImpossible")


def command() -> list[str]:
    """Return how to run pip with this Python; raises NotFound where there is none."""
    if importlib.util.find_spec("pip") is not None:
        return [sys.executable, "-m", "pip"]
    bundled = importlib.util.find_spec("ensurepip")
    for folder in bundled.submodule_search_locations or [] if bundled else []:
        for wheel in sorted(Path(folder, "_bundled").glob("pip-*.whl")):
            return [sys.executable, f"{wheel}/pip"]  # a wheel is a zip archive, which Python can run
    raise NotFound(
        f"the Python that Isaac runs with ({sys.executable}) has no pip",
        hint=f"{sys.executable} -m ensurepip",
    )


def install(
    source: str,
    target: Path,
    *,
    wanted: str,
    constraints: Path,
    environ: Mapping[str, str],
    find_links: Sequence[str] = (),
    offline: bool = False,
    build: bool = False,
    pre: bool = False,
    quiet: bool = False,
) -> None:
    """Have pip put `source` and what it needs into `target`, which is empty; its progress goes to standard error.

    Errors call it `wanted`, as the person did.
    Only wheels are taken, because a source distribution runs code of its own while it is built, unless `build`.
    Raises NotFound, InvalidParams, ProviderUnavailable or StorageUnavailable, which say what to do.
    """
    arguments = [*command(), "install", "--target", str(target), "--constraint", str(constraints)]
    arguments += ["--disable-pip-version-check", "--no-input", "--no-warn-script-location", "--retries", "2"]
    arguments += [] if build else ["--only-binary", ":all:"]
    arguments += ["--no-index"] if offline else []
    arguments += ["--pre"] if pre else []
    arguments += ["--quiet"] if quiet else []
    for place in find_links:
        arguments += ["--find-links", place]
    own = {name: value for name, value in environ.items() if name not in _NOT_THEIRS} | _OURS
    process = subprocess.Popen(
        [*arguments, "--", source], env=own, stdin=subprocess.DEVNULL, stdout=2, stderr=subprocess.PIPE
    )
    try:
        said = _follow(process)
        code = process.wait()
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    if code:
        raise _explained(wanted, said, build=build)


def _follow(process: subprocess.Popen[bytes]) -> str:
    """Pass on what pip complains about, up to where it shows its own inside, and keep the end of it."""
    kept: list[str] = []
    inside = False
    assert process.stderr is not None
    with process.stderr:
        for data in process.stderr:
            line = data.decode(errors="replace")
            inside = inside or line.startswith(_INSIDE)
            if not inside:
                sys.stderr.write(plain(line))
                sys.stderr.flush()
            kept.append(line)
            del kept[:-_KEPT_LINES]
    return "".join(kept)


def _explained(wanted: str, said: str, *, build: bool) -> IsaacError:
    if _FULL in said:
        return StorageUnavailable(
            f"there is no room left to install {wanted}", hint="free some, and try again"
        )
    if _CONFLICT.search(said):
        return InvalidParams(
            f"{wanted} needs other versions of packages than Isaac itself is installed with",
            hint="what pip says above names them; another version of the plugin may fit: NAME==VERSION",
        )
    if _NO_NETWORK.search(said):
        return ProviderUnavailable(
            f"cannot reach the package index to install {wanted}",
            hint="check the network, or install a wheel that you have: isaacctl plugins install FILE.whl",
        )
    missing = _NOT_THERE.search(said)
    if missing is not None:
        needed = f", which {missing[2]} needs" if missing[2] else ""
        source = "" if build or not _ONLY_SOURCE.search(said) else "; it may be there as source only: --build"
        return NotFound(
            f"there is no wheel of {missing[1]} to be found{needed}",
            hint=f"is it spelled right, and made for Python {sys.version_info.major}.{sys.version_info.minor}?{source}",
        )
    last = next((line for line in reversed(said.strip().splitlines()) if line.strip()), "it does not say why")
    return InvalidParams(f"pip cannot install {wanted}: {last.removeprefix('ERROR: ')[:_LONGEST]}")
