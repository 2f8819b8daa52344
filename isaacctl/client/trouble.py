"""What can go wrong between a program and the daemon."""


class ClientError(Exception):
    """The base of all that the client library raises by itself; a wait that was too long is a TimeoutError."""


class DaemonUnavailable(ClientError):
    """There is no daemon to talk to: none runs and none could be started, or its socket cannot be trusted."""


class ConnectionLost(ClientError):
    """The daemon closed the connection while something was under way; it may or may not have been done."""


class RemoteError(ClientError):
    """The daemon, or a command in it, refused.

    `name` is what to decide by, for example "not_found"; `retryable` says whether the same request may succeed later,
    and `retry_after_ms` when, if that is known. `hint` says what a person could do about it.
    """

    def __init__(
        self,
        code: int,
        name: str,
        message: str,
        *,
        retryable: bool = False,
        retry_after_ms: int | None = None,
        hint: str | None = None,
        detail: object = None,
    ) -> None:
        super().__init__(f"{message} ({hint})" if hint else message)
        self.code = code
        self.name = name
        self.message = message
        self.retryable = retryable
        self.retry_after_ms = retry_after_ms
        self.hint = hint
        self.detail = detail
