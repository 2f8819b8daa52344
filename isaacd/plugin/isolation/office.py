"""What an isolated plugin may ask the daemon for: each request belongs to a call under way, and is checked here.

The context of that call is the daemon's own, with the plugin's name in it: what the plugin has not declared is refused by
it, whatever code the plugin runs on its side.
"""

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager, suppress
from typing import Any

import anyio
import msgspec

from isaacd.ai.chat import Message, Piece
from isaacd.ai.router import Options
from isaacd.ai.stream import PieceStream
from isaacd.answers.asking import Asking
from isaacd.belongings import Belongings
from isaacd.context import Context, Services
from isaacd.errors import InvalidParams, IsaacError, MethodNotFound, NotFound, PermissionDenied
from isaacd.log import Log
from isaacd.plugin.isolation.output import Allowance
from isaacd.plugin.isolation.terms import Pieces
from isaacd.safety.visible import plain
from isaacd.tokens.scope import Scope
from isaacd.wire.values import decode_value

Turns = str | tuple[Message, ...]
# Others, such as `out`, would go to the terminal as they are.
_KINDS = frozenset({"delta", "progress", "log"})
_QUESTION = frozenset({"prompt", "multiline", "text", "words", "hidden", "stays", "timeout_ms"})
_LOG_LINES_A_SECOND = 50
_FIELDS = 20
_STREAMS = 64
_LEVELS = frozenset({"debug", "info", "warning", "error"})


class Call:
    """One call under way: its context, the answers that it reads, and who takes the pieces of a provider."""

    __slots__ = ("context", "on_piece", "streams")

    def __init__(self, context: Context, on_piece: Callable[[Piece], Awaitable[None]] | None) -> None:
        self.context = context
        self.on_piece = on_piece
        self.streams: dict[int, PieceStream] = {}


class Office:
    """Answers the requests of one plugin's processes; a call that was cancelled has `grace_s` for its last ones.

    `scopes` tells what a person has granted the plugin by now, of what it has `wanted`.
    """

    def __init__(
        self,
        name: str,
        services: Services,
        log: Log,
        *,
        grace_s: float,
        scopes: Callable[[], Collection[Scope]],
        wanted: Collection[Scope],
    ) -> None:
        self._name = name
        self._scopes = scopes
        self._wanted = wanted
        self._services = services
        self._log = log
        self._grace_s = grace_s
        self._calls: dict[int, Call] = {}
        self._numbers = itertools.count(1)
        self._closing: set[asyncio.Task[None]] = set()
        self._lines = Allowance(_LOG_LINES_A_SECOND, services.clock.monotonic)

    @asynccontextmanager
    async def call(
        self, context: Context, on_piece: Callable[[Piece], Awaitable[None]] | None = None
    ) -> AsyncIterator[int]:
        """Open the office for one call; the number is what the plugin calls it."""
        number = next(self._numbers)
        # The plugin's name, whoever made the context: by it, the daemon knows what was declared.
        own = msgspec.structs.replace(context, plugin=self._name)
        call = self._calls[number] = Call(own, on_piece)
        try:
            yield number
        except BaseException:
            # What is cancelled may still put its own things in order, but nobody listens to it any more.
            late = msgspec.structs.replace(own, _events=None)
            self._calls[number] = Call(late, None)
            asyncio.get_running_loop().call_later(self._grace_s, self._calls.pop, number, None)
            raise
        else:
            del self._calls[number]
        finally:
            if call.streams:
                with anyio.CancelScope(shield=True):
                    for stream in call.streams.values():
                        await _close(stream)

    async def answer(self, method: str, params: msgspec.Raw) -> object:
        """Answer one request; raises IsaacError for one that cannot be, or must not be."""
        known = _METHODS.get(method)
        if known is None:
            raise MethodNotFound(f"an isolated plugin cannot ask for {method[:80]!r}")
        kind, act = known
        try:
            number, *rest = msgspec.msgpack.decode(params, type=kind, dec_hook=decode_value)
        except (ValueError, TypeError, RecursionError) as error:
            raise InvalidParams(f"{method}: {error}") from None
        call = self._calls.get(number)
        if call is None:
            raise PermissionDenied(f"{method}: the call that this belongs to is over")
        scope = _SCOPE_OF.get(method)
        if scope is not None:
            self.demand(scope)
        return await act(self, call, *rest)

    def granted(self) -> tuple[Scope, ...]:
        """Return what the plugin has declared, and a person has granted."""
        return tuple(item for item in self._scopes() if item in self._wanted)

    def demand(self, scope: Scope) -> None:
        """Raise PermissionDenied unless the plugin has a scope; what it never declared, it is refused elsewhere too."""
        if scope in self._wanted and scope not in self._scopes():
            raise PermissionDenied(
                f"the plugin {self._name} wants the scope {scope}, and nobody has granted it",
                hint=f"if you want that: isaacctl plugins grant {self._name}",
            )

    def told(self, method: str, params: msgspec.Raw) -> None:
        """Take what wants no answer; nonsense is left out."""
        try:
            if method == "log":
                level, event, fields = msgspec.msgpack.decode(params, type=tuple[str, str, dict[str, Any]])
                self._write(level, event, fields)
            elif method == "publish":
                name, data = msgspec.msgpack.decode(params, type=tuple[str, dict[str, Any]])
                Context(self._services, plugin=self._name).publish(name, data)
            elif method == "pieces.close":
                call, number = msgspec.msgpack.decode(params, type=tuple[int, int])
                known = self._calls.get(call)
                if known is not None and number in known.streams:
                    closing = asyncio.get_running_loop().create_task(_close(known.streams.pop(number)))
                    self._closing.add(closing)
                    closing.add_done_callback(self._closing.discard)
        except (ValueError, TypeError, RecursionError, IsaacError) as error:
            self._write("warning", "refused", {"method": method[:80], "reason": str(error)})

    def _write(self, level: str, event: str, fields: dict[str, Any]) -> None:
        if level not in _LEVELS or not self._lines.take():
            return
        told = {name: value for name, value in list(fields.items())[:_FIELDS] if name.isidentifier()}
        for own in ("plugin", "said", "level", "event"):
            told.pop(own, None)
        write = getattr(self._log, level)
        write("plugin log", said=event[:200], **told)

    def belongings(self, capability: str, what: str) -> Belongings:
        """Return what belongs to the plugin; raises PermissionDenied if it has not declared the capability."""
        own = self._services.belongings(self._name)
        own.demand(capability, what)
        return own


