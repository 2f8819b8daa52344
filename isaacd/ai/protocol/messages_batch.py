"""The batches of Anthropic's Messages API: bodies, states and lines of results, with no I/O."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from isaacd.ai.chat import Piece
from isaacd.ai.protocol.messages_reply import MessagesReader
from isaacd.ai.protocol.messages_request import messages_body
from isaacd.ai.provider import BatchItem, BatchResult, BatchStatus


class _Counts(msgspec.Struct):
    processing: int = 0
    succeeded: int = 0
    errored: int = 0
    canceled: int = 0
    expired: int = 0


class _Batch(msgspec.Struct):
    id: str
    processing_status: str
    request_counts: _Counts = msgspec.field(default_factory=_Counts)
    expires_at: datetime | None = None
    created_at: datetime | None = None


class _Fault(msgspec.Struct):
    message: str = ""
    error: "_Fault | None" = None


class _Result(msgspec.Struct):
    type: str
    message: msgspec.Raw = msgspec.Raw(b"null")
    error: _Fault | None = None


class _Line(msgspec.Struct):
    custom_id: str
    result: _Result


class _Page(msgspec.Struct):
    data: list[_Batch]
    has_more: bool = False
    last_id: str | None = None


class BatchPage(msgspec.Struct, frozen=True):
    """A page of a service's list of batches, the newest first: each one's name, state and time; then how to go on."""

    batches: tuple[tuple[str, BatchStatus, float | None], ...]
    after: str | None


_PAGE = msgspec.json.Decoder(_Page)
_BATCH = msgspec.json.Decoder(_Batch)
_LINE = msgspec.json.Decoder(_Line)


def batch_body(items: Sequence[BatchItem], model: str | None, *, kind: str = "anthropic") -> bytes:
    """Return the body that submits `items`; `model` is for those that name none."""
    requests = []
    for item in items:
        params = messages_body(item.request, item.request.model or model or "", kind=kind)
        params.pop("stream", None)
        requests.append({"custom_id": item.custom_id, "params": params})
    return msgspec.json.encode({"requests": requests})


def read_batch(data: bytes) -> tuple[str, BatchStatus]:
    """Return the name of a batch and how far it is; raises msgspec.DecodeError."""
    return _read(_BATCH.decode(data))


def read_batches(data: bytes) -> BatchPage:
    """Return what a page of the list says; raises msgspec.DecodeError."""
    page = _PAGE.decode(data)
    times = [None if item.created_at is None else item.created_at.timestamp() for item in page.data]
    batches = tuple((*_read(item), at) for item, at in zip(page.data, times, strict=True))
    return BatchPage(batches, page.last_id if page.has_more else None)


def _read(batch: _Batch) -> tuple[str, BatchStatus]:
    counts = batch.request_counts
    failed = counts.errored + counts.canceled + counts.expired
    total = failed + counts.processing + counts.succeeded
    expires = batch.expires_at
    status = BatchStatus(
        state="ended" if batch.processing_status == "ended" else "working",
        total=total,
        succeeded=counts.succeeded,
        failed=failed,
        expires_at=None if expires is None else expires.timestamp(),
    )
    if status.state == "ended" and total and total == counts.canceled:
        status = msgspec.structs.replace(status, state="cancelled")
    elif status.state == "ended" and total and total == counts.expired:
        status = msgspec.structs.replace(status, state="expired")
    return batch.id, status


def read_result(line: bytes, model: str) -> BatchResult:
    """Return what one line of the results says; raises msgspec.DecodeError."""
    found = _LINE.decode(line)
    result = found.result
    if result.type != "succeeded":
        fault = result.error or _Fault()
        message = (fault.error or fault).message
        return BatchResult(custom_id=found.custom_id, error=result.type, message=message)
    reader = MessagesReader(model)
    pieces: list[Piece] = reader.receive(bytes(result.message))
    finish = reader.finish()
    if finish is None:
        raise msgspec.ValidationError("the message of a result has no end")
    return BatchResult(custom_id=found.custom_id, pieces=(*pieces, finish))
