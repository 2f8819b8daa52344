"""Reads the texts, and has each summarized: by a model in parts that are asked at once, or by an extract."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import anyio.to_thread
import msgspec

from isaac_plugins.summarize.cards import Summaries, Summary
from isaac_plugins.summarize.extract import extract
from isaacd.api import (
    IS_DATA,
    Answer,
    Asking,
    Context,
    InvalidParams,
    IsaacError,
    Message,
    has_ai,
    material,
    packed,
    without_secrets,
)

Length = Literal["short", "medium", "long"]
MAX_TEXT_BYTES = 16 * 1024 * 1024
MAX_FILES = 200
MAX_LEVELS = 5
_AT_ONCE = 8
_PART_CHARS = 12_000
_SENTENCES: dict[Length, int] = {"short": 2, "medium": 5, "long": 12}
_ASKED: dict[Length, str] = {
    "short": "in one or two sentences",
    "medium": "in a short paragraph, or up to six bullet points",
    "long": "in up to a page, with headings where they help",
}
_WHOLE = "Summarize the text {length}{about}, in the language of the text. Say only what it says. Plain text or simple Markdown. "
_PART = "This is one part of a longer text. Note what it says{about}, in up to ten short lines, in its own language, with the names and numbers. "
_JOIN = "These are notes on the parts of one text, in their order. Write one summary of the whole {length}{about}, in their language. Say only what they say. "


async def summarize(
    context: Context,
    files: Sequence[Path],
    *,
    length: Length,
    about: str | None,
    max_parts: int,
    asking: Asking | None,
) -> Summaries:
    """Summarize each file, or standard input; raises InvalidParams for what cannot be read."""
    texts = await _texts(context, files)
    with_model = asking is not None and has_ai(context.ai, asking)
    count = sum(len(packed([text], _PART_CHARS)) for _, text in texts)
    if with_model and count > max_parts:
        raise InvalidParams(
            f"that is {count:,} parts, each of which is a call of the AI, and --max-parts is {max_parts:,}",
            hint="give less text, a higher --max-parts, or --offline",
        )
    reader = _Reader(context, length, about, asking, count) if with_model and asking is not None else None
    found = []
    for name, text in texts:
        made = await reader.summary(name, text) if reader is not None else None
        if made is None:
            sentences = await anyio.to_thread.run_sync(
                extract, text, _SENTENCES[length], about, abandon_on_cancel=True
            )
            made = Summary(name=name, summary="\n".join(sentences), source="extract", chars=len(text))
        found.append(made)
    if any(item.source == "extract" for item in found):
        await context.emit("log", "an extract: sentences taken from the text as they stand, no AI was asked")
    return Summaries(found)


async def _texts(context: Context, files: Sequence[Path]) -> list[tuple[str, str]]:
    if len(files) > MAX_FILES:
        raise InvalidParams(f"that is more than {MAX_FILES} files")
    found = [(file.name, await anyio.to_thread.run_sync(_read, file)) for file in files if file.name != "-"]
    if not files or any(file.name == "-" for file in files):
        piped = await context.read_input(MAX_TEXT_BYTES)
        if piped is None:
            raise InvalidParams("there is nothing to summarize", hint="name a file, or pipe a text in")
        found.append(("standard input", piped))
    for name, text in found:
        if not text.strip():
            raise InvalidParams(f"{name} is empty")
    return found


def _read(path: Path) -> str:
    try:
        if not path.is_file():
            raise InvalidParams(f"{path} is no file" if path.exists() else f"there is no file {path}")
        if path.stat().st_size > MAX_TEXT_BYTES:
            raise InvalidParams(f"{path} is larger than {MAX_TEXT_BYTES // 1024**2} MiB")
        text = path.read_text("utf-8")
    except UnicodeDecodeError:
        raise InvalidParams(f"{path} is not text in UTF-8", hint="turn it into text first") from None
    except OSError as error:
        raise InvalidParams(f"cannot read {path}: {error.strerror}") from None
    if "\0" in text:
        raise InvalidParams(f"{path} is no text", hint="turn it into text first")
    return text


class _Reader:
    """Has texts read by a model: parts at once, then the notes on them, until they fit into one question."""

    def __init__(
        self, context: Context, length: Length, about: str | None, asking: Asking, count: int
    ) -> None:
        self._context = context
        self._length = _ASKED[length]
        self._about = f" (about: {about})" if about else ""
        self._asking = asking
        self._count = count
        self._done = 0

    async def summary(self, name: str, text: str) -> Summary | None:
        """Summarize one text; None if the model could not, which is told. Raises its error if it was asked for by name."""
        cleaned = without_secrets(text)
        if cleaned.secrets:
            await self._context.emit(
                "log",
                f"{name}: {len(cleaned.secrets)} lines that seem to hold secrets are not sent as they are",
            )
        parts = packed([cleaned.text], _PART_CHARS)
        try:
            if len(parts) == 1:
                answer = await self._ask(_WHOLE, "text", parts[0])
                return self._made(name, answer, text, 1, 0)
            notes, lost = await self._notes(parts)
            for _ in range(MAX_LEVELS):
                joined = packed(notes, _PART_CHARS)
                if len(joined) == 1:
                    break
                notes, more = await self._notes(joined)
                lost += more
            answer = await self._ask(_JOIN, "notes", "\n".join(notes)[: 2 * _PART_CHARS])
        except IsaacError as error:
            if self._asking.provider is not None or self._asking.model is not None:
                raise
            await self._context.emit("log", f"no help from an AI: {error.message}")
            return None
        if lost:
            await self._context.emit(
                "log",
                f"{name}: {lost} of {len(parts)} parts could not be read, and are missing in the summary",
            )
        return self._made(name, answer, text, len(parts), lost)

    def _made(self, name: str, answer: Answer, text: str, parts: int, lost: int) -> Summary:
        source = f"{answer.provider}/{answer.model}"
        return Summary(
            name=name,
            summary=answer.text.strip(),
            source=source,
            chars=len(text),
            parts=parts,
            lost_parts=lost,
        )

    async def _notes(self, parts: Sequence[str]) -> tuple[list[str], int]:
        """Have each part noted, several at once; raises the first error if none could be."""
        system = _PART.format(about=self._about) + IS_DATA
        requests = [[Message("system", system), Message("user", material("part", part))] for part in parts]
        answers = await self._context.answers.batch(
            requests, self._asking, limit=_AT_ONCE, on_done=self._count_one
        )
        notes = [
            answer.text.strip() for answer in answers if isinstance(answer, Answer) and answer.text.strip()
        ]
        failed = [answer for answer in answers if isinstance(answer, IsaacError)]
        if not notes and failed:
            raise failed[0]
        return notes, len(parts) - len(notes)

    async def _ask(self, form: str, name: str, text: str) -> Answer:
        system = form.format(length=self._length, about=self._about) + IS_DATA
        asking = msgspec.structs.replace(self._asking, cheap=False) if name == "notes" else self._asking
        answer = await self._context.answers.chat(
            [Message("system", system), Message("user", material(name, text))], asking
        )
        await self._count_one(answer)
        return answer

    async def _count_one(self, _: object) -> None:
        self._done += 1
        await self._context.progress(min(self._done, self._count), self._count, "reading")
