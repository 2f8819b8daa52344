"""What kind of file a path is, and which names of code were added to it, removed from it or changed in it."""

import re
from collections.abc import Iterable
from itertools import islice
from pathlib import PurePosixPath

from isaacd.api import DiffFile

_MOST_LINES = 10_000
_MOST_HUNKS = 500
_LOCKS = frozenset(
    "package-lock.json yarn.lock pnpm-lock.yaml poetry.lock uv.lock Cargo.lock Gemfile.lock composer.lock go.sum Pipfile.lock".split()
)
_BUILD = frozenset(
    "Makefile makefile CMakeLists.txt pyproject.toml setup.py setup.cfg package.json Cargo.toml go.mod build.gradle pom.xml Dockerfile "
    "docker-compose.yml compose.yaml requirements.txt tox.ini noxfile.py Justfile meson.build".split()
)
_DOCS = (".md", ".rst", ".adoc", ".txt")
_CONFIG = (".toml", ".yaml", ".yml", ".json", ".ini", ".cfg", ".conf", ".env")
_TEST = re.compile(
    r"(?:^|/)(?:tests?|spec|__tests__)/|(?:^|/)test_[^/]+$|[._-](?:test|spec)\.[a-z]+$|_test\.[a-z]+$"
)
_CI = re.compile(
    r"(?:^|/)(?:\.github|\.gitlab|\.circleci|\.ci)/|\.gitlab-ci\.yml$|\.travis\.yml$|Jenkinsfile$"
)
# Definitions in common languages; group 1 is the name.
_NAMES = (
    re.compile(r"^\s{0,12}(?:async\s+)?def\s+(\w+)\s*\("),
    re.compile(r"^\s{0,12}(?:export\s+)?(?:default\s+)?(?:public\s+|private\s+|abstract\s+|final\s+|data\s+)*(?:class|interface|enum|trait|struct|record)\s+(\w+)"),
    re.compile(r"^\s{0,12}(?:export\s+)?(?:default\s+)?(?:async\s+)?function\s*\*?\s*(\w+)\s*\("),
    re.compile(r"^\s{0,12}(?:pub(?:\([a-z]+\))?\s+)?(?:async\s+)?(?:unsafe\s+)?fn\s+(\w+)"),
    re.compile(r"^func\s+(?:\([^)]{0,80}\)\s+)?(\w+)\s*[(\[]"),
    re.compile(r"^type\s+(\w+)\s+(?:struct|interface)"),
    re.compile(r"^\s{0,8}(?:export\s+)?(?:const|let|var)\s+(\w+)\s*=\s*(?:async\s*)?(?:\([^)]{0,200}\)|\w+)\s*=>"),
    re.compile(r"^\s{0,8}(?:public|private|protected|internal)\s+(?:static\s+|final\s+|async\s+|override\s+|virtual\s+)*[\w<>\[\],.?]{1,60}\s+(\w+)\s*\("),
    re.compile(r"^(\w+)\s*\(\)\s*\{"),
    re.compile(r"^(?:static\s+|inline\s+|extern\s+|const\s+|unsigned\s+)*(?:void|int|char|bool|float|double|long|size_t|[A-Za-z_]\w*_t)\s*\*?\s*(\w+)\s*\("),
)  # fmt: skip
_AROUND = re.compile(r"(?:def|class|function|fn|func|struct|interface|trait|impl)\s+(?:\([^)]*\)\s*)?(\w+)")
_KEYWORDS = frozenset("if for while switch return else catch match with not and or".split())


def kind_of(path: str) -> str:
    """Say what a path is: docs, tests, ci, build, lock, config or code."""
    name = PurePosixPath(path).name
    ending = PurePosixPath(path).suffix.lower()
    if name in _LOCKS:
        return "lock"
    if _TEST.search(path):
        return "tests"
    if _CI.search(path):
        return "ci"
    if name in _BUILD or ending in (".mk", ".cmake"):
        return "build"
    if ending in _DOCS or path.startswith("docs/") or name in ("LICENSE", "CHANGELOG", "README"):
        return "docs"
    return "config" if ending in _CONFIG or name.startswith(".") else "code"


def names_in(file: DiffFile) -> tuple[list[str], list[str], list[str]]:
    """Return the names of code that were added, removed, and changed inside."""
    added = _defined(line.text for line in islice(file.added(), _MOST_LINES))
    removed = _defined(line.text for line in islice(file.removed(), _MOST_LINES))
    changed = [name for name in added if name in removed]
    for hunk in file.hunks[:_MOST_HUNKS]:
        around = _AROUND.search(hunk.about)
        seen = around[1] if around is not None else ""
        for line in hunk.lines[:_MOST_LINES]:
            if line.sign == " ":
                seen = next(iter(_defined([line.text])), seen)
            elif seen and seen not in changed:
                changed.append(seen)
    new = [name for name in added if name not in removed]
    gone = [name for name in removed if name not in added]
    return new, gone, [name for name in changed if name not in new and name not in gone]


def is_only_blanks(file: DiffFile) -> bool:
    """Say whether nothing but blanks has changed."""
    added = ["".join(line.text.split()) for line in file.added()]
    removed = ["".join(line.text.split()) for line in file.removed()]
    return bool(added or removed) and [item for item in added if item] == [item for item in removed if item]


def _defined(lines: Iterable[str]) -> list[str]:
    found: list[str] = []
    for line in lines:
        text = line[:400]
        for pattern in _NAMES:
            match = pattern.match(text)
            if match is not None and match[1] not in _KEYWORDS:
                found.append(match[1])
                break
    return list(dict.fromkeys(found))
