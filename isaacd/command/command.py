"""A command: a handler with everything that its callers need to know."""

import asyncio
import inspect
import math
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import anyio

from isaacd.command.arguments import Arguments, Call
from isaacd.command.later import Later
from isaacd.command.results import output_of
from isaacd.command.schema import schema_of
from isaacd.command.signature import Parameter, read_signature
from isaacd.context import Context, Meta, Terminal
from isaacd.errors import InvalidParams, IsaacError, PluginFailed
from isaacd.log import Log
from isaacd.safety.tier import Tier

if TYPE_CHECKING:
    from isaacd.tokens.scope import Scope

Mode = Literal["inline", "task", "stream"]
View = Callable[[Any, Terminal], str]
# Text of a stream that is its result as well; a message holds 16 MiB.
_MOST_TEXT_BYTES = 16_000_000


class Command:
    """A handler with everything that its callers need to know.

    `name` is the method on the wire: `plugin` or `plugin.function`. `mode` is inline for a plain function (it must
    not wait, but may raise Later), task for a coroutine function, stream for an async generator. A `live` command sends events even when
    the caller did not ask for them; a `lenient` one ignores arguments that it does not know. `at_once` is tried
    before a task or stream is started, in the same way as a plain handler; None from it means that it must be.
    `tool` is there if a model may call it too, and says how dangerous that is. `markdown` says that its text is
    Markdown, which a terminal shows as such. `scope` is what a token has to be good for to call it, if one is shown. `plain` calls a plain function, `immediate` is what can answer without a task. `renew`, if there is one,
    returns the command to use instead: the same one, unless its file has changed.
    """

    renew: "Callable[[], Command] | None" = None
    parameters: tuple[Parameter, ...]
    returns: Any

    def __init__(
        self,
        handler: Callable[..., Any],
        *,
        name: str,
        plugin: str,
        view: View | None = None,
        hidden: bool = False,
        live: bool = False,
        at_once: Callable[[Context, Any], Any] | None = None,
        lenient: bool = False,
        tool: Tier | None = None,
        markdown: bool = False,
        scope: "Scope" = "admin",
    ) -> None:
        signature = read_signature(handler, lenient=lenient)
        self.handler = handler
        self.name = name
        self.plugin = plugin
        self.view = view
        self.hidden = hidden
        self.live = live
        self.at_once = at_once
        self.tool = tool
        self.markdown = markdown
        self.scope = scope
        self.mode: Mode = _mode_of(name, handler)
        self.doc = inspect.getdoc(handler) or ""
        self.summary = self.doc.partition("\n")[0].strip()
        if not self.summary:
            raise PluginFailed(f"{name}: a command needs a docstring; its first line is the help")
        self.parameters = signature.parameters
        self.returns = signature.returns
        self.arguments = Arguments(name, signature)
        self.decode = self.arguments.decode
        self._lenient = lenient
        # Calls the handler: a result for an inline command, else a coroutine or an async iterator.
        self.start = _starter(handler, self.parameters)
        self.plain = self.start if self.mode == "inline" else None
        self.immediate = self.plain or at_once
        self.under_way = 0

    async def ready(self) -> "Command":
        """Return the command with its function, which is this one."""
        return self

    def seen(self, args: Any) -> Any:
        """Return decoded arguments as a record of them by the names of the parameters."""
        return args

    def bind(self, values: Mapping[str, object], meta: Meta) -> Call:
        """Make a call of decoded values, by the names of the handler's own parameters."""
        return self.arguments.bind(values, meta)

    async def run(self, context: Context, args: Any) -> Any:
        """Run the handler to its end and return its result; a stream's text goes out as `delta` events.

        A stream's result is the last thing it yields that is not text, or else all of its text. Raises IsaacError
        only, whatever the handler raises; cancellation passes through.
        """
        later: Later | None = None
        if self.mode == "inline":
            try:
                return self.answer(self.start, context, args)
            except Later as told:
                later = told
        self.under_way += 1
        try:
            if later is not None:
                return await later.work()
            if self.mode == "task":
                return await self.start(context, args)
            return await _drain(self.start(context, args), context)
        except IsaacError:
            raise
        except BaseException as error:
            # A handler that calls sys.exit() must not end the daemon, nor pass for cancelled when nobody has cancelled it.
            if isinstance(error, GeneratorExit) or _was_asked_to_end(error):
                raise
            raise self.broke(error, context.log) from error
        finally:
            self.under_way -= 1

    def answer(self, handler: Callable[[Context, Any], Any], context: Context, args: Any) -> Any:
        """Call `start` or `at_once` without waiting; raises IsaacError only, whatever the handler raises, or Later."""
        try:
            return handler(context, args)
        except (IsaacError, Later):
            raise
        except (
            BaseException
        ) as error:  # SystemExit too: it is the plugin's, and there is no task to cancel here
            raise self.broke(error, context.log) from error

    def broke(self, error: BaseException, log: Log) -> PluginFailed:
        """Log what the handler has raised and should not have, and return what its caller is told."""
        log.exception("command failed", command=self.name, plugin=self.plugin)
        return self.failed(error)

    def failed(self, error: BaseException) -> PluginFailed:
        """Say that the handler raised what it should not have."""
        return PluginFailed(
            f"{self.name} failed: {type(error).__name__}",
            hint="`isaacctl logs` shows the details",
            detail={"plugin": self.plugin, "command": self.name},
        )

    @cached_property
    def output(self) -> dict[str, object] | None:
        """The JSON Schema of the result, None where it is text or cannot be told."""
        return output_of(self.returns)

    @cached_property
    def schema(self) -> dict[str, object]:
        """The JSON Schema of the arguments."""
        return schema_of(self.name, self.parameters, strict=not self._lenient)


