"""One conversation with a host: its requests become calls of commands; it knows no socket."""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from isaacd import __version__
from isaacd.command import Call, Command
from isaacd.context import Meta
from isaacd.errors import InvalidParams, InvalidRequest, IsaacError, MethodNotFound
from isaacd.faces.mcp import spec
from isaacd.faces.mcp.access import Access
from isaacd.faces.mcp.asking import Elicitation, HostPerson, unguessable
from isaacd.faces.mcp.batches import Batches
from isaacd.faces.mcp.calling import Calling
from isaacd.faces.mcp.listing import Listing
from isaacd.faces.mcp.port import Port
from isaacd.safety.visible import plain
from isaacd.wire import Batch, Message, Notification, Request, Response, to_wire_error

# So many calls of one host run at once. Fewer than the connection bears: their questions must still be answered.
MAX_CALLS: Final = 32
INSTRUCTIONS: Final = (
    "Isaac knows this machine: its manual, its programs, and what is dangerous on a command line. Ask it before you "
    "suggest or run a shell line. It runs nothing by itself; what is dangerous needs the person's yes."
)


class Face:
    """The daemon's side of one conversation; `take` is given every message, `close` ends it.

    `access` says what this host may call, `meta` where its person is: directory and variables. `returns` says that a
    client of ours is in between, which comes back when the daemon has left; `can_tell` that a host can be told something
    that it has not asked for.
    """

    def __init__(
        self,
        port: Port,
        access: Access,
        meta: Meta,
        *,
        returns: bool = False,
        can_tell: bool = True,
        random: Callable[[int], str] | None = None,
    ) -> None:
        self._port = port
        self._access = access
        self._meta = meta
        self.returns = returns
        self._can_tell = can_tell
        self._version: str | None = None
        self._client = spec.Implementation()
        self._can_elicit = False
        self._level = spec.LEVELS.index("info")
        self._cancelled: set[int | str] = set()
        self._calls = 0
        self._batches = Batches(port.send)
        self._elicitation = Elicitation(port.codec, port.send, random or unguessable)
        self._listing = Listing(port, access, self._changed)
        self._methods: dict[str, Callable[[Request], None]] = {
            "initialize": self._initialize,
            "ping": lambda request: self._reply(request.id, {}),
            "tools/list": self._list,
            "tools/call": self._call,
            "logging/setLevel": self._set_level,
        }

    def close(self) -> None:
        """End the conversation: nobody is told anything any more."""
        self._listing.close()

    @property
    def has_begun(self) -> bool:
        """Whether a version was agreed on."""
        return self._version is not None

    def farewell(self, running: tuple[int | str, ...]) -> None:
        """Tell a client that comes back what it may ask the next daemon: all that is not answered and not in `running`."""
        if self.returns:
            self._port.send(self._port.codec.encode_notification(spec.LEFT, {"running": running}))

    def take(self, message: Message) -> None:
        """Act on one message."""
        if type(message) is Request:
            self._request(message)
        elif type(message) is Notification:
            self._notification(message)
        elif type(message) is Response:
            self._elicitation.answered(message)
        elif type(message) is Batch:
            self._batch(message)

    def _request(self, request: Request) -> None:
        try:
            if self._version is None and request.method not in ("initialize", "ping"):
                if request.method in self._methods:
                    raise InvalidRequest("the conversation begins with `initialize`")
                raise MethodNotFound(f"there is no method {request.method[:80]!r}")
            known = self._methods.get(request.method)
            if known is None:
                raise MethodNotFound(f"there is no method {request.method[:80]!r}")
            known(request)
        except IsaacError as error:
            self._fail(request.id, error)

    def _notification(self, notification: Notification) -> None:
        if notification.method != "notifications/cancelled":
            return
        try:
            wanted = spec.read(notification.params, spec.CancelParams, notification.method)
        except IsaacError:
            return
        under_way = self._port.under_way(wanted.request_id)
        if under_way is not None:
            self._cancelled.add(wanted.request_id)
            under_way.cancel()

    def _batch(self, batch: Batch) -> None:
        """Act on every message of a batch; its answers go out as one."""
        read = []
        refused = []
        for item in batch.items:
            try:
                read.append(self._port.codec.read(item))
            except IsaacError as error:
                refused.append(
                    self._port.codec.encode_error(self._port.codec.failed_id, to_wire_error(error))
                )
        self._batches.begin([item.id for item in read if type(item) is Request], refused)
        for message in read:
            self.take(message)

    def _initialize(self, request: Request) -> None:
        if self._version is not None:
            raise InvalidRequest("the conversation has begun already")
        params = spec.read(request.params, spec.InitializeParams, "initialize")
        self._version = version = spec.negotiated(params.protocol_version)
        self._client = params.client_info
        self._can_elicit = version >= spec.HAS_ELICITATION and _has_forms(params.capabilities)
        self._port.codec.takes_batches = version == spec.BATCHES
        server = {"name": "isaac", "version": __version__}
        if version >= spec.HAS_TITLES:
            server["title"] = "Isaac"
        self._reply(
            request.id,
            {
                "protocolVersion": version,
                "capabilities": {"logging": {}, "tools": {"listChanged": True} if self._can_tell else {}},
                "serverInfo": server,
                "instructions": INSTRUCTIONS,
            },
        )

    def _list(self, request: Request) -> None:
        params = spec.read(request.params, spec.ListParams, "tools/list")
        assert self._version is not None
        command = self._listing.command(params, self._version)
        self._begin(command, request.id, self._finish)

    def _call(self, request: Request) -> None:
        params = spec.read(request.params, spec.CallParams, "tools/call")
        assert self._version is not None
        if self._calls >= MAX_CALLS:
            raise InvalidRequest(f"{MAX_CALLS} calls of this host are under way already")
        person = HostPerson(
            self._elicitation,
            can_ask=self._can_elicit,
            modes=self._version >= spec.HAS_ELICITATION_MODES,
        )
        calling = Calling(
            params,
            self._port.catalog,
            self._access,
            person,
            version=self._version,
            tell=self._tell,
            log=self._log,
        )
        self._begin(calling.command, request.id, self._finish_call)
        self._calls += 1

    def _begin(
        self,
        command: Command,
        request_id: int | str,
        finish: Callable[[Any, object, IsaacError | None], None],
    ) -> None:
        caller = self._access.caller(self._client.name)
        call = Call(command.bind({}, self._meta).args, msgspec.structs.replace(self._meta, caller=caller))
        self._port.begin(command, call, request_id, finish, wants_events=False)

    def _finish_call(self, run: Any, result: object, error: IsaacError | None) -> None:
        self._calls -= 1
        self._finish(run, result, error)

    def _finish(self, run: Any, result: object, error: IsaacError | None) -> None:
        if run.id in self._cancelled:
            # Who has said that it waits no longer is not answered.
            self._cancelled.discard(run.id)
            self._batches.forget(run.id)
        elif error is not None:
            self._fail(run.id, error)
        else:
            self._reply(run.id, result)

    def _set_level(self, request: Request) -> None:
        params = spec.read(request.params, spec.LevelParams, request.method)
        if params.level not in spec.LEVELS:
            raise InvalidParams(f"there is no level {params.level[:40]!r}", hint=", ".join(spec.LEVELS))
        self._level = spec.LEVELS.index(params.level)
        self._reply(request.id, {})

    def _changed(self) -> None:
        self._tell("notifications/tools/list_changed", None)

    def _log(self, level: str, text: str) -> None:
        if spec.LEVELS.index(level) >= self._level:
            self._tell("notifications/message", {"level": level, "logger": "isaac", "data": plain(text)})

    def _tell(self, method: str, params: dict[str, Any] | None) -> None:
        """Send what may be lost: a host that does not read is told no more."""
        if not self._port.is_behind:
            self._port.send(self._port.codec.encode_notification(method, params))

    def _reply(self, request_id: int | str, result: object) -> None:
        try:
            frame = self._port.codec.encode_result(request_id, result)
        except IsaacError as error:
            self._fail(request_id, error)
            return
        self._batches.send(request_id, frame)

    def _fail(self, request_id: int | str, error: IsaacError) -> None:
        wire = to_wire_error(error)
        if error.hint:
            # Hosts show the message, and seldom what else there is.
            wire = msgspec.structs.replace(wire, message=f"{error.message} ({error.hint})")
        self._batches.send(request_id, self._port.codec.encode_error(request_id, wire))


def _has_forms(capabilities: dict[str, msgspec.Raw]) -> bool:
    """Say whether a host can show a form: an empty capability means that it can, as before there were kinds."""
    if "elicitation" not in capabilities:
        return False
    try:
        kinds = msgspec.json.decode(capabilities["elicitation"], type=dict[str, Any])
    except (ValueError, RecursionError):
        return False
    return not kinds or "form" in kinds
