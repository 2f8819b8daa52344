"""Every error that can cross a room's door, with its code on the wire and who is to blame.

Codes follow JSON-RPC 2.0 (-32700 to -32603), the Language Server Protocol (-328xx) and, from -32003 on,
Isaac's own range. A code is never reused. Blame decides the exit code and the level of the log line:
`caller`, `provider`, `plugin` or `daemon`.
"""

from typing import TypeVar

E = TypeVar("E", bound=BaseException)


class IsaacError(Exception):
    """Something went wrong and can be told to the caller.

    `message` is one sentence that says what happened; `hint`, when there is one, says what to do about it.
    `detail` holds plain data (msgspec can encode it) and never a secret. `retry_after_ms` is given only when the
    one who refused said how long to wait.
    """

    code = -32603
    name = "internal_error"
    blame = "daemon"
    retryable = False

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        detail: dict[str, object] | None = None,
        retry_after_ms: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.detail = detail
        self.retry_after_ms = retry_after_ms


class ParseError(IsaacError):
    """The bytes are not a message of the language spoken on this connection."""

    code = -32700
    name = "parse_error"
    blame = "caller"


class InvalidRequest(IsaacError):
    """The bytes are well formed, but they are not a request, response or notification."""

    code = -32600
    name = "invalid_request"
    blame = "caller"


class MethodNotFound(IsaacError):
    """No command has this name."""

    code = -32601
    name = "method_not_found"
    blame = "caller"


class InvalidParams(IsaacError):
    """The command exists, but these are not arguments it takes."""

    code = -32602
    name = "invalid_params"
    blame = "caller"


class InternalError(IsaacError):
    """A defect in the daemon; the log has the traceback."""


class Cancelled(IsaacError):
    """The caller asked for this request to stop, or went away."""

    code = -32800
    name = "cancelled"
    blame = "caller"


class ContentModified(IsaacError):
    """What the caller had looked at has changed since, or is not known any more; `detail` may hold how it is now."""

    code = -32801
    name = "content_modified"
    blame = "caller"
    retryable = True


class PermissionDenied(IsaacError):
    """The caller, or the key it uses, may not do this."""

    code = -32003
    name = "permission_denied"
    blame = "caller"


class DeadlineExceeded(IsaacError):
    """The time that the caller allowed is over."""

    code = -32004
    name = "deadline_exceeded"
    blame = "caller"
    retryable = True


class Overloaded(IsaacError):
    """Too much is going on; the same request may succeed later."""

    code = -32005
    name = "overloaded"
    retryable = True


class ProviderUnavailable(IsaacError):
    """An AI provider did not answer, or broke off while answering."""

    code = -32006
    name = "provider_unavailable"
    blame = "provider"
    retryable = True


class RateLimited(IsaacError):
    """An AI provider asks to be called less often."""

    code = -32007
    name = "rate_limited"
    blame = "provider"
    retryable = True


class PluginFailed(IsaacError):
    """A plugin raised, or could not be loaded."""

    code = -32009
    name = "plugin_failed"
    blame = "plugin"


class FrameTooLarge(IsaacError):
    """A message is longer or nested deeper than allowed; the connection closes."""

    code = -32010
    name = "frame_too_large"
    blame = "caller"


class UnsupportedVersion(IsaacError):
    """Client and daemon have no protocol version in common."""

    code = -32011
    name = "unsupported_version"
    blame = "caller"


class NotFound(IsaacError):
    """The thing that was named does not exist."""

    code = -32012
    name = "not_found"
    blame = "caller"


class ShuttingDown(IsaacError):
    """The daemon is stopping; ask again in a moment."""

    code = -32014
    name = "shutting_down"
    retryable = True


class ServerCancelled(IsaacError):
    """The daemon stopped before the request had ended; some of it may have been done."""

    code = -32802
    name = "server_cancelled"
    retryable = True


class ClientTooSlow(IsaacError):
    """The client did not read what it asked for."""

    code = -32015
    name = "client_too_slow"
    blame = "caller"
    retryable = True


class ConfigInvalid(IsaacError):
    """The configuration cannot be used; the message names the key, the file and the line."""

    code = -32016
    name = "config_invalid"
    blame = "caller"


class BudgetExceeded(IsaacError):
    """The call was not made, because it could have gone over a budget; the message says which, and until when."""

    code = -32017
    name = "budget_exceeded"
    blame = "caller"


class StorageUnavailable(IsaacError):
    """A file of records cannot be read or written now, as when the disk is full."""

    code = -32018
    name = "storage_unavailable"
    retryable = True


class Incomplete(IsaacError):
    """Some of many things could not be done; the others were."""

    code = -32019
    name = "incomplete"
    blame = "caller"


class QuotaExceeded(IsaacError):
    """A plugin would keep more than it has room for; nothing was changed."""

    code = -32020
    name = "quota_exceeded"
    blame = "plugin"


def untraced(error: E) -> E:
    """Take from an error that is kept, and from those that led to it, the frames that it has come through; returns it.

    A frame holds all that was at hand in it, and soon the error itself: a cycle that only the collector would find.
    """
    links: list[BaseException | None] = [error]
    while links:
        link = links.pop()
        if link is not None and link.__traceback__ is not None:
            link.__traceback__ = None
            links += (link.__cause__, link.__context__)
    return error
