"""What a token may be good for, and what a command needs of one."""

from collections.abc import Iterable
from typing import Literal, cast, get_args

from isaacd.errors import InvalidParams

# ask: what only reads and answers. run:confirm: plans; what runs only after a person's confirmation, and never in the
# daemon. admin: everything else, and all of it.
Scope = Literal["ask", "run:confirm", "admin"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
ADMIN: Scope = "admin"


def parse_scopes(texts: Iterable[str]) -> tuple[Scope, ...]:
    """Return the scopes that are named, each once and in the order of SCOPES; raises InvalidParams for none or another."""
    named = frozenset(texts)
    for text in sorted(named.difference(SCOPES)):
        raise InvalidParams(f"there is no scope {text[:40]!r}", hint=f"there are: {', '.join(SCOPES)}")
    if not named:
        raise InvalidParams("a token needs a scope", hint=f"--scope with one of: {', '.join(SCOPES)}")
    return tuple(scope for scope in SCOPES if scope in named)


def allows(held: Iterable[str], needed: str) -> bool:
    """Tell whether these scopes are enough; no scope holds another, but admin holds all."""
    scopes = tuple(cast("Iterable[Scope]", held))
    return ADMIN in scopes or (needed in SCOPES and needed in scopes)
