"""Talk with an AI, and find, branch and export what was said."""

from pathlib import Path
from typing import Annotated, Literal

import msgspec

from isaac_plugins.chat.views import (
    quoted,
    show_found,
    show_list,
    show_reply,
    show_roles,
    show_text,
    show_turns,
)
from isaacd.api import (
    Answer,
    Argument,
    Attachment,
    ChatFound,
    ChatListed,
    Context,
    Input,
    InvalidParams,
    Option,
    Plugin,
    RoleCard,
    TurnCard,
    Words,
)

plugin = Plugin(
    "chat", summary="Talk with an AI, and keep what was said.", version="1", capabilities=("ask",)
)

Name = Annotated[str | None, Option("The conversation; without it, the one used last.", short="n")]


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """An answer, and the conversation that it belongs to."""

    chat: str
    answer: Answer


@plugin.command(view=show_reply, markdown=True)
async def chat(
    context: Context,
    *,
    name: Annotated[
        str | None, Option("Go on with the conversation of this name, or begin it.", short="n")
    ] = None,
    continue_: Annotated[
        bool, Option("Go on with the conversation used last.", short="c", name="continue")
    ] = False,
    retry: Annotated[
        bool, Option("Ask its last question again, as when there was no answer, and leave.")
    ] = False,
    role: Annotated[str | None, Option("Instructions for the model, from `chat roles`.", short="r")] = None,
    model: Annotated[str | None, Option("The model to ask, or PROVIDER/MODEL.", short="m")] = None,
) -> Reply | None:
    """Talk with an AI.

    Every question and answer is kept; /help shows what else can be typed. What is piped in is one question. Ctrl-C stops
    an answer, Ctrl-D leaves.

    Examples:
        isaacctl chat
        isaacctl chat --continue
        isaacctl chat --name trip --role brief
        isaacctl chat say --name trip "and by train?"
        isaacctl chat --retry
        git diff | isaacctl chat --name review
    """
    if name is not None and continue_:
        raise InvalidParams("--name and --continue exclude each other")
    piped = await context.read_input()
    dialogue = await context.chats.dialogue(
        name=name, last=continue_ or (retry and name is None), role=role, model=model
    )

    async def show(text: str) -> None:
        await context.emit("delta", text)

    if retry:
        answer = await dialogue.retry(show)
    elif piped is not None:
        if not piped.strip():
            raise InvalidParams("there is no question", hint='say one: isaacctl chat say "..."')
        answer = await dialogue.ask(piped.strip(), show)
    else:
        from isaac_plugins.chat.talk import talk

        await talk(context, dialogue)
        return None
    return Reply(chat=dialogue.name or "", answer=answer)


@plugin.command(view=show_reply, markdown=True)
async def say(
    context: Context,
    words: Annotated[str, Words("What you say; quotes are not needed.")] = "",
    *,
    name: Annotated[
        str | None, Option("Go on with the conversation of this name, or begin it.", short="n")
    ] = None,
    continue_: Annotated[
        bool, Option("Go on with the conversation used last.", short="c", name="continue")
    ] = False,
    role: Annotated[str | None, Option("Instructions for the model, from `chat roles`.", short="r")] = None,
    model: Annotated[str | None, Option("The model to ask, or PROVIDER/MODEL.", short="m")] = None,
    attach: Annotated[list[Path], Option("A picture, a PDF or a text that goes along.", short="a")] = [],  # noqa: B006
) -> Reply:
    """Say one thing in a conversation, and leave.

    What is piped in goes along with it. Without --name and --continue a conversation begins, and is named by its first
    words.

    Examples:
        isaacctl chat say --name trip how long does the train to Lisbon take
        git diff | isaacctl chat say --continue "now review this"
    """
    if name is not None and continue_:
        raise InvalidParams("--name and --continue exclude each other")
    piped = (await context.read_input() or "").strip()
    text = "\n\n".join(part for part in (words.strip(), piped) if part)
    if not text:
        raise InvalidParams("there is nothing to say", hint='try: isaacctl chat say "hello"')
    dialogue = await context.chats.dialogue(name=name, last=continue_, role=role, model=model)

    async def show(piece: str) -> None:
        await context.emit("delta", piece)

    attachments: tuple[Attachment, ...] = ()
    if attach:
        from isaacd.api import read_attachments

        attachments = await read_attachments(attach)
    answer = await dialogue.ask(text, show, attachments, [str(file) for file in attach])
    return Reply(chat=dialogue.name or "", answer=answer)


