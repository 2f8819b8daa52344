"""What the settings of one git repository say that git runs, even where it is only asked to tell something."""

import os
import re
import stat

MAX_BYTES = 64 * 1024
_SECTION = re.compile(r"\s*\[\s*([\w.-]{1,64})(?:\s{0,8}\"(.{0,256})\")?\s*\]", re.DOTALL)
_KEY = re.compile(r"\s*([A-Za-z][\w-]{0,64})\s{0,8}(?:=\s{0,8}(.{0,512}))?")
# Settings by which reading alone runs something; what hooks do is asked of those that change something.
_RUNS = re.compile(
    r"core\.(?:fsmonitor|pager|sshcommand|gitproxy|askpass|alternaterefscommand|worktree)|pager\..*|include(?:if)?\..*|"
    r"diff\.(?:.*\.)?(?:external|textconv|command)|interactive\.difffilter|filter\..*\.(?:clean|smudge|process)|alias\..*|"
    r"gpg\.(?:.*\.)?(?:program|defaultkeycommand)|difftool\..*|remote\..*\.(?:uploadpack|vcs|proxy)|extensions\.worktreeconfig",
    re.IGNORECASE,
)
_BUILT_IN = frozenset(("", "true", "false", "yes", "no", "on", "off", "0", "1"))


def runs_programs(folder: str) -> bool | None:
    """Say whether the settings in `folder`, where git keeps its own, name programs; None if they cannot be read."""
    common = _read(os.path.join(folder, "commondir"))  # noqa: PTH118 - strings that may be no paths at all
    if common is not None:  # a linked working tree has the settings of the first
        folder = os.path.join(folder, common.decode("utf-8", "surrogateescape").strip())  # noqa: PTH118
    data = _read(os.path.join(folder, "config"))  # noqa: PTH118
    return None if data is None else _names_programs(data.decode("utf-8", "replace"))


def _read(place: str) -> bytes | None:
    """Return what a regular file holds; None if it is none, or longer than anybody writes one."""
    try:
        descriptor = os.open(place, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        return None
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
        data = os.read(descriptor, MAX_BYTES + 1)
    except OSError:
        return None
    finally:
        os.close(descriptor)
    return None if len(data) > MAX_BYTES else data


def _names_programs(text: str) -> bool:
    section = ""
    for line in text.replace("\\\n", "").splitlines():
        found = _SECTION.match(line)
        if found is not None:
            section = found[1] if found[2] is None else f"{found[1]}.{found[2]}"
            line = line[found.end() :]  # a key may stand on the line of its section
        key = _KEY.match(line)
        if key is None or not _RUNS.fullmatch(f"{section}.{key[1]}"):
            continue
        value = (key[2] or "").strip()
        alias_of_git = section.lower() == "alias" and not value.lstrip('"').startswith("!")
        large_files = section.lower().startswith("filter.") and value.startswith("git-lfs ")
        if value.lower() not in _BUILT_IN and not alias_of_git and not large_files:
            return True
    return False
