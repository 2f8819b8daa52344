"""Who may ask, and for what: by the kernel's word on the socket, by a token over TCP, and never a web page unasked."""

import ipaddress

import msgspec

from isaacd.config import HttpConfig
from isaacd.errors import PermissionDenied
from isaacd.faces.http.head import Head
from isaacd.faces.http.refused import RefusedError
from isaacd.tokens.book import PREFIX, TokenBook
from isaacd.tokens.scope import ADMIN, Scope

CALLER = "http"
_BEARER = "bearer "
_CHALLENGE = (("WWW-Authenticate", 'Bearer realm="isaac"'),)
_NO_RETRY = (("x-should-retry", "false"),)


class Asker(msgspec.Struct, frozen=True):
    """Who asks, as budgets and the ledger name it, and what for; `token` is the name of the token that was shown."""

    caller: str = CALLER
    scopes: tuple[Scope, ...] = (ADMIN,)
    token: str | None = None


# The person: a process of the same user, on the socket.
PERSON = Asker()


def check_origin(head: Head, config: HttpConfig, *, over_tcp: bool) -> str | None:
    """Return the origin of a web page that may ask, None for what is no web page; raises RefusedError.

    A page of anybody's can have a browser send requests to this machine, and one whose name was made to mean this
    machine can read the answers. The browser says where the page is from, and under which name it asks.
    """
    origin = head.fields.get("origin")
    if origin is not None and origin not in config.origins:
        raise RefusedError(
            403,
            "web pages may not ask; [http] origins in config.toml lists those that may",
            code="origin_not_allowed",
            headers=_NO_RETRY,
        )
    if not _is_known(head.fields.get("host", ""), config, over_tcp=over_tcp):
        raise RefusedError(
            421,
            "this is not the name of this machine; [http] hosts in config.toml lists further ones",
            code="host_not_allowed",
            headers=_NO_RETRY,
        )
    return origin


def _is_known(host: str, config: HttpConfig, *, over_tcp: bool) -> bool:
    name = host.rpartition(":")[0] if ":" in host and not host.endswith("]") else host
    name = name.lower().rstrip(".")
    if name in ("localhost", *(known.lower() for known in config.hosts)) or name.endswith(".localhost"):
        return True
    if not over_tcp and "." not in name and ":" not in name:
        return True  # no page of the web has a name without dots, and `curl --unix-socket` wants any name
    if config.listen is not None and name == config.listen.rpartition(":")[0].lower():
        return True
    try:
        return ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False


def ask_for_token(head: Head) -> str | None:
    """Return the token that was shown, None if there was none; raises RefusedError for another kind of credentials."""
    said = head.fields.get("authorization", "").strip()
    if not said or said.lower() == "bearer":
        return None
    if not said.lower().startswith(_BEARER):
        raise _not_let_in("the authorization has to be `Bearer TOKEN`")
    return said[len(_BEARER) :].strip()


def let_in(head: Head, tokens: TokenBook, *, over_tcp: bool) -> Asker:
    """Return who asks; the list of tokens has to be open. Raises RefusedError (401) for who may not.

    A token that is shown counts on the socket too, and then narrows what may be asked for. There, what has not the form of
    a token is none: clients send a key that means nothing, because they will not go without one.
    """
    shown = ask_for_token(head)
    if shown is not None and not over_tcp and not shown.startswith(PREFIX):
        return PERSON
    if shown is None:
        if over_tcp:
            raise _not_let_in(
                "a token is needed: `Authorization: Bearer TOKEN`; isaacctl token new makes one"
            )
        return PERSON
    try:
        grant = tokens.check(shown)
    except PermissionDenied as error:
        raise _not_let_in(f"{error.message}; {error.hint}") from None
    return Asker(grant.name, grant.scopes, grant.name)


def demand(asker: Asker, scope: Scope, what: str) -> None:
    """Raise RefusedError (403) unless this is enough for `what`."""
    if ADMIN not in asker.scopes and scope not in asker.scopes:
        raise RefusedError(
            403,
            f"the token {asker.token} is not good for {what}: that needs the scope {scope}",
            code="insufficient_scope",
            headers=_NO_RETRY,
        )


def _not_let_in(message: str) -> RefusedError:
    return RefusedError(401, message, code="invalid_api_key", headers=_CHALLENGE)
