"""Tokens as people see them."""

from typing import Literal

import msgspec

from isaacd.tokens.scope import Scope

State = Literal["valid", "expired"]


class TokenCard(msgspec.Struct, frozen=True, kw_only=True):
    """A token without what makes it one; times are in seconds since 1970, `None` for never."""

    name: str
    scopes: tuple[Scope, ...]
    state: State
    created_at: float
    expires_at: float | None
    used_at: float | None


class NewToken(msgspec.Struct, frozen=True, kw_only=True):
    """A token that was just made; nobody can be told `token` again."""

    name: str
    scopes: tuple[Scope, ...]
    expires_at: float | None
    token: str

    def __repr__(self) -> str:
        return f"NewToken({self.name!r})"
