"""Has paragraphs translated, several at once, and takes back only what has lost nothing."""

import re
from collections.abc import Sequence

import msgspec

from isaac_plugins.translate.cards import Translation
from isaac_plugins.translate.pieces import Paragraph, split
from isaacd.api import (
    IS_DATA,
    Asking,
    Consulted,
    Context,
    InvalidParams,
    IsaacError,
    ProviderUnavailable,
    consult_many,
    has_ai,
    material,
)

MAX_TEXT_BYTES = 4 * 1024 * 1024
MAX_GROUPS = 400
_AT_ONCE = 6
_GROUP_CHARS = 4000
_GROUP_PARAGRAPHS = 20
_LANGUAGE = re.compile(r"[^\W\d_][\w ()-]{0,40}\Z")
_SYSTEM = (
    "You translate into {to}{source}. You get a JSON list of paragraphs, and give `paragraphs`: the list of their translations, each in its place, as many as "
    "there are. Marks such as \u27e60\u27e7 stand for code and names: each has to be in the translation of its paragraph exactly once, where it belongs. Keep "
    "Markdown: headings, list signs, emphasis, links, line breaks of lists and tables. Add nothing, leave nothing out, explain nothing. "
)


class Told(msgspec.Struct, frozen=True):
    """What a model gives back for one group of paragraphs."""

    paragraphs: list[str]


async def translate(context: Context, text: str, to: str, source: str | None, asking: Asking) -> Translation:
    """Translate a text; raises ProviderUnavailable if there is no AI, or it fails for all of it."""
    for language in (to, source):
        if language is not None and not _LANGUAGE.match(language):
            raise InvalidParams(
                f"{language[:60]!r} is no name of a language", hint="such as German, fr or pt-BR"
            )
    if not has_ai(context.ai, asking):
        raise ProviderUnavailable(
            "translating needs an AI provider, and none is configured",
            hint="set a key such as ANTHROPIC_API_KEY or OPENAI_API_KEY, or add [ai.providers.NAME] to config.toml (isaacctl config edit)",
        )
    pieces = split(text)
    paragraphs = [piece for piece in pieces if isinstance(piece, Paragraph)]
    desk = _Desk(context, to, source, asking)
    done = await desk.translated(list(dict.fromkeys(paragraphs)))
    kept = sum(piece not in done for piece in paragraphs)
    if kept:
        await context.emit(
            "log",
            f"{kept} of {len(paragraphs)} paragraphs stay as they are: no translation of them was whole",
        )
    whole = "".join(
        piece if isinstance(piece, str) else done.get(piece) or _original(piece) for piece in pieces
    )
    return Translation(
        text=whole, to=to, source=desk.source, paragraphs=len(paragraphs), kept=kept, exit_code=int(kept > 0)
    )


def _original(piece: Paragraph) -> str:
    restored = piece.restored(piece.text)
    assert restored is not None
    return restored


class _Desk:
    """Has groups of paragraphs translated; those that come back with something lost are asked for once more, alone."""

    def __init__(self, context: Context, to: str, source: str | None, asking: Asking) -> None:
        self._context = context
        self._asking = asking
        self._system = _SYSTEM.format(to=to, source=f" from {source}" if source else "") + IS_DATA
        self.source = ""

    async def translated(self, paragraphs: Sequence[Paragraph]) -> dict[Paragraph, str]:
        """Return the translations that are whole; raises the error of the model if there is none at all."""
        groups = _grouped(paragraphs)
        if len(groups) > MAX_GROUPS:
            raise InvalidParams(
                f"that is {len(groups):,} calls of the AI at once",
                hint=f"at most {MAX_GROUPS}: translate it in parts",
            )
        done, failed = await self._asked(groups, self._asking)
        left = [[paragraph] for paragraph in paragraphs if paragraph not in done]
        if left and not (failed and not done):
            # Alone, and not out of the cache, which has the answer that was not whole.
            anew = msgspec.structs.replace(
                self._asking, use="refresh" if self._asking.use == "normal" else self._asking.use
            )
            more, failed = await self._asked(left, anew)
            done |= more
        if failed and not done:
            raise failed[0]
        return done

    async def _asked(
        self, groups: list[list[Paragraph]], asking: Asking
    ) -> tuple[dict[Paragraph, str], list[IsaacError]]:
        count = 0

        async def tell(_: object) -> None:
            nonlocal count
            count += 1
            await self._context.progress(count, len(groups), "translating")

        questions = [
            material("paragraphs", msgspec.json.encode([item.text for item in group]).decode())
            for group in groups
        ]
        answers = await consult_many(
            self._context.answers, self._system, questions, Told, asking, limit=_AT_ONCE, on_done=tell
        )
        done: dict[Paragraph, str] = {}
        failed: list[IsaacError] = []
        for group, answer in zip(groups, answers, strict=True):
            if not isinstance(answer, Consulted):
                failed.append(answer)
                continue
            self.source = f"{answer.answer.provider}/{answer.answer.model}"
            if len(answer.value.paragraphs) != len(group):
                continue
            for paragraph, said in zip(group, answer.value.paragraphs, strict=True):
                restored = paragraph.restored(said.strip())
                if restored is not None:
                    done[paragraph] = restored
        return done, failed


def _grouped(paragraphs: Sequence[Paragraph]) -> list[list[Paragraph]]:
    groups: list[list[Paragraph]] = []
    size = 0
    for paragraph in paragraphs:
        if not groups or size + len(paragraph.text) > _GROUP_CHARS or len(groups[-1]) >= _GROUP_PARAGRAPHS:
            groups.append([])
            size = 0
        groups[-1].append(paragraph)
        size += len(paragraph.text)
    return groups
