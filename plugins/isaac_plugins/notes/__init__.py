"""Keep notes, find them by their words, and ask them questions."""

import shlex
from collections.abc import AsyncGenerator
from typing import Annotated

import msgspec

from isaac_plugins.notes import drafts, view
from isaac_plugins.notes.asking import NotesAnswer, asked, cited, sources
from isaac_plugins.notes.note import Found, Note, check_tags
from isaac_plugins.notes.passages import best, words_of
from isaac_plugins.notes.portable import parsed, take_in
from isaac_plugins.notes.store import SCHEMA, NoteStore
from isaacd.api import (
    Argument,
    Asking,
    Context,
    Handover,
    Input,
    InvalidParams,
    IsaacError,
    NotFound,
    Option,
    Plugin,
    Sent,
    Terminal,
    TextDelta,
    Words,
)

plugin = Plugin(
    "notes",
    summary="Keep notes, and find them again.",
    version="1",
    capabilities=("ask", "run", "state"),
)

_Id = Annotated[int, Argument("A note, by its number.")]
_LOOKED_THROUGH = 20
_LISTED = 50


class Tag(msgspec.Struct, frozen=True):
    """A tag, and how many notes have it."""

    tag: str
    notes: int


class Done(msgspec.Struct, frozen=True):
    """How many notes something was done with, and in words."""

    count: int
    text: str


class Exported(Sent, frozen=True):
    """How many notes were written; for programs that are no command line, the notes too."""

    count: int
    notes: tuple[Note, ...] = ()


def _text(done: Done, _: Terminal) -> str:
    return done.text


def _store(context: Context) -> NoteStore:
    return NoteStore(context.database(SCHEMA))


def _words(plan: Handover, _: Terminal) -> str:
    return shlex.join(plan.argv)


@plugin.command(view=view.kept)
async def add(
    context: Context,
    text: Annotated[str, Words("What to keep; quotes are not needed.")] = "",
    *,
    tag: Annotated[list[str], Option("A word to find it by.", short="t")] = [],  # noqa: B006
) -> Note:
    """Keep a note; what is piped in goes along with it, or is the note.

    Examples:
        isaacctl notes add the wifi of the office is called isaac-5 --tag work
        git log -1 | isaacctl notes add --tag release
    """
    whole = await _with_piped(context, text)
    return await _store(context).add(whole, tag, context.clock.now())


@plugin.command(view=_words)
def write(
    context: Context,
    *,
    tag: Annotated[list[str], Option("A word to find it by.", short="t")] = [],  # noqa: B006
) -> Handover:
    """Write a note in $VISUAL or $EDITOR.

    Examples:
        isaacctl notes write --tag work
    """
    editor, tags = context.editor(), check_tags(tag)
    name = drafts.new(context.paths.state_dir)
    return Handover(
        argv=(*editor, str(drafts.path(context.paths.state_dir, name))),
        after=("notes", "save", name, *(word for item in tags for word in ("--tag", item))),
    )


@plugin.command(name="notes", view=view.listed)
async def newest(context: Context) -> list[Note]:
    """List the newest notes.

    Examples:
        isaacctl notes
        isaacctl notes --json
    """
    return await _store(context).notes(tags=(), limit=_LISTED)


@plugin.command(name="list", view=view.listed)
async def list_(
    context: Context,
    *,
    tag: Annotated[list[str], Option("Only those with this tag.", short="t")] = [],  # noqa: B006
    limit: Annotated[int, Option("The most notes to list.", short="n")] = _LISTED,
) -> list[Note]:
    """List notes, the one changed last first.

    Examples:
        isaacctl notes list
        isaacctl notes list --tag work --json
    """
    return await _store(context).notes(tags=tag, limit=_positive(limit))


@plugin.command(view=view.whole)
async def show(context: Context, note: _Id) -> Note:
    """Show a note.

    Examples:
        isaacctl notes show 3
    """
    return await _store(context).note(note)


@plugin.command(view=view.found)
async def search(
    context: Context,
    words: Annotated[str, Words("Words that the note has; the last may be the beginning of one.")],
    *,
    limit: Annotated[int, Option("The most notes to find.", short="n")] = 20,
) -> list[Found]:
    """Find notes by their words, best first.

    Examples:
        isaacctl notes search wifi office
        isaacctl notes search lis --json
    """
    if not words.strip():
        raise InvalidParams("there is no word to look for", hint="try: isaacctl notes search wifi")
    return await _store(context).search(words.split(), limit=_positive(limit))


@plugin.command(view=_words)
async def edit(context: Context, note: _Id) -> Handover:
    """Change a note in $VISUAL or $EDITOR.

    What you write is in a file of its own until it is kept, so that a crash loses nothing: the same command goes on
    with it.

    Examples:
        isaacctl notes edit 3
    """
    found = await _store(context).note(note)
    editor = context.editor()
    file, left = drafts.begin(context.paths.state_dir, str(note), found.text)
    said = "an earlier edit of this note was not kept; here it is\n" if left else ""
    return Handover(argv=(*editor, str(file)), after=("notes", "save", str(note)), text=said)


@plugin.command(view=view.kept)
async def change(
    context: Context,
    note: _Id,
    text: Annotated[str, Words("The new text; quotes are not needed.")] = "",
) -> Note:
    """Give a note another text: what is said here, or what is piped in.

    Examples:
        isaacctl notes change 3 the wifi is called isaac-6
    """
    return await _store(context).change(note, context.clock.now(), text=await _with_piped(context, text))


