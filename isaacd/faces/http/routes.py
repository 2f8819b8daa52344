"""What there is to ask for over HTTP: paths, methods, and the scope that each needs."""

from collections.abc import Awaitable, Callable

import msgspec

from isaacd.faces.http.chat import chat
from isaacd.faces.http.exchange import Exchange
from isaacd.faces.http.head import Head
from isaacd.faces.http.house import House
from isaacd.faces.http.models import model, models
from isaacd.faces.http.refused import RefusedError
from isaacd.faces.http.reply import TEXT
from isaacd.faces.http.response import respond
from isaacd.tokens.scope import Scope

_MODEL = "/v1/models/"
_JSON_TYPES = frozenset(("application/json", "text/json"))


class Route(msgspec.Struct, frozen=True):
    """One thing to ask for: `quick` answers at once, `task` may wait. Without a scope anybody may ask."""

    name: str
    scope: Scope | None = None
    quick: Callable[[House, Exchange], None] | None = None
    task: Callable[[House, Exchange], Awaitable[None]] | None = None


def _health(house: House, exchange: Exchange) -> None:
    exchange.json(b'{"status":"ok"}')


def _metrics(house: House, exchange: Exchange) -> None:
    exchange.reply(200, "text/plain; version=0.0.4; charset=utf-8", house.services.daemon.metrics().encode())


def _preflight(house: House, exchange: Exchange) -> None:
    exchange.reply(
        204,
        TEXT,
        b"",
        (
            ("Access-Control-Allow-Methods", "GET, POST, DELETE"),
            ("Access-Control-Allow-Headers", exchange.head.fields.get("access-control-request-headers", "*")),
            ("Access-Control-Max-Age", "600"),
        ),
    )


async def _mcp_post(house: House, exchange: Exchange) -> None:
    from isaacd.faces.http.mcp import Sessions, post  # few daemons have a host over HTTP

    if house.mcp is None:
        house.mcp = Sessions()
    await post(house, exchange)


def _mcp_delete(house: House, exchange: Exchange) -> None:
    if house.mcp is None:
        raise RefusedError(404, "there is no such session", code="not_found")
    from isaacd.faces.http.mcp import delete

    delete(house, exchange)


_CHAT = {"POST": Route("http.chat", "ask", task=chat)}
_RESPONSES = {"POST": Route("http.responses", "ask", task=respond)}
_MODELS = {"GET": Route("http.models", "ask", task=models)}
_ONE_MODEL = {"GET": Route("http.model", "ask", task=model)}
_ROUTES: dict[str, dict[str, Route]] = {
    "/v1/chat/completions": _CHAT,
    "/chat/completions": _CHAT,
    "/v1/responses": _RESPONSES,
    "/responses": _RESPONSES,
    "/v1/models": _MODELS,
    "/models": _MODELS,
    "/mcp": {
        "POST": Route("http.mcp", "ask", task=_mcp_post),
        "DELETE": Route("http.mcp.end", "ask", quick=_mcp_delete),
    },
    "/health": {"GET": Route("http.health", quick=_health)},
    "/metrics": {"GET": Route("http.metrics", "admin", quick=_metrics)},
}
_PREFLIGHT = Route("http.preflight", quick=_preflight)


def preflight() -> Route:
    """Return what a browser asks before a page may."""
    return _PREFLIGHT


def find_route(head: Head) -> Route:
    """Return what a request is for; raises RefusedError: 404, 405, and 415 for a body that is no JSON."""
    methods = _ROUTES.get(head.path)
    if methods is None:
        if not head.path.startswith(_MODEL) or len(head.path) == len(_MODEL):
            raise RefusedError(
                404,
                f"there is nothing at {head.path[:200]}",
                code="unknown_url",
                headers=(("x-should-retry", "false"),),
            )
        methods = _ONE_MODEL
    route = methods.get("GET" if head.method == "HEAD" else head.method)
    if route is None:
        allowed = ", ".join(methods) + (", HEAD" if "GET" in methods else "")
        raise RefusedError(
            405,
            f"{head.method} is not for {head.path[:200]}; use {', '.join(methods)}",
            code="method_not_allowed",
            headers=(("Allow", allowed),),
        )
    if head.method == "POST":
        _check_type(head)
    return route


def _check_type(head: Head) -> None:
    kind = head.fields.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in _JSON_TYPES:
        raise RefusedError(415, "the body has to be application/json", code="unsupported_media_type")
    if head.fields.get("content-encoding", "identity").lower() != "identity":
        raise RefusedError(415, "the body must not be compressed", code="unsupported_media_type")
