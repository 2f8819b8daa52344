"""OpenAI's batches: a file of JSON lines goes up, and a file of results and one of errors come back."""

from collections.abc import AsyncGenerator, Callable, Sequence
from functools import partial
from typing import Any, TypeVar
from urllib.parse import quote

from msgspec import DecodeError, Raw, Struct, json

from isaacd.ai.chat import ChatRequest, Piece
from isaacd.ai.http import HttpApi
from isaacd.ai.protocol.faults import Faults
from isaacd.ai.provider import BatchItem, BatchMark, BatchResult, BatchStatus
from isaacd.ai.refusal import read_refusal
from isaacd.ai.reply import HttpReply
from isaacd.errors import InvalidParams, IsaacError, NotFound, ProviderUnavailable

MAX_INPUT_BYTES = 200 * 1024 * 1024
MAX_RESULTS_BYTES = 4 * 1024**3
PAGE = 100
MAX_PAGES = 50
# Clocks differ: a batch that is older than this was not ours.
SLACK_S = 3600.0
# What our own name for a batch is called in its metadata.
_OURS = "isaac"
_STATES = {"completed": "ended", "failed": "failed", "expired": "expired", "cancelled": "cancelled"}
_ERRORS = {"batch_expired": "expired", "batch_cancelled": "canceled"}
_NULL = Raw(b"null")
_T = TypeVar("_T")


class _Counts(Struct):
    total: int = 0
    completed: int = 0
    failed: int = 0


class _Problem(Struct):
    message: str | None = None


class _Problems(Struct):
    data: list[_Problem] | None = None


class _Batch(Struct):
    id: str
    status: str = ""
    request_counts: _Counts | None = None
    output_file_id: str | None = None
    error_file_id: str | None = None
    expires_at: float | None = None
    errors: _Problems | None = None
    created_at: float | None = None
    metadata: dict[str, Any] | None = None


class _Page(Struct):
    data: list[_Batch]
    has_more: bool = False


class _File(Struct):
    id: str


class _Response(Struct):
    status_code: int = 0
    body: Raw = _NULL


class _Failure(Struct):
    code: str | None = None
    message: str | None = None


class _Line(Struct):
    custom_id: str
    response: _Response | None = None
    error: _Failure | None = None


_LINE = json.Decoder(_Line, strict=False)


