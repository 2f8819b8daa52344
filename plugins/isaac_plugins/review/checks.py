"""Checks of single lines that were added, by what the file is."""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

import msgspec

from isaac_plugins.review.cards import Finding, Severity
from isaacd.api import DiffFile, DiffLine, without_secrets

MAX_LINE_CHARS = 2000
_CONFLICT = re.compile(r"(?:<{7}|>{7}|\|{7})(?: |$)")
_TODO = re.compile(r"(?<![\w-])(TODO|FIXME|XXX|HACK)(?![\w-])")
_PY, _JS = ("py", "pyi"), ("js", "jsx", "ts", "tsx", "mjs", "cjs", "vue", "svelte")


class _Line(msgspec.Struct, frozen=True):
    """A pattern that tells something of a line: in files with these endings, in tests too or not."""

    pattern: str
    severity: Severity
    message: str
    endings: tuple[str, ...]
    in_tests: bool = True


_LINES = (
    _Line(r"^\s*(?:breakpoint\(\)|import i?pdb\b|i?pdb\.set_trace\(\))", "error", "a breakpoint was left behind", _PY),
    _Line(r"^\s*debugger\s*;?\s*$", "error", "a breakpoint was left behind", _JS),
    _Line(r"\bbinding\.(?:pry|irb)\b|\bbyebug\b", "error", "a breakpoint was left behind", ("rb",)),
    _Line(r"\bconsole\.(?:log|debug|trace)\(", "warning", "console output was left behind", _JS, in_tests=False),
    _Line(r"^\s*(?:var_dump|print_r|dd|dump)\(", "warning", "debugging output was left behind", ("php",)),
    _Line(r"\bdbg!\(", "warning", "debugging output was left behind", ("rs",)),
    _Line(r"^\s*print\((?:f?[\"'](?:DEBUG|debug|here|HERE|xxx|test)|locals\(\)|vars\()", "warning", "debugging output was left behind", _PY),
    _Line(r"\bSystem\.out\.print(?:ln)?\(|\.printStackTrace\(\)", "note", "output of a program that has a log?", ("java", "kt"), in_tests=False),
    _Line(r"\b(?:it|test|describe|context)\.only\(|\bf(?:it|describe)\(", "error", "only this test would run", _JS),
    _Line(r"\b(?:it|test|describe)\.skip\(|\bx(?:it|describe)\(", "warning", "a test is switched off", _JS),
    _Line(r"@(?:pytest\.mark\.skip|unittest\.skip)\b(?!if)", "warning", "a test is switched off", _PY),
    _Line(r"^\s*except\s.{0,80}:\s*pass\s*$", "note", "the error is swallowed", _PY),
    _Line(r"(?<![\w.])(?:eval|exec)\(", "warning", "text is run as code: be sure where it comes from", (*_PY, *_JS, "php", "rb")),
    _Line(r"\bshell\s*=\s*True\b|\bos\.system\(|\bos\.popen\(", "warning", "a shell runs this line: be sure that nothing of others is in it", _PY),
    _Line(r"\bverify\s*=\s*False\b|\brejectUnauthorized\s*:\s*false\b|InsecureSkipVerify\s*:\s*true", "warning", "certificates are not checked", (*_PY, *_JS, "go")),
    _Line(r"\byaml\.load\((?![^)]{0,200}(?:Safe|CSafe)Loader)", "warning", "yaml.load makes any object that the text names; safe_load does not", _PY),
    _Line(r"\bpickle\.loads?\(", "warning", "pickle runs what the data says: be sure where it comes from", _PY),
    _Line(r"\b(?:innerHTML\s*=|dangerouslySetInnerHTML|document\.write\()", "warning", "text becomes markup: be sure that nothing of others is in it", _JS),
    _Line(r"(?i)(?:execute|query)\(\s*f?[\"'](?:select|insert|update|delete)\b[^\"']{0,300}(?:\{|[\"']\s*(?:\+|%|\.format))", "warning", "a statement is put together from text; parameters are safe", (*_PY, *_JS, "php", "java", "rb")),
    _Line(r"(?<![=!<>])==(?!=)\s*(?:null|undefined)\b", "note", "== makes one kind out of another; === does not", _JS),
    _Line(r"\bhttp://(?!localhost|127\.|0\.0\.0\.0|\[::1\]|example\.|www\.w3\.org|schemas?\.)[\w.-]+\.[a-z]{2,}", "note", "an address without encryption", ("py", "js", "ts", "go", "sh", "rb", "java", "toml", "yaml", "yml", "json")),
    _Line(r"\bchmod\s+(?:-R\s+)?0?777\b", "warning", "everybody may write there", ("sh", "bash", "dockerfile", "mk", "makefile", "yml", "yaml", "py")),
)  # fmt: skip
_COMPILED = tuple((re.compile(item.pattern), item) for item in _LINES)
_COMMENT = re.compile(r"^\s*(?:#|//|\*|/\*|--|;|<!--)")