def _starter(handler: Callable[..., Any], parameters: Sequence[Parameter]) -> Callable[[Context, Any], Any]:
    """Return what calls a handler with decoded arguments; written out, as to collect them by name costs more than the call."""
    given = (
        f"{item.field}=args.{item.field}" if item.keyword_only else f"args.{item.field}"
        for item in parameters
    )
    start: Callable[[Context, Any], Any] = eval(  # noqa: S307 - of the names of parameters, which are identifiers
        f"lambda context, args: handler({', '.join(['context', *given])})", {"handler": handler}
    )
    return start


def _was_asked_to_end(error: BaseException) -> bool:
    """Tell whether an exception is the cancellation of the task it is raised in."""
    if not isinstance(error, asyncio.CancelledError):
        return False
    task = asyncio.current_task()
    return (task is not None and task.cancelling() > 0) or anyio.current_effective_deadline() == -math.inf


def _mode_of(name: str, handler: Callable[..., Any]) -> Mode:
    if inspect.isgeneratorfunction(handler):
        raise PluginFailed(f"{name}: a command that yields must be an `async def`")
    if inspect.isasyncgenfunction(handler):
        return "stream"
    return "task" if inspect.iscoroutinefunction(handler) else "inline"


async def _drain(pieces: AsyncIterator[Any], context: Context) -> Any:
    """Send on the text of a stream as it comes, and return its result: what came last, or else its text as a whole.

    Text that no message could hold is not kept, and the result is then None; where only the result is shown, that is
    refused.
    """
    text: list[str] | None = []
    text_bytes = 0
    result: Any = None
    try:
        async for piece in pieces:
            if not isinstance(piece, str):
                result = piece
                continue
            if text is not None:
                text.append(piece)
                text_bytes += len(piece) if piece.isascii() else len(piece.encode("utf-8", "surrogatepass"))
                text = text if text_bytes <= _MOST_TEXT_BYTES else None
            await context.emit("delta", piece)
    finally:
        close = getattr(pieces, "aclose", None)
        if close is not None:
            await close()
    if result is None and text is not None:
        return "".join(text)
    if result is None and context.wants_json:
        raise InvalidParams(
            f"its text is longer than the {_MOST_TEXT_BYTES} bytes that one answer can hold",
            hint="without --json it is shown as it comes",
        )
    return result
