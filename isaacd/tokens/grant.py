"""What somebody who has shown a token may do."""

import msgspec

from isaacd.errors import PermissionDenied
from isaacd.tokens.scope import Scope, allows


class Grant(msgspec.Struct, frozen=True):
    """Who asks, by the name of the token, and what for. It says what was so when it was given: ask again for each request."""

    name: str
    scopes: tuple[Scope, ...]

    def allows(self, needed: str) -> bool:
        """Tell whether this is enough for what needs that scope."""
        return allows(self.scopes, needed)

    def demand(self, needed: str, what: str) -> None:
        """Raise PermissionDenied unless this is enough for `what`."""
        if not self.allows(needed):
            raise PermissionDenied(
                f"the token {self.name} is not good for {what}",
                hint=f"that needs the scope {needed}; this token has {', '.join(self.scopes)}",
            )