@plugin.command(name="list", view=show_list)
async def list_(
    context: Context, *, limit: Annotated[int, Option("At most this many.", short="l")] = 20
) -> list[ChatListed]:
    """List the conversations, the one used last first.

    Examples:
        isaacctl chat list
        isaacctl chat list --limit 100 --json
    """
    return await context.chats.listed(_checked(limit))


@plugin.command(view=show_turns)
async def show(
    context: Context,
    name: Annotated[str | None, Argument("The conversation; without it, the one used last.")] = None,
    *,
    every: Annotated[bool, Option("Those on other branches too.", name="all")] = False,
) -> list[TurnCard]:
    """Show what was said in a conversation.

    Examples:
        isaacctl chat show trip
        isaacctl chat show trip --all
    """
    return await context.chats.shown(name, every=every)


@plugin.command(view=show_found)
async def search(
    context: Context,
    words: Annotated[str, Words("What to search for; all words have to be there.")],
    *,
    limit: Annotated[int, Option("At most this many.", short="l")] = 20,
) -> list[ChatFound]:
    """Search what was said in all conversations.

    Examples:
        isaacctl chat search night train
    """
    return await context.chats.store.search(words, _checked(limit))


@plugin.command(view=lambda made, _: f"go on with: isaacctl chat --name {quoted(made)}")
async def fork(
    context: Context,
    name: Annotated[str, "The conversation."],
    new: Annotated[str | None, Option("What the branch is called.")] = None,
    *,
    at: Annotated[
        int | None, Option("The number of its last turn, from `chat show`; else it is a copy of all.")
    ] = None,
) -> str:
    """Branch a conversation: begin another one with the same beginning.

    Examples:
        isaacctl chat fork trip
        isaacctl chat fork trip --at 4 --new trip-by-bus
    """
    return (await context.chats.fork(name, at, new)).name


@plugin.command(view=lambda name, _: f"it is called {name} now")
async def rename(
    context: Context,
    name: Annotated[str, "The conversation."],
    new: Annotated[str, "Its new name."],
) -> str:
    """Give a conversation another name.

    Examples:
        isaacctl chat rename chat-3 trip
    """
    return (await context.chats.store.rename(name, new)).name


@plugin.command(view=lambda count, _: f"deleted, with {count} turns")
async def delete(
    context: Context,
    name: Annotated[str, "The conversation."],
    *,
    yes: Annotated[bool, Option("Do not ask.", short="y")] = False,
) -> int:
    """Delete a conversation with all its branches; copies made by `chat fork` stay.

    Examples:
        isaacctl chat delete trip
    """
    found = await context.chats.store.find(name)
    if not yes and not await context.confirm(f"Delete the conversation {found.name!r} for good?"):
        raise InvalidParams("nothing was deleted", hint="say yes, or give --yes")
    return await context.chats.store.delete(found.name)


@plugin.command(view=show_text)
async def export(
    context: Context,
    name: Name = None,
    *,
    form: Annotated[
        Literal["md", "json"],
        Option("Markdown of this branch, or JSON of everything.", short="f", name="format"),
    ] = "md",
) -> str:
    """Write a conversation to standard output, as Markdown, or as JSON that `chat import` takes.

    Examples:
        isaacctl chat export --name trip > trip.md
        isaacctl chat export --name trip --format json > trip.json
    """
    return await context.chats.exported(name, form)


@plugin.command(name="import", view=lambda name, _: f"it is called {name} here")
async def import_(
    context: Context,
    file: Annotated[
        Input,
        "What `chat export --format json` or `llm logs --json` wrote, or a chat of shell-gpt; - is standard input.",
    ],
    *,
    name: Annotated[str | None, Option("What to call it; else it keeps its name.", short="n")] = None,
) -> str:
    """Take in an exported conversation; a name that is taken gets a number.

    Examples:
        isaacctl chat import trip.json
        llm logs --current -n 0 --json | isaacctl chat import -
        isaacctl chat import --name trip /tmp/chat_cache/trip
    """
    return (await context.chats.imported(file, name)).name


@plugin.command(view=show_roles)
async def roles(context: Context) -> list[RoleCard]:
    """List the roles: Isaac's own, and the files NAME.md in the folder `roles` beside config.toml.

    Examples:
        isaacctl chat roles
    """
    return await context.chats.roles()


def _checked(limit: int) -> int:
    if not 1 <= limit <= 10_000:
        raise InvalidParams("--limit is a number from 1 to 10000")
    return limit