class FileBatches:
    """The batches of one service; `write` makes the body of a request, `read` takes the pieces out of an answer."""

    def __init__(
        self,
        api: HttpApi,
        endpoint: str,
        write: Callable[[ChatRequest], dict[str, Any]],
        read: Callable[[bytes, Faults], list[Piece]],
    ) -> None:
        self._api = api
        self._endpoint = endpoint
        self._write = write
        self._read = read

    async def submit(self, items: Sequence[BatchItem], name: str = "") -> str:
        """Upload the questions and start the batch, with our name for it beside; return its name.

        Raises InvalidParams for a provider without batches, and what the provider raises.
        """
        lines = self._lines(items)
        try:
            async with self._api.upload("/files", {"purpose": "batch"}, "batch.jsonl", lines) as reply:
                file = await decoded(reply, _File)
        except NotFound as error:
            raise InvalidParams(
                f"provider {self._api.name} has no batches", hint="run the batch without --deferred"
            ) from error
        order: dict[str, Any] = {
            "input_file_id": file.id,
            "endpoint": self._endpoint,
            "completion_window": "24h",
        }
        if name:
            order["metadata"] = {_OURS: name}
        async with self._api.post("/batches", json.encode(order)) as reply:
            return (await decoded(reply, _Batch)).id

    async def find(self, mark: BatchMark) -> str | None:
        """Look through the batches, the newest first, for one with our name beside it.

        Raises ProviderUnavailable if that cannot be told: then it must not be submitted again.
        """
        unnamed, after = False, ""
        for _ in range(MAX_PAGES):
            path = f"/batches?limit={PAGE}" + (f"&after={quote(after, safe='')}" if after else "")
            async with self._api.get(path) as reply:
                page = await decoded(reply, _Page)
            for item in page.data:
                if (item.metadata or {}).get(_OURS) == mark.name:
                    return item.id
                unnamed = unnamed or _may_be(item, mark)
            old = bool(page.data) and (page.data[-1].created_at or mark.since) < mark.since - SLACK_S
            if old or not page.has_more or not page.data or page.data[-1].id == after:
                if unnamed:
                    raise ProviderUnavailable(f"{self._api.name} has a batch of that time without a name")
                return None
            after = page.data[-1].id
        raise ProviderUnavailable(f"{self._api.name} has too many batches to look through")

    async def status(self, batch: str) -> BatchStatus:
        """Ask how far a batch is."""
        found = await self._find(batch)
        counts = found.request_counts or _Counts()
        problems = (found.errors.data if found.errors else None) or []
        return BatchStatus(
            state=_STATES.get(found.status, "working"),  # type: ignore[arg-type]
            total=counts.total,
            succeeded=counts.completed,
            failed=counts.failed,
            expires_at=found.expires_at,
            message="; ".join(item.message for item in problems[:3] if item.message),
        )

    async def results(self, batch: str) -> AsyncGenerator[BatchResult, None]:
        """Return what has come of the questions, those that failed too."""
        found = await self._find(batch)
        for file in (found.output_file_id, found.error_file_id):
            if not file:
                continue
            async with self._api.get(f"/files/{file}/content", max_bytes=MAX_RESULTS_BYTES) as reply:
                while (line := await reply.next_line()) is not None:
                    yield self._result(line, reply)

    async def cancel(self, batch: str) -> None:
        """Ask for a batch to stop."""
        async with self._api.post(f"/batches/{checked_name(batch)}/cancel", b"{}") as reply:
            await reply.body()

    def _lines(self, items: Sequence[BatchItem]) -> bytes:
        bodies = [(item.custom_id, self._write(item.request)) for item in items]
        if len({body["model"] for _, body in bodies}) > 1:
            raise InvalidParams(
                f"a batch of provider {self._api.name} can ask only one model",
                hint="make one batch for each model",
            )
        lines = json.Encoder().encode_lines(
            {"custom_id": custom_id, "method": "POST", "url": self._endpoint, "body": body}
            for custom_id, body in bodies
        )
        if len(lines) > MAX_INPUT_BYTES:
            raise InvalidParams(
                f"a batch of provider {self._api.name} can hold {MAX_INPUT_BYTES // 2**20} MiB, and this one is larger",
                hint="make several batches of it",
            )
        return lines

    async def _find(self, batch: str) -> _Batch:
        async with self._api.get(f"/batches/{checked_name(batch)}") as reply:
            return await decoded(reply, _Batch)

    def _result(self, data: bytes, reply: HttpReply) -> BatchResult:
        try:
            line = _LINE.decode(data)
        except (DecodeError, UnicodeDecodeError, RecursionError):
            raise reply.malformed(data) from None
        if line.error is not None:
            error = _ERRORS.get(line.error.code or "", "errored")
            message = line.error.message or line.error.code or ""
            return BatchResult(custom_id=line.custom_id, error=error, message=message)
        response = line.response or _Response()
        if response.status_code != 200:
            message = read_refusal(bytes(response.body)).message or f"status {response.status_code}"
            return BatchResult(custom_id=line.custom_id, error="errored", message=message)
        return read_result(line.custom_id, partial(self._read, bytes(response.body), reply))


def _may_be(item: _Batch, mark: BatchMark) -> bool:
    """Say whether a batch could be ours although the service has kept no name of it."""
    total = item.request_counts.total if item.request_counts else 0
    recent = item.created_at is None or item.created_at >= mark.since - SLACK_S
    return not item.metadata and recent and total in (0, len(mark.custom_ids))


def read_result(custom_id: str, read: Callable[[], list[Piece]]) -> BatchResult:
    """Return the pieces of one answer; one that cannot be understood fails alone."""
    try:
        return BatchResult(custom_id=custom_id, pieces=tuple(read()))
    except IsaacError as error:
        return BatchResult(custom_id=custom_id, error="errored", message=error.message)


def checked_name(batch: str) -> str:
    """Return the name of a batch if it can be a part of a path; raises NotFound if not."""
    if not batch or not batch.isascii() or not all(sign.isalnum() or sign in "_-" for sign in batch):
        raise NotFound(f"{batch!r} is not the name of a batch")
    return batch


async def decoded(reply: HttpReply, kind: type[_T]) -> _T:
    """Read the body of a reply as JSON of a type; raises ProviderUnavailable for anything else."""
    body = await reply.body()
    try:
        return json.decode(body, type=kind, strict=False)
    except (DecodeError, UnicodeDecodeError, RecursionError):
        raise reply.malformed(body) from None