def ending_of(path: str) -> str:
    """Return the ending of a path, or the whole name of files that have none, in small letters."""
    pure = PurePosixPath(path)
    return pure.suffix.lower().lstrip(".") or pure.name.lower()


def is_test(path: str) -> bool:
    """Say whether a file is one of tests."""
    return (
        re.search(
            r"(?:^|/)(?:tests?|spec|__tests__)/|(?:^|/)test_[^/]+$|[._-](?:test|spec)\.[a-z]+$|_test\.[a-z]+$",
            path,
        )
        is not None
    )


def check_lines(file: DiffFile) -> Iterator[Finding]:
    """Find what single added lines tell."""
    ending, tests = ending_of(file.path), is_test(file.path)
    lines = list(file.added())
    conflicts = [line for line in lines if _CONFLICT.match(line.text)]
    for line in lines:
        text = line.text[:MAX_LINE_CHARS]
        if _CONFLICT.match(text) or (conflicts and text == "======="):
            yield Finding(file.path, line.number, "error", "a marker of a conflict", "conflict")
            continue
        if not _COMMENT.match(text):
            for pattern, item in _COMPILED:
                if ending in item.endings and (item.in_tests or not tests) and pattern.search(text):
                    yield Finding(file.path, line.number, item.severity, item.message, "pattern")
        todo = _TODO.search(text)
        if todo is not None and ending not in ("md", "rst", "txt", "lock"):
            yield Finding(file.path, line.number, "note", f"a {todo[1]} was added", "todo")
    yield from _blanks(file, lines, ending)
    yield from _secrets(file, lines)


def _blanks(file: DiffFile, lines: list[DiffLine], ending: str) -> Iterator[Finding]:
    trailing = [
        line
        for line in lines
        if line.text.rstrip("\r") != line.text.rstrip() and ending not in ("md", "diff", "patch")
    ]
    if trailing:
        more = f" (and on {len(trailing) - 1} lines more)" if len(trailing) > 1 else ""
        yield Finding(file.path, trailing[0].number, "note", f"blanks at the end of the line{more}", "blanks")
    mixed = [line for line in lines if re.match(r" +\t", line.text)]
    if mixed:
        yield Finding(file.path, mixed[0].number, "note", "a tab behind blanks", "blanks")
    returns = [line for line in lines if line.text.endswith("\r")]
    if (
        returns
        and ending not in ("bat", "cmd", "ps1")
        and any(
            line.sign != "+" and not line.text.endswith("\r") for hunk in file.hunks for line in hunk.lines
        )
    ):
        yield Finding(
            file.path, returns[0].number, "warning", "line endings of Windows among others", "blanks"
        )
    if (
        lines
        and file.change != "deleted"
        and file.text.rstrip("\n").endswith("\n\\ No newline at end of file")
        and file.text.rstrip("\n").split("\n")[-2].startswith("+")
    ):
        yield Finding(file.path, lines[-1].number, "note", "no new line at the end of the file", "blanks")


def _secrets(file: DiffFile, lines: list[DiffLine]) -> Iterator[Finding]:
    found = without_secrets("\n".join(line.text for line in lines))
    for secret in found.secrets:
        severity: Severity = "warning" if is_test(file.path) else "error"
        yield Finding(
            file.path, lines[secret.line - 1].number, severity, f"it seems to hold {secret.kind}", "secret"
        )
