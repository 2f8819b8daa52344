"""Makes the message: the diff is fetched, secrets are taken out, and an AI is asked where there is one."""

import re
from collections.abc import Sequence
from typing import Literal

import anyio.to_thread
import msgspec

from isaac_plugins.commit.cards import ChangedFile, CommitMessage, SecretCard
from isaac_plugins.commit.describing import MAX_SUBJECT_CHARS, Described, describe
from isaacd.api import (
    IS_DATA,
    Answer,
    Asking,
    Context,
    DiffFile,
    InvalidParams,
    Message,
    NotFound,
    consult_if_any,
    has_ai,
    material,
    packed,
    read_diff,
    without_secrets,
)

Style = Literal["auto", "plain", "conventional"]
MAX_PARTS = 16
_AT_ONCE = 6
_PART_CHARS = 16_000
_CONVENTIONAL = re.compile(
    r"(?:feat|fix|docs|style|refactor|perf|test|build|ci|chore|revert)(?:\([\w./-]+\))?!?: "
)
_UNMERGED = re.compile(r"^\* Unmerged path (.+)$", re.MULTILINE)
_SYSTEM = (
    "You write the message of a git commit for a staged diff. `subject`: at most 72 characters, imperative, no full stop{style}. `body`: why, "
    "and what a reader of the history has to know, in short lines of at most 72 characters; empty where the subject says all. Say only what "
    "the diff shows. "
)
_PART = (
    "Here is one part of a large diff. Say in at most eight short lines what it changes, file by file, for the one who writes the commit "
    "message. Plain text. "
)


class Told(msgspec.Struct, frozen=True):
    """The message that a model writes."""

    subject: str
    body: str = ""


async def message(context: Context, diff: str | None, style: Style, asking: Asking | None) -> CommitMessage:
    """Write a message; raises NotFound if nothing is staged, InvalidParams for what is no diff."""
    text = diff if diff is not None else await staged(context)
    unmerged = _UNMERGED.findall(text)
    if unmerged:
        more = f" and {len(unmerged) - 3} more" if len(unmerged) > 3 else ""
        raise InvalidParams(
            f"there are conflicts that are not resolved: {', '.join(unmerged[:3])}{more}",
            hint="resolve them, then: git add what is resolved",
        )
    files = await anyio.to_thread.run_sync(read_diff, text)
    if not files:
        if text.strip():
            raise InvalidParams("that is no diff", hint="pipe in what `git diff --staged` prints")
        raise NotFound("nothing is staged", hint="stage what belongs into the commit: git add -p")
    chosen = style if style != "auto" else await _style_here(context, diff is None)
    cleaned, secrets = await anyio.to_thread.run_sync(_cleaned, files)
    for secret in secrets[:5]:
        await context.emit(
            "log",
            f"careful: {secret.path}:{secret.line} seems to hold {secret.kind}; it is not sent to an AI",
        )
    described = await anyio.to_thread.run_sync(describe, files)
    subject, body = described.written(chosen)
    source = "diff"
    if asking is not None:
        told = await _asked(context, cleaned, described, chosen, asking)
        if told is not None:
            subject, body, source = told
    return CommitMessage(
        subject=subject,
        body=body,
        message=f"{subject}\n\n{body}".strip() + "\n",
        source=source,
        style=chosen,
        files=[
            ChangedFile(
                file.path,
                file.change,
                sum(1 for _ in file.added()),
                sum(1 for _ in file.removed()),
                file.before,
            )
            for file in files
        ],
        secrets=secrets,
    )


async def staged(context: Context) -> str:
    """Have the client look up what is staged."""
    found = await context.gather("git-staged")
    if found is None:
        raise InvalidParams("there is no diff", hint="pipe it in: git diff --staged | isaacctl commit -")
    if found.exit != 0:
        first = found.text.strip().partition("\n")[0]
        raise NotFound(
            f"git does not tell what is staged: {first}", hint="go into the repository, or pipe a diff in"
        )
    return found.text


async def _style_here(context: Context, in_repository: bool) -> str:
    """Do as the last commits of the repository do."""
    found = await context.gather("git-subjects") if in_repository else None
    subjects = found.text.splitlines() if found is not None and found.exit == 0 else []
    typed = sum(_CONVENTIONAL.match(subject) is not None for subject in subjects)
    return "conventional" if subjects and typed * 2 > len(subjects) else "plain"


def _cleaned(files: Sequence[DiffFile]) -> tuple[list[str], list[SecretCard]]:
    """Return the text of each file without secrets, and where those were."""
    texts, secrets = [], []
    for file in files:
        cleaned = without_secrets(file.text)
        texts.append(cleaned.text)
        if not cleaned.secrets:
            continue
        lines = file.text.split("\n")
        added = [line for line in file.added() if line.text]
        for secret in cleaned.secrets:
            raw = lines[secret.line - 1]
            if raw.startswith("+"):
                number = next((line.number for line in added if line.text == raw[1:]), 0)
                secrets.append(SecretCard(file.path, number, secret.kind))
    return texts, secrets


async def _asked(
    context: Context, texts: list[str], described: Described, style: str, asking: Asking
) -> tuple[str, str, str] | None:
    if not has_ai(context.ai, asking):
        return None
    form = (
        f", in the form type(scope): subject of conventional commits (perhaps {described.kind})"
        if style == "conventional"
        else ""
    )
    parts = packed(texts, _PART_CHARS)
    shown = parts[0] if len(parts) == 1 else await _by_parts(context, parts, described, asking)
    question = f"{material('diff', shown)}\n\nWhat a program has seen in it:\n{described.subject}\n{described.body[:4000]}"
    told = await consult_if_any(
        context.answers,
        context.ai,
        _SYSTEM.format(style=form) + IS_DATA,
        question,
        Told,
        asking,
        lambda text: context.emit("log", text),
    )
    if told is None:
        return None
    subject = " ".join(_printable(told.value.subject).split()).rstrip(".")
    if not subject:
        return None
    body = "\n".join(_printable(line).rstrip() for line in told.value.body.strip().split("\n"))
    if len(subject) > MAX_SUBJECT_CHARS + 20:
        subject = subject[:MAX_SUBJECT_CHARS].rsplit(" ", 1)[0] + "\u2026"
    return subject, body, f"{told.answer.provider}/{told.answer.model}"


async def _by_parts(context: Context, parts: list[str], described: Described, asking: Asking) -> str:
    """Have the parts of a large diff told one by one; parts beyond the limit are only named, which is told."""
    asked = parts[:MAX_PARTS]
    if len(parts) > len(asked):
        await context.emit(
            "log", f"the diff is very large: {len(asked)} of {len(parts)} parts of it are read by the AI"
        )
    done = 0

    async def count(_: object) -> None:
        nonlocal done
        done += 1
        await context.progress(done, len(asked), "reading the diff")

    requests = [
        [Message("system", _PART + IS_DATA), Message("user", material("diff", part))] for part in asked
    ]
    answers = await context.answers.batch(requests, asking, limit=_AT_ONCE, on_done=count)
    told = [answer.text.strip() for answer in answers if isinstance(answer, Answer)]
    if not told:
        return f"{described.subject}\n{described.body}"
    return "\n".join(told)


def _printable(text: str) -> str:
    return "".join(char for char in text if char.isprintable())
