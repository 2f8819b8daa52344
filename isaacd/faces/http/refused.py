"""What a peer is told whose request is no request, or none for us."""


class RefusedError(Exception):
    """A request that is answered with a status and a sentence; `closes` says that nothing after it can be understood."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        headers: tuple[tuple[str, str], ...] = (),
        closes: bool = False,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.param = param
        self.headers = headers
        self.closes = closes


def malformed(message: str, status: int = 400) -> RefusedError:
    """Refuse what cannot be understood; the connection ends, since nobody knows where the next request would begin."""
    return RefusedError(status, message, code="malformed_request", closes=True)
