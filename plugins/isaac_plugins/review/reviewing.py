"""Puts a review together: the diff is fetched, checked, and read by an AI in parts where there is one."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import anyio.to_thread
import msgspec

from isaac_plugins.review.cards import ORDER, Finding, Review, Severity
from isaac_plugins.review.checks import check_lines
from isaac_plugins.review.scripts import check_scripts
from isaac_plugins.review.whole import check_file, check_together
from isaacd.api import (
    IS_DATA,
    Asking,
    Consulted,
    Context,
    DiffFile,
    DiffHunk,
    DiffLine,
    InvalidParams,
    IsaacError,
    NotFound,
    consult_many,
    has_ai,
    material,
    packed,
    read_diff,
    without_secrets,
)

MAX_FILE_BYTES = 2 * 1024 * 1024
MAX_INPUT_BYTES = 16 * 1024 * 1024
MAX_PARTS = 24
_AT_ONCE = 6
_PART_CHARS = 14_000
_MOST_FINDINGS = 500
_MOST_CHARS = 600
_SYSTEM = (
    "You review a change of code, as an experienced colleague does. Each line begins with its number in the new file, then +, - or a blank. "
    "In `findings` name real problems only: errors, security, lost data, races, misuse, broken promises, unclear names that mislead. No praise, no "
    "style that a formatter settles. `path` and `line` are those of the line; `severity` is error (it breaks), warning (it may) or note. "
    "`summary` says in one or two sentences what the change does and how good it is. "
)


class _Seen(msgspec.Struct, frozen=True):
    path: str
    line: int
    severity: Severity
    message: str


class Read(msgspec.Struct, frozen=True):
    """What a model says of one part."""

    summary: str
    findings: list[_Seen] = []


async def review(
    context: Context,
    target: str | None,
    *,
    staged: bool,
    fail_on: Literal["note", "warning", "error", "never"],
    asking: Asking | None,
) -> Review:
    """Review what the target names; raises NotFound if there is nothing to review."""
    files = await _files(context, target, staged=staged)
    root = await anyio.to_thread.run_sync(_root, context.cwd)
    found = await anyio.to_thread.run_sync(_checked, context, files, root, abandon_on_cancel=True)
    summary, by = None, ["checks"]
    if asking is not None and has_ai(context.ai, asking):
        summary, more, model = await _read(context, files, asking)
        found += more
        by += [model] if model else []
    found = sorted(dict.fromkeys(found), key=lambda item: (item.path, item.line, ORDER[item.severity]))[
        :_MOST_FINDINGS
    ]
    fails = fail_on != "never" and any(ORDER[item.severity] <= ORDER[fail_on] for item in found)
    return Review(
        findings=found,
        files=len(files),
        added=sum(1 for file in files for _ in file.added()),
        removed=sum(1 for file in files for _ in file.removed()),
        checked_by=by,
        summary=summary,
        exit_code=int(fails),
    )


async def _files(context: Context, target: str | None, *, staged: bool) -> list[DiffFile]:
    """Fetch what is to be reviewed: what is piped in, a file, or what the client's git tells."""
    piped = await context.read_input(MAX_INPUT_BYTES) if target in (None, "-") and not staged else None
    if target == "-" and piped is None:
        raise InvalidParams(
            "there is no standard input to read", hint="pipe a diff in: git diff | isaacctl review -"
        )
    if piped and piped.strip():
        files = await anyio.to_thread.run_sync(read_diff, piped)
        return files or [_as_new("standard input", piped)]
    if target is not None and target != "-":
        path = (context.cwd or Path("/")) / target
        text = await anyio.to_thread.run_sync(_text_of, path, target)
        if text is not None:
            return await anyio.to_thread.run_sync(read_diff, text) or [_as_new(target, text)]
    if staged:
        found = await context.gather("git-staged")
    else:
        found = await context.gather("git-range", target if target is not None and target != "-" else "HEAD")
        if found is not None and found.exit != 0 and target is None:
            # Before the first commit there is no HEAD; what is staged is all that there is.
            staged_all = await context.gather("git-staged")
            found = staged_all if staged_all is not None and staged_all.exit == 0 else found
    if found is None:
        raise InvalidParams("there is no diff to review", hint="pipe it in: git diff | isaacctl review -")
    if found.exit != 0:
        first = found.text.strip().partition("\n")[0]
        raise NotFound(
            f"git has no such changes: {first}",
            hint="give a range such as main..HEAD, a file, or pipe a diff in",
        )
    files = await anyio.to_thread.run_sync(read_diff, found.text)
    if not files:
        raise NotFound("nothing has changed there", hint="give a range such as HEAD~3..HEAD")
    return files


