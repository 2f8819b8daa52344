"""xAI's batches: a named container that questions are added to, counts instead of a state, results by the page."""

from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any
from urllib.parse import quote

from msgspec import Raw, Struct, json

from isaacd.ai.chat import ChatRequest
from isaacd.ai.http import HttpApi
from isaacd.ai.protocol.chat_answer import read_chat_answer
from isaacd.ai.protocol.faults import Faults
from isaacd.ai.protocol.file_batches import checked_name, decoded, read_result
from isaacd.ai.protocol.responses_answer import read_response
from isaacd.ai.provider import BatchItem, BatchMark, BatchResult, BatchStatus
from isaacd.errors import IsaacError, ProviderUnavailable

# 25 MB may be added at once; the rest is room for what holds the questions together.
MAX_ADDED_BYTES = 24_000_000
PAGE = 100
MAX_PAGES = 100
_NULL = Raw(b"null")


class _Counts(Struct):
    num_requests: int | None = None
    num_pending: int | None = None
    num_success: int | None = None
    num_error: int | None = None
    num_cancelled: int | None = None


class _Batch(Struct):
    batch_id: str
    name: str | None = None
    state: _Counts | None = None
    expire_time: str | None = None
    cancel_time: str | None = None
    cancel_by_xai_message: str | None = None


class _Batches(Struct):
    batches: list[_Batch] | None = None
    pagination_token: str | None = None


class _Answer(Struct):
    chat_get_completion: Raw = _NULL
    responses: Raw = _NULL


class _Failure(Struct):
    message: str | None = None


class _Result(Struct):
    response: _Answer | None = None
    error: _Failure | None = None


class _Line(Struct):
    batch_request_id: str
    batch_result: _Result | None = None
    error_message: str | None = None


class _Page(Struct):
    results: list[_Line] | None = None
    pagination_token: str | None = None


class XaiBatches:
    """The batches of xAI; `write` makes the body of a request.

    Questions go in the form of `/responses`; the answers come back in the form of chat completions, or of responses.
    """

    def __init__(self, api: HttpApi, write: Callable[[ChatRequest], dict[str, Any]]) -> None:
        self._api = api
        self._write = write

    async def submit(self, items: Sequence[BatchItem], name: str = "") -> str:
        """Make a batch and add the questions to it; one that cannot be filled is cancelled."""
        parts = list(self._parts(items))
        async with self._api.post("/batches", json.encode({"name": name or "isaac"})) as reply:
            batch = (await decoded(reply, _Batch)).batch_id
        try:
            for part in parts:
                body = b'{"batch_requests":[%b]}' % b",".join(part)
                async with self._api.post(f"/batches/{checked_name(batch)}/requests", body) as reply:
                    await reply.body()
        except IsaacError:
            await self.cancel(batch)
            raise
        return batch

    async def find(self, mark: BatchMark) -> str | None:
        """Look through all batches for one of our name; one that was never filled is cancelled, and is none.

        Raises ProviderUnavailable if that cannot be told: then it must not be submitted again.
        """
        token = ""
        for _ in range(MAX_PAGES):
            path = f"/batches?limit={PAGE}" + (f"&pagination_token={quote(token, safe='')}" if token else "")
            async with self._api.get(path) as reply:
                page = await decoded(reply, _Batches)
            for item in page.batches or ():
                if item.name == mark.name:
                    return await self._whole(item, mark)
            if not page.pagination_token or page.pagination_token == token:
                return None
            token = page.pagination_token
        raise ProviderUnavailable(f"{self._api.name} has too many batches to look through")

    async def _whole(self, item: _Batch, mark: BatchMark) -> str | None:
        added = (item.state or _Counts()).num_requests or 0
        if added == len(mark.custom_ids):
            return item.batch_id
        await self.cancel(item.batch_id)
        if not added:
            return None
        raise ProviderUnavailable(
            f"{self._api.name} got only {added} of the {len(mark.custom_ids)} rows; it was asked to stop, and may "
            "charge what it had begun"
        )

    async def status(self, batch: str) -> BatchStatus:
        """Ask how far a batch is."""
        async with self._api.get(f"/batches/{checked_name(batch)}") as reply:
            found = await decoded(reply, _Batch)
        counts = found.state or _Counts()
        total, pending = counts.num_requests or 0, counts.num_pending or 0
        state = "ended" if total and not pending else "working"
        if found.cancel_by_xai_message:
            state = "failed"
        elif found.cancel_time:
            state = "cancelled"
        return BatchStatus(
            state=state,  # type: ignore[arg-type]
            total=total,
            succeeded=counts.num_success or 0,
            failed=(counts.num_error or 0) + (counts.num_cancelled or 0),
            expires_at=_seconds(found.expire_time),
            message=found.cancel_by_xai_message or "",
        )

    async def results(self, batch: str) -> AsyncGenerator[BatchResult, None]:
        """Return what has come of the questions, page by page."""
        path = f"/batches/{checked_name(batch)}/results?limit={PAGE}"
        token = ""
        while True:
            page_path = f"{path}&pagination_token={quote(token, safe='')}" if token else path
            async with self._api.get(page_path) as reply:
                page = await decoded(reply, _Page)
                for line in page.results or ():
                    yield self._result(line, reply)
            # A token that stays the same would lead in a circle.
            if not page.pagination_token or page.pagination_token == token:
                return
            token = page.pagination_token

    async def cancel(self, batch: str) -> None:
        """Ask for a batch to stop."""
        async with self._api.post(f"/batches/{checked_name(batch)}:cancel", b"{}") as reply:
            await reply.body()

    def _parts(self, items: Sequence[BatchItem]) -> Iterator[list[bytes]]:
        part: list[bytes] = []
        size = 0
        for item in items:
            question = {"responses": self._write(item.request)}
            line = json.encode({"batch_request_id": item.custom_id, "batch_request": question})
            if part and size + len(line) > MAX_ADDED_BYTES:
                yield part
                part, size = [], 0
            part.append(line)
            size += len(line) + 1
        if part:
            yield part

    def _result(self, line: _Line, reply: Faults) -> BatchResult:
        result = line.batch_result or _Result()
        answer = result.response or _Answer()
        for body, read in (
            (answer.chat_get_completion, read_chat_answer),
            (answer.responses, read_response),
        ):
            if bytes(body) not in (b"null", b"{}"):
                return read_result(line.batch_request_id, partial(read, bytes(body), reply, states_cost=True))
        message = (result.error.message if result.error else None) or line.error_message or ""
        error = "canceled" if "cancel" in message.lower() else "errored"
        return BatchResult(custom_id=line.batch_request_id, error=error, message=message)


def _seconds(moment: str | None) -> float | None:
    """Return a moment, or the beginning of a day, in seconds since the epoch."""
    try:
        found = datetime.fromisoformat(moment or "")
    except ValueError:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
