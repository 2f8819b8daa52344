"""Who is asked for one answer, and in which way: a pure function of the configuration, the environment and the question."""

import re
from collections.abc import Collection, Mapping, Sequence

import msgspec

from isaacd.ai.chat import Effort, Message, OutputSchema, Tool
from isaacd.ai.choice import OFFLINE, Choice, available, choose_all, listed, named
from isaacd.config import AIConfig, Strategy
from isaacd.errors import InvalidParams

_SIMPLE_EFFORT = (None, "none", "minimal", "low")
# A fence, an indented line, the end of a statement or block, or what opens a definition: good enough to tell a
# question from a program, and wrong only in price.
_CODE = (
    r"```|^(?: {4}|\t)\S|[;{}]\s*$|^\s*(?:def|class|fn|func|function|import|from|#include|SELECT)\b.*[(:;<*]"
)


class Route(msgspec.Struct, frozen=True):
    """The providers of one answer, the preferred one first, and how they are asked."""

    choices: tuple[Choice, ...]
    strategy: Strategy


class Wish(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a request says about who is to answer it, and what decides whether it is simple."""

    model: str | None = None
    provider: str | None = None
    providers: Sequence[str] | None = None
    strategy: Strategy | None = None
    cheap: bool = True
    tools: Sequence[Tool] = ()
    schema: OutputSchema | None = None
    effort: Effort | None = None


def plan(
    config: AIConfig,
    environ: Mapping[str, str],
    kinds: Collection[str],
    turns: Sequence[Message],
    wish: Wish,
) -> Route:
    """Choose who is asked, and how.

    A provider or model that is named is asked alone, unless `providers` or an alias names several. Otherwise the rest
    of `ai.order` stands behind the first one: only what the user has put into an order is asked in the place of
    another. Raises what `choose_all` raises, and InvalidParams if both `provider` and `providers` are given.
    """
    if wish.providers is not None:
        if wish.provider is not None:
            raise InvalidParams("give either provider or providers, not both")
        offers = available(config, environ, kinds)
        return _route(listed(wish.providers, config, offers, kinds, model=wish.model), _several(config, wish))
    if wish.model is not None or wish.provider is not None:
        choices = choose_all(config, environ, kinds, provider=wish.provider, model=wish.model)
        return _route(choices, _several(config, wish))
    usual = _usual(config, environ, kinds, wish)
    if wish.cheap and config.cheap_model is not None and is_simple(turns, config.cheap_max_chars, wish):
        return _cheap(config, environ, kinds, usual, wish.strategy or config.strategy)
    return usual


def is_simple(turns: Sequence[Message], max_chars: int, wish: Wish) -> bool:
    """Say whether this is one short question in words: no conversation, no attachment, tool, schema or code."""
    lone = [turn for turn in turns if turn.role != "system"]
    if len(lone) != 1 or wish.tools or wish.schema is not None or wish.effort not in _SIMPLE_EFFORT:
        return False
    question = lone[0]
    short = len(question.content) <= max_chars
    return (
        short
        and question.role == "user"
        and not question.attachments
        and not re.search(_CODE, question.content, re.MULTILINE)
    )


def _usual(config: AIConfig, environ: Mapping[str, str], kinds: Collection[str], wish: Wish) -> Route:
    choices = choose_all(config, environ, kinds)
    offers = available(config, environ, kinds)
    strategy = wish.strategy or config.strategy
    if len(choices) == 1 and strategy != "single":
        behind: Collection[str] = config.order
        if not config.order and wish.strategy is not None:
            behind = config.providers  # this very request asks for several, so those configured are meant
        choices += [
            named(name, config, offers, kinds, reason="next in ai.order") for name in behind if name in offers
        ]
    return _route(choices, strategy)


def _cheap(
    config: AIConfig, environ: Mapping[str, str], kinds: Collection[str], usual: Route, strategy: Strategy
) -> Route:
    reason = "a simple question goes to ai.cheap_model; --no-cheap or another --model asks another"
    cheap = [
        msgspec.structs.replace(choice, reason=reason)
        for choice in choose_all(config, environ, kinds, model=config.cheap_model)
    ]
    # In a race the dear model would be asked each time, and in vain.
    if strategy in ("single", "race") or usual.choices[0].config.kind == OFFLINE:
        return _route(cheap, "fallback" if len(cheap) > 1 else "single")
    return _route([*cheap, *usual.choices], strategy)


def _several(config: AIConfig, wish: Wish) -> Strategy:
    """Return how a list is asked: naming several means more than the first one, whatever the configuration says."""
    return wish.strategy or ("fallback" if config.strategy == "single" else config.strategy)


def _route(choices: Sequence[Choice], strategy: Strategy) -> Route:
    known: dict[tuple[str, str | None], Choice] = {}
    for choice in choices:
        known.setdefault((choice.provider, choice.model), choice)
    distinct = tuple(known.values())
    if len(distinct) == 1 or strategy == "single":
        return Route(distinct[:1], "single")
    return Route(distinct, strategy)
