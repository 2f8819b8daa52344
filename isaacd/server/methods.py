"""The methods that belong to the conversation itself: hello, ping, cancel, call, start and commands."""

import itertools
import os
from collections.abc import Callable
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from isaacd import __version__
from isaacd.command import Call, Catalog, Command
from isaacd.context import NO_META, Context, Meta, Sink
from isaacd.errors import IsaacError, NotFound, UnsupportedVersion
from isaacd.server.faces import FACES
from isaacd.server.outbox import MAX_QUEUED_BYTES
from isaacd.server.run import MAX_INPUT_CHUNK_BYTES, Run
from isaacd.wire import Codec, Notification, Request, to_wire_error
from isaacd.wire.messages import MAX_DEPTH_IN, MAX_DEPTH_OUT, MAX_FRAME_BYTES

if TYPE_CHECKING:
    from isaacd.server.ports import Builtin, Conversation

PROTOCOL = 1
CAPABILITIES = ("call", "cancel", "deadline", "input", "interrupt", "line", "sink", "start", "stream")
MAX_IN_FLIGHT = 64


@cache
def _pid() -> int:
    """Return the daemon's process; Python asks the system each time."""
    return os.getpid()


class Client(msgspec.Struct, frozen=True):
    """Who is calling, as it says itself."""

    name: str = ""
    version: str = ""


def hello(
    context: Context,
    proto: tuple[int, ...] = (PROTOCOL,),
    client: Client | None = None,
    caps: tuple[str, ...] = (),
    errors: Literal["map", "nvim"] | None = None,
    sink: Sink | None = None,
) -> None:
    """Agree on a version and say what each side can do."""


def ping(context: Context) -> None:
    """Answer at once, to show that the daemon is alive."""


def cancel(context: Context, id: int | str) -> None:  # noqa: A002 - the field's name in the protocol
    """Stop a request or a run; it still gets its response."""


def call(context: Context, method: str, args: msgspec.Raw = msgspec.Raw(), opts: Meta | None = None) -> None:  # noqa: B008
    """Call a command with options, for clients that cannot add `_meta` to its arguments."""


def start(context: Context, method: str, args: msgspec.Raw = msgspec.Raw(), opts: Meta | None = None) -> None:  # noqa: B008
    """Start a command and answer at once with the name of its run, which ends with the event `end`."""


def commands(context: Context) -> None:
    """Describe every command with the JSON Schema of its arguments."""


def give_input(context: Context, id: int | str, chunk: bytes, question: int | None = None) -> None:  # noqa: A002
    """Bring the bytes that an `input` event asked for, or the answer to a `question`; none at all mean the end."""


def interrupt(context: Context, id: int | str) -> None:  # noqa: A002
    """Stop what a run is doing, as far as it can go on without."""


def _hello(session: "Conversation", request_id: int | str, args: Any, meta: Meta) -> None:
    if PROTOCOL not in args.proto:
        raise UnsupportedVersion(
            f"this daemon speaks protocol {PROTOCOL}, the client {list(args.proto)}",
            hint="restart the daemon after an upgrade: isaacctl restart",
        )
    if args.errors is not None:
        session.codec.error_maps = args.errors == "map"
    session.sink = args.sink
    session.can_ask = "line" in args.caps
    _reply_with_all(session, request_id, meta, lambda: _greeting(session.catalog))


def _greeting(catalog: Catalog) -> dict[str, object]:
    return {
        "proto": PROTOCOL,
        "server": {"name": "isaacd", "version": __version__, "pid": _pid()},
        "caps": CAPABILITIES,
        "methods": sorted({*BUILTIN, *(item.name for item in catalog if not item.hidden)}),
        "limits": {
            "frame_bytes": MAX_FRAME_BYTES,
            "depth_in": MAX_DEPTH_IN,
            "depth_out": MAX_DEPTH_OUT,
            "in_flight": MAX_IN_FLIGHT,
            "queued_bytes": MAX_QUEUED_BYTES,
            "input_bytes": MAX_INPUT_CHUNK_BYTES,
        },
    }


def _reply_with_all(
    session: "Conversation", request_id: int | str, meta: Meta, result: Callable[[], object]
) -> None:
    """Reply at once, unless plugins are still being looked at that may have commands."""
    wait = session.catalog.waiting()
    if wait is None:
        session.reply(request_id, result())
        return

    async def later(context: Context) -> object:
        """Wait for the plugins."""
        await wait()
        return result()

    command = Command(later, name="commands", plugin="isaacd")
    session.execute(command, Call(command.decode(msgspec.Raw(), "msgpack").args, meta), request_id)


