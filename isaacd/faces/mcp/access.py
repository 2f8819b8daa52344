"""What one host may call: the scopes that it was started with, or those of a token, asked anew for every request."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from isaacd.errors import InvalidParams, PermissionDenied
from isaacd.faces.mcp.spec import MAX_NAME_CHARS
from isaacd.tokens.scope import SCOPES, Scope, allows, parse_scopes

if TYPE_CHECKING:
    from isaacd.tokens.book import TokenBook

DEFAULT: tuple[Scope, ...] = ("ask",)


class Access:
    """The rights of one host.

    Without a `token` it is the person's own program, and may what it was started for; with one, it may what the token
    is good for at that moment, and of that only `wanted`, if something is.
    """

    def __init__(self, wanted: Sequence[str] = (), token: str = "", book: "TokenBook | None" = None) -> None:
        self._wanted = parse_scopes(wanted) if wanted else ()
        self._token = token
        self._book = book
        if token and book is None:
            raise InvalidParams("a token can only be checked where tokens are kept")

    @property
    def scopes(self) -> tuple[Scope, ...]:
        """What is granted now; raises PermissionDenied once the token is good for nothing."""
        if not self._token or self._book is None:
            return self._wanted or DEFAULT
        held = self._book.check(self._token).scopes
        if not self._wanted:
            return held
        return tuple(scope for scope in SCOPES if allows(self._wanted, scope) and allows(held, scope))

    @property
    def token(self) -> str | None:
        """The name of the token that was shown, if one was."""
        return self._book.check(self._token).name if self._token and self._book is not None else None

    def caller(self, client: str) -> str:
        """Name who asks, for budgets and reports: the token, or else the host as it calls itself."""
        token = self.token
        if token is not None:
            return token
        name = "".join(char for char in client if char.isprintable() and not char.isspace())
        return f"mcp:{name[:MAX_NAME_CHARS]}" if name else "mcp"

    def demand(self, needed: Scope, what: str) -> None:
        """Raise PermissionDenied unless this scope is granted."""
        held = self.scopes
        if not allows(held, needed):
            have = ", ".join(held) or "none"
            raise PermissionDenied(
                f"{what} needs the scope {needed}, and this host has {have}",
                hint=f"whoever set it up can grant it: isaacctl mcp --scope {needed}, or a token with it",
            )


class Granted(Access):
    """The rights of a host whose token somebody else checks, before each request."""

    def __init__(self, scopes: Sequence[Scope], token: str | None) -> None:
        super().__init__(scopes)
        self._name = token

    @property
    def token(self) -> str | None:
        """The name of the token that was shown, if one was."""
        return self._name

    def renew(self, scopes: Sequence[Scope]) -> None:
        """Take what is granted now."""
        self._wanted = parse_scopes(scopes) if scopes else ()