@plugin.command(view=view.kept)
async def save(
    context: Context,
    draft: Annotated[str, Argument("The note that was edited, or the name of a new one.")],
    *,
    tag: Annotated[list[str], Option("A word to find it by.", short="t")] = [],  # noqa: B006
) -> Note:
    """Keep what was written in the editor; `edit` and `write` do this by themselves.

    Examples:
        isaacctl notes save 3
    """
    store, folder = _store(context), context.paths.state_dir
    text = drafts.read(folder, draft)
    if draft.isdigit():
        note = await store.change(int(draft), context.clock.now(), text=text)
    else:
        note = await store.add(text, tag, context.clock.now())
    drafts.path(folder, draft).unlink(missing_ok=True)  # only now: until here it is the only copy
    return note


@plugin.command(view=view.kept)
async def tag(
    context: Context,
    note: _Id,
    tags: Annotated[list[str], Argument("Tags to add.")] = [],  # noqa: B006
    *,
    remove: Annotated[list[str], Option("A tag to take away.", short="r")] = [],  # noqa: B006
) -> Note:
    """Add tags to a note, or take them away.

    Examples:
        isaacctl notes tag 3 work urgent
        isaacctl notes tag 3 --remove urgent
    """
    return await _store(context).tag(note, tags, remove)


@plugin.command
async def tags(context: Context) -> list[Tag]:
    """List the tags, and how many notes have each.

    Examples:
        isaacctl notes tags
    """
    return [Tag(name, count) for name, count in await _store(context).tags()]


@plugin.command(view=_text)
async def delete(context: Context, notes: Annotated[list[int], Argument("Notes, by their numbers.")]) -> Done:
    """Delete notes, all or none of them; no word of them is left in the file.

    Examples:
        isaacctl notes delete 3
    """
    count = await _store(context).delete(list(dict.fromkeys(notes)))
    return Done(count, f"deleted {count} note{'' if count == 1 else 's'}")


@plugin.command
async def export(context: Context) -> Exported:
    """Write all notes as JSON Lines, one note a line.

    Examples:
        isaacctl notes export > notes.jsonl
    """
    count, kept = 0, list[Note]()
    async for note in _store(context).every():
        await context.emit("row", msgspec.json.encode(note).decode() + "\n")
        count += 1
        if context.meta.tty is None:
            kept.append(note)  # a program may not have asked for events
    return Exported(count=count, notes=tuple(kept))


@plugin.command(name="import", view=_text)
async def import_(
    context: Context,
    file: Annotated[
        Input, Argument("What `export` wrote, or a JSON list of notes or texts; - is standard input.")
    ],
) -> Done:
    """Take notes in, from JSON Lines or one JSON list.

    They get new numbers; those that are there already are left out.

    Examples:
        isaacctl notes import notes.jsonl
        cat notes.jsonl | isaacctl notes import -
    """
    foreign = parsed(file)

    async def tell(done: int) -> None:
        await context.progress(done, len(foreign), "notes")

    added = await take_in(foreign, _store(context), context.clock.now(), tell)
    left = len(foreign) - added
    return Done(
        added, f"took in {added} note{'' if added == 1 else 's'}{f', left out {left}' if left else ''}"
    )


@plugin.command(view=sources, markdown=True)
async def ask(
    context: Context,
    question: Annotated[str, Words("What you want to know; quotes are not needed.")],
    *,
    model: Annotated[str | None, Option("The model to ask, or PROVIDER/MODEL.", short="m")] = None,
) -> AsyncGenerator[str | NotesAnswer, None]:
    """Have a question answered from your notes, with the numbers of those it rests on.

    The passages that fit best are sent to the AI provider. Without one, they are shown.

    Examples:
        isaacctl notes ask what is the wifi of the office called
    """
    words = words_of(question)
    if not words:
        raise InvalidParams("there is no question", hint="try: isaacctl notes ask where is the key")
    found = await _store(context).search(words, limit=_LOOKED_THROUGH, every=False)
    passages = best([item.note for item in found], words)
    if not passages:
        raise NotFound("no note has a word of this", hint="isaacctl notes list shows them all")
    choice = context.ai.choose(model=model)
    if choice.config.kind != "knowledge":
        said = ""
        asking = Asking(model=model, provider=choice.provider)
        try:
            async with context.answers.stream(asked(question, passages), asking) as stream:
                async for piece in stream:
                    if isinstance(piece, TextDelta):
                        said += piece.text
                        yield piece.text
                answer = stream.answer
        except IsaacError as error:
            if said or error.blame == "caller":
                raise
            await context.emit("log", f"nobody answered ({error.message}); these passages fit best")
        else:
            if answer is not None:
                yield "\n"
                yield NotesAnswer(
                    question=question,
                    answer=answer.text,
                    offline=False,
                    provider=answer.provider,
                    model=answer.model,
                    sources=cited(answer.text, passages),
                )
                return
    for part in passages[:3]:
        yield f"[{part.note}] {part.text}\n\n"
    yield NotesAnswer(question=question, answer="", offline=True, sources=tuple(passages))


async def _with_piped(context: Context, text: str) -> str:
    parts = (text, await context.read_input() or "")
    return "\n\n".join(part.strip("\n") for part in parts if part.strip())


def _positive(limit: int) -> int:
    if limit < 1:
        raise InvalidParams("--limit is 1 or more")
    return min(limit, 2**31)