async def _close(stream: PieceStream) -> None:
    # Whoever reads it at this moment has been cancelled, and closes it that way.
    with suppress(RuntimeError, IsaacError):
        await stream.aclose()


async def _emit(office: Office, call: Call, kind: str, data: Any) -> None:
    if kind not in _KINDS:
        raise PermissionDenied(f"an isolated plugin sends no events of the kind {kind[:40]!r}")
    if kind == "delta" and not isinstance(data, str):
        raise InvalidParams("the data of a delta is text")
    await call.context.emit(kind, data)


async def _read(office: Office, call: Call, max_bytes: int) -> bytes | None:
    return await call.context.read(max_bytes)


async def _ask(
    office: Office, call: Call, kind: str, data: dict[str, Any], timeout_s: float | None
) -> bytes | None:
    if kind not in ("line", "confirm"):
        raise PermissionDenied(f"an isolated plugin asks no questions of the kind {kind[:40]!r}")
    question = {name: value for name, value in data.items() if name in _QUESTION}
    prompt = plain(str(question.get("prompt") or ""))
    # Whoever types something secret has to see who wants it.
    question["prompt"] = f"[{office._name}] {prompt}" if question.get("hidden") else prompt  # noqa: SLF001
    return await call.context.events.ask(kind, question, timeout_s)


async def _chat(office: Office, call: Call, messages: Turns, options: Options) -> object:
    return await call.context.ai.chat_async(messages, **options)


async def _stream(office: Office, call: Call, messages: Turns, options: Options) -> int:
    return _opened(call, call.context.ai.stream(messages, **options))


async def _models(office: Office, call: Call, provider: str) -> object:
    return await call.context.ai.models(provider)


async def _kept_chat(office: Office, call: Call, messages: Turns, asking: Asking | None) -> object:
    return await call.context.answers.chat(messages, asking)


async def _kept_stream(office: Office, call: Call, messages: Turns, asking: Asking | None) -> int:
    return _opened(call, call.context.answers.stream(messages, asking))


