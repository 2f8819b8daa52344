"""Tokens with which programs may ask for some of what you may."""

import time
from typing import Annotated, Literal

from isaacd.api import Argument, Context, InvalidParams, NewToken, Option, Plugin, Terminal, TokenCard

plugin = Plugin("token", version="1")

_UNITS_S = {"m": 60.0, "h": 3600.0, "d": 86400.0, "w": 7 * 86400.0}
_LONGEST_S = 3660 * 86400.0


def _new_view(made: NewToken, terminal: Terminal) -> str:
    until = "never expires" if made.expires_at is None else f"expires {_when(made.expires_at)}"
    note = f"{made.name}: {', '.join(made.scopes)}; {until}. It is shown this once."
    return f"{made.token}\n{terminal.style(note, 2)}" if terminal.stdout else made.token


def _list_view(cards: list[TokenCard], terminal: Terminal) -> str:
    if not cards:
        return "there are no tokens; isaacctl token new makes one"
    width = max(len(card.name) for card in cards)
    return "\n".join(
        f"{card.name:<{width}}  {','.join(card.scopes):<15}  "
        f"{'expired' if card.state == 'expired' else 'expires'} "
        f"{'never' if card.expires_at is None else _when(card.expires_at)}, "
        f"{'not used yet' if card.used_at is None else f'last used {_when(card.used_at)}'}"
        for card in cards
    )


@plugin.command(view=_new_view)
async def new(
    context: Context,
    name: Annotated[str, Argument("What it is for; budgets and reports name the caller so.")],
    *,
    scope: Annotated[
        list[Literal["ask", "run:confirm", "admin"]],
        Option("What it is good for: ask, run:confirm or admin; several may be given."),
    ],
    expires: Annotated[str, Option("When it ends: 12h, 30d, 8w or never.")] = "30d",
) -> NewToken:
    """Make a token, and show it once.

    `ask` is good for questions, `run:confirm` also for lines that run only after a person's yes, each for itself;
    `admin` is good for everything. Only a hash of it is kept.

    Examples:
        isaacctl token new editor --scope ask
        isaacctl token new agent --scope ask --scope run:confirm --expires 8h
        OPENAI_API_KEY=$(isaacctl token new script --scope ask --expires 1h) python script.py
    """
    life_s = _life_s(expires)
    if context.is_kept:
        raise InvalidParams(
            "a task keeps what it writes, and a token must be kept nowhere", hint="run it in a terminal"
        )
    return await context.tokens.new(name, scope, life_s)


@plugin.command(name="list", view=_list_view)
async def list_(context: Context) -> list[TokenCard]:
    """List the tokens: what each is good for, until when, and when it was last used.

    Examples:
        isaacctl token list
        isaacctl token list --json
    """
    return await context.tokens.cards()


@plugin.command
async def revoke(context: Context, name: Annotated[str, Argument("The token's name.")]) -> str:
    """Make a token good for nothing, at once; what is under way for it is ended.

    Examples:
        isaacctl token revoke editor
    """
    await context.tokens.revoke(name)
    return f"revoked {name}\n"


def _life_s(text: str) -> float | None:
    """Return how long a token lives, None for always; raises InvalidParams."""
    if text == "never":
        return None
    number, unit = text[:-1], text[-1:]
    if unit in _UNITS_S and number.isascii() and number.isdecimal() and len(number) < 8:
        life_s = int(number) * _UNITS_S[unit]
        if 0 < life_s <= _LONGEST_S:
            return life_s
    raise InvalidParams(f"{text[:40]!r} is no time to live", hint="such as 12h, 30d, 8w or never")


def _when(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(at))
