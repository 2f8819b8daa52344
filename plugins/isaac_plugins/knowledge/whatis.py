"""Reads the one-line descriptions of the machine's own manual pages."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

TIMEOUT_S = 10.0
MAX_BYTES = 16 << 20
_LINE = re.compile(r"(?P<name>[\w.+:@\[-]+)(?:, [^(]*)? ?\((?P<section>[18])[^)]*\)\s+- (?P<about>.+)")
_INDEXES = (
    "/var/cache/man/index.db",
    "/var/cache/man/index.bt",
    "/usr/share/man/mandoc.db",
    "/var/cache/man/index.dir",
)


def stamp() -> str:
    """Tell, in a word, which state of the manual's index this machine has; empty if it has none."""
    for place in _INDEXES:
        try:
            status = Path(place).stat()
        except OSError:
            continue
        return f"{place}:{status.st_mtime_ns}:{status.st_size}"
    return ""


def entries(environ: Mapping[str, str], *, timeout_s: float = TIMEOUT_S) -> list[tuple[str, str]]:
    """List commands with their descriptions; nothing where there is no manual, or if it takes too long."""
    import subprocess

    languages = {
        "LC_ALL": "C.UTF-8",
        "PATH": environ.get("PATH", "/usr/bin:/bin"),
        "HOME": environ.get("HOME", "/"),
    }
    for options in (["-l", "-s", "1,8", "."], ["-s", "1", "."], ["."]):
        try:
            done = subprocess.run(
                ["apropos", *options],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                env=languages,
                timeout=timeout_s,
                check=False,
            )
        except (OSError, subprocess.SubprocessError):
            return []
        if done.returncode == 0 and done.stdout:
            return list(parse(done.stdout[:MAX_BYTES].decode("utf-8", "replace")))
    return []


def parse(text: str) -> Iterator[tuple[str, str]]:
    """Read what apropos prints; each command once."""
    seen: set[str] = set()
    for line in text.splitlines():
        match = _LINE.match(line)
        if match and match["name"] not in seen:
            seen.add(match["name"])
            about = match["about"]
            yield (
                match["name"],
                about if about.isprintable() else "".join(c for c in about if c.isprintable()),
            )