def _opened(call: Call, stream: PieceStream) -> int:
    if len(call.streams) >= _STREAMS:
        raise PermissionDenied(f"one call reads at most {_STREAMS} answers at once")
    number = max(call.streams, default=0) + 1
    call.streams[number] = stream
    return number


async def _pieces(office: Office, call: Call, number: int) -> Pieces:
    stream = call.streams.get(number)
    if stream is None:
        raise NotFound("there is no such answer under way")
    piece = await anext(stream, None)
    if stream.answer is not None or piece is None:
        call.streams.pop(number, None)
    return Pieces(pieces=() if piece is None else (piece,), answer=stream.answer)


async def _piece(office: Office, call: Call, piece: Piece) -> None:
    if call.on_piece is None:
        raise PermissionDenied("nobody waits for pieces of an answer")
    await call.on_piece(piece)


async def _load(office: Office, call: Call, keys: list[str]) -> object:
    return await office.belongings("state", "context.state").state_keeper.load(keys)


async def _scan(office: Office, call: Call, prefix: str, after: str, limit: int) -> object:
    return await office.belongings("state", "context.state").state_keeper.scan(
        prefix, after, min(limit, 1000)
    )


async def _apply(
    office: Office, call: Call, expected: dict[str, bytes | None], changes: dict[str, bytes | None]
) -> bool:
    return await office.belongings("state", "context.state").state_keeper.apply(expected, changes)


async def _get(office: Office, call: Call, key: str) -> bytes | None:
    return await office.belongings("cache", "context.cache").cache_keeper.get(key)


async def _set(office: Office, call: Call, key: str, value: bytes, ttl_s: float | None) -> None:
    await office.belongings("cache", "context.cache").cache_keeper.set(key, value, ttl_s)


async def _delete(office: Office, call: Call, key: str) -> bool:
    return await office.belongings("cache", "context.cache").cache_keeper.delete(key)


async def _clear(office: Office, call: Call) -> int:
    return await office.belongings("cache", "context.cache").cache_keeper.clear()


async def _call(office: Office, call: Call, name: str, arguments: dict[str, Any]) -> object:
    toolbox = call.context.services.toolbox
    result = await toolbox.perform(call.context, name, arguments, office.granted())
    return msgspec.to_builtins(result, enc_hook=str, str_keys=True)


async def _secret(office: Office, call: Call, name: str) -> tuple[str, str] | None:
    key = await call.context.secrets.get(name)
    return None if key is None else (key.reveal(), key.origin)


# Method -> what its parameters are, the number of the call first, and what answers it.
_METHODS: dict[str, tuple[Any, Callable[..., Awaitable[object]]]] = {
    "emit": (tuple[int, str, Any], _emit),
    "read": (tuple[int, int], _read),
    "ask": (tuple[int, str, dict[str, Any], float | None], _ask),
    "ai.chat": (tuple[int, Turns, Options], _chat),
    "ai.stream": (tuple[int, Turns, Options], _stream),
    "ai.models": (tuple[int, str], _models),
    "answers.chat": (tuple[int, Turns, Asking | None], _kept_chat),
    "answers.stream": (tuple[int, Turns, Asking | None], _kept_stream),
    "pieces": (tuple[int, int], _pieces),
    "piece": (tuple[int, Piece], _piece),
    "state.load": (tuple[int, list[str]], _load),
    "state.scan": (tuple[int, str, str, int], _scan),
    "state.apply": (tuple[int, dict[str, bytes | None], dict[str, bytes | None]], _apply),
    "cache.get": (tuple[int, str], _get),
    "cache.set": (tuple[int, str, bytes, float | None], _set),
    "cache.delete": (tuple[int, str], _delete),
    "cache.clear": (tuple[int], _clear),
    "secrets.find": (tuple[int, str], _secret),
    "call": (tuple[int, str, dict[str, Any]], _call),
}
# What a person has to have granted first, whatever the code on the other side says of itself.
_SCOPE_OF: dict[str, Scope] = {
    "ai.chat": "ask",
    "ai.stream": "ask",
    "ai.models": "ask",
    "answers.chat": "ask",
    "answers.stream": "ask",
    "pieces": "ask",
}
METHODS = tuple(_METHODS)
