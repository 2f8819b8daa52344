"""The commands that a model may call, and what each demands of you."""

from typing import Annotated, Any

import msgspec

from isaacd.api import (
    Argument,
    Context,
    InvalidParams,
    Plugin,
    Terminal,
    ToolCall,
    ToolCard,
)

plugin = Plugin("tools", summary="See which commands a model may call.", version="1")

_DEMANDS = {
    "nothing": "runs",
    "notice": "runs, and says so",
    "confirmation": "asks you",
    "reasons": "asks you, with the reasons",
    "phrase": "asks you to type a phrase",
}


def _table(cards: list[ToolCard], terminal: Terminal) -> str:
    if not cards:
        return "no plugin declares a tool"
    rows = [
        ("tool", "tier", "before it runs", "what it does"),
        *((card.command, card.tier, _DEMANDS[card.demand], card.summary) for card in cards),
    ]
    wide = [max(len(row[place]) for row in rows) for place in range(3)]
    lines = ["  ".join((*map(str.ljust, row, wide), row[3])) for row in rows]
    return "\n".join((terminal.style(lines[0], 1), *lines[1:]))


@plugin.command(view=_table, scope="ask")
def tools(context: Context) -> list[ToolCard]:
    """List the commands that a model may call, once you let it: `isaacctl ask --tools`.

    Each has a tier that says how dangerous it is. A call can be judged to be of a higher tier than its command, never of
    a lower one.

    Examples:
        isaacctl tools
        isaacctl tools --json
    """
    return list(context.toolbox.cards())


def _result(sent: dict[str, Any], _: Terminal) -> str:
    result = sent.get("result", sent.get("beginning"))
    text = (
        result
        if isinstance(result, str)
        else msgspec.json.format(msgspec.json.encode(result), indent=2).decode()
    )
    return f"{text}\n({sent['cut']})" if "cut" in sent else text


@plugin.command(view=_result)
async def call(
    context: Context,
    name: Annotated[str, Argument("The tool, such as `knowledge.search`.")],
    arguments: Annotated[dict[str, Any], Argument("Its arguments, as one JSON object.")] = {},  # noqa: B006 - copied
) -> dict[str, Any]:
    """Call a tool as a model would: with the same checks, and the same questions to you.

    With --json it prints all that a model would be sent.

    Examples:
        isaacctl tools call knowledge.search '{"question": "list open ports"}'
        isaacctl tools call status --json
    """
    opened = context.toolbox.open(context, [name])
    wanted = ToolCall("call_1", opened.definitions[0].name, msgspec.json.encode(arguments).decode())
    message = await opened.call(wanted)
    sent: dict[str, Any] = msgspec.json.decode(message.content)
    if message.is_error:
        raise InvalidParams(str(sent["error"]))
    return sent