def _text_of(path: Path, name: str) -> str | None:
    """Read a file; None if there is none of that name."""
    try:
        if not path.is_file():
            return None
        if path.stat().st_size > MAX_FILE_BYTES:
            raise InvalidParams(f"{name} is larger than {MAX_FILE_BYTES // 1024**2} MiB")
        return path.read_text("utf-8")
    except UnicodeDecodeError:
        raise InvalidParams(f"{name} is not text in UTF-8") from None
    except ValueError:
        return None
    except OSError as error:
        raise InvalidParams(f"cannot read {name}: {error.strerror}") from None


def _as_new(name: str, text: str) -> DiffFile:
    """Take a whole file for one that was added."""
    lines = [
        DiffLine("+", line, number) for number, line in enumerate(text.removesuffix("\n").split("\n"), 1)
    ]
    return DiffFile(path=name, change="added", hunks=[DiffHunk("", lines)], text="")


def _root(cwd: Path | None) -> Path | None:
    """Return the folder of the repository that a folder is in."""
    if cwd is None:
        return None
    return next((folder for folder in (cwd, *list(cwd.parents)[:30]) if (folder / ".git").exists()), None)


def _checked(context: Context, files: Sequence[DiffFile], root: Path | None) -> list[Finding]:
    found: list[Finding] = []
    for file in files:
        found += check_lines(file)
        found += check_file(file, root)
        found += check_scripts(file, context.judge)
    return [*found, *check_together(files)]


async def _read(
    context: Context, files: Sequence[DiffFile], asking: Asking
) -> tuple[str | None, list[Finding], str]:
    """Have a model read the changes in parts; what it says of lines that are not there is dropped."""
    parts = packed([without_secrets(_numbered(file)).text for file in files if file.hunks], _PART_CHARS)
    asked = parts[:MAX_PARTS]
    if len(parts) > len(asked):
        await context.emit(
            "log", f"the change is very large: {len(asked)} of {len(parts)} parts of it are read by the AI"
        )
    done = 0

    async def count(_: object) -> None:
        nonlocal done
        done += 1
        await context.progress(done, len(asked), "reviewing")

    questions = [material("change", part) for part in asked]
    told = await consult_many(
        context.answers, _SYSTEM + IS_DATA, questions, Read, asking, limit=_AT_ONCE, on_done=count
    )
    good = [item for item in told if isinstance(item, Consulted)]
    failed = [item for item in told if isinstance(item, IsaacError)]
    if failed and not good and (asking.provider is not None or asking.model is not None):
        raise failed[0]
    if failed:
        await context.emit(
            "log",
            f"{len(failed)} of {len(told)} part{'s were' if len(told) > 1 else ' was'} not read by an AI: {failed[0].message}",
        )
    numbers = {
        file.path: {line.number for hunk in file.hunks for line in hunk.lines if line.sign != "-"}
        for file in files
    }
    found: list[Finding] = []
    for item in good:
        source = f"{item.answer.provider}/{item.answer.model}"
        found += [
            Finding(seen.path, seen.line, seen.severity, " ".join(seen.message.split())[:_MOST_CHARS], source)
            for seen in item.value.findings
            if seen.path in numbers and seen.line in numbers[seen.path] | {0} and seen.message.strip()
        ]
    summary = " ".join(item.value.summary.strip() for item in good) or None
    model = f"{good[0].answer.provider}/{good[0].answer.model}" if good else ""
    return summary, found, model


def _numbered(file: DiffFile) -> str:
    """Write a file's changes with the numbers of its lines, as findings name them."""
    rows = [f"file {file.path} ({file.change})"]
    for hunk in file.hunks:
        rows.append(f"... {hunk.about}".rstrip())
        rows += [
            f"{line.number if line.sign != '-' else '':>5} {line.sign} {line.text}" for line in hunk.lines
        ]
    return "\n".join(rows)