def _ping(session: "Conversation", request_id: int | str, args: Any, meta: Meta) -> None:
    session.reply(request_id, {"pid": _pid(), "version": __version__})


def _cancel(session: "Conversation", request_id: int | str, args: Any, meta: Meta) -> None:
    run = session.runs.get(args.id)
    if run is None:
        raise NotFound(f"no request or run {args.id!r} is under way on this connection")
    run.cancel()
    session.reply(request_id, True)


def _call(session: "Conversation", request_id: int | str, args: Any, meta: Meta) -> None:
    command = session.catalog.get(args.method)
    decoded = _with_options(
        command.decode(_arguments(args.args, session.codec), session.codec.format), args.opts
    )
    session.execute(command, decoded, request_id)


_run_numbers = itertools.count(1)


def _start(session: "Conversation", request_id: int | str, args: Any, meta: Meta) -> None:
    command = session.catalog.get(args.method)
    decoded = _with_options(
        command.decode(_arguments(args.args, session.codec), session.codec.format), args.opts
    )
    run_id = f"run-{next(_run_numbers)}"

    def finish(run: Run, result: object, error: IsaacError | None) -> None:
        outcome = {"result": result} if error is None else {"error": to_wire_error(error)}
        try:
            session.send(run.encode_event("end", outcome))
        except IsaacError as unsendable:
            session.send(run.encode_event("end", {"error": to_wire_error(unsendable)}))

    session.begin(command, decoded, run_id, finish, wants_events=True)
    session.reply(request_id, run_id)


def _commands(session: "Conversation", request_id: int | str, args: Any, meta: Meta) -> None:
    _reply_with_all(session, request_id, meta, session.catalog.cards)


def _arguments(raw: msgspec.Raw, codec: Codec) -> msgspec.Raw:
    """Return the arguments as params: a native map of named ones has to be the only element of an array."""
    data = bytes(raw)
    is_map = data[:1] in (b"\xde", b"\xdf") or (data[:1] and data[0] & 0xF0 == 0x80)
    return msgspec.Raw(b"\x91" + data) if codec.format == "msgpack" and is_map else raw


def _with_options(decoded: Call, options: Meta | None) -> Call:
    """Lay the options of `call` and `start` over the meta that the arguments carry."""
    if options is None:
        return decoded
    changes: dict[str, Any] = {
        name: value
        for name in Meta.__struct_fields__
        if (value := getattr(options, name)) != getattr(NO_META, name)
    }
    return Call(decoded.args, msgspec.structs.replace(decoded.meta, **changes))


class Method:
    """A built-in method: its signature is read like a command's, but it acts on the session."""

    def __init__(
        self,
        name: str,
        signature: Callable[..., None],
        act: Callable[["Conversation", int | str, Any, Meta], None],
    ) -> None:
        self._name = name
        self._signature = signature
        self._act = act

    @cached_property
    def _command(self) -> Command:
        """Its arguments; read when they are first needed, because few connections use any of these methods."""
        return _lenient(self._name, self._signature)

    def answer(self, session: "Conversation", request: Request) -> None:
        """Decode the arguments and answer; raises IsaacError for the caller to send."""
        decoded = self._command.decode(request.params, session.codec.format)
        self._act(session, request.id, decoded.args, decoded.meta)


BUILTIN: "dict[str, Builtin]" = {
    name: Method(name, signature, act)
    for name, signature, act in (
        ("hello", hello, _hello),
        ("ping", ping, _ping),
        ("cancel", cancel, _cancel),
        ("call", call, _call),
        ("start", start, _start),
        ("commands", commands, _commands),
    )
}
BUILTIN.update(FACES)


@cache
def _lenient(name: str, signature: Callable[..., None]) -> Command:
    return Command(signature, name=name, plugin="isaacd", lenient=True)


def _cancelled(session: "Conversation", notification: Notification) -> None:
    run = session.runs.get(
        _lenient("cancel", cancel).decode(notification.params, session.codec.format).args.id
    )
    if run is not None:
        run.cancel()


def _input_given(session: "Conversation", notification: Notification) -> None:
    args = _lenient("$/input", give_input).decode(notification.params, session.codec.format).args
    run = session.runs.get(args.id)
    if run is not None:
        run.feed(args.chunk, args.question)


def _interrupted(session: "Conversation", notification: Notification) -> None:
    args = _lenient("$/interrupt", interrupt).decode(notification.params, session.codec.format).args
    run = session.runs.get(args.id)
    if run is not None:
        run.interrupt()


NOTIFIED = {
    "cancel": _cancelled,
    "$/cancelRequest": _cancelled,
    "notifications/cancelled": _cancelled,
    "$/input": _input_given,
    "$/interrupt": _interrupted,
}
