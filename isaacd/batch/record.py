"""What is written for a row: its answer or its error, as JSON Lines, text or CSV."""

import csv
import io

import msgspec

from isaacd.ai.chat import Answer, Usage
from isaacd.batch.cards import Layout
from isaacd.batch.question import Row
from isaacd.errors import InvalidParams, IsaacError

_COLUMNS = (
    "index", "id", "prompt", "text", "provider", "model", "finish_reason", "input_tokens", "output_tokens",
    "cost_usd", "cached", "elapsed_ms", "error",
)  # fmt: skip


class Failure(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why a row has no answer: the error's code and name on the wire, and what it says."""

    code: int
    name: str
    message: str
    line: int | None = None


class Outcome(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What became of a question: an answer, unless there is an `error`. This is what the journal keeps."""

    text: str = ""
    provider: str = ""
    model: str = ""
    finish_reason: str = ""
    usage: Usage | None = None
    cost_usd: float | None = None
    cached: str | None = None
    elapsed_ms: float = 0.0
    error: Failure | None = None
    id: str | int | None = None
    prompt: str | None = None

    @classmethod
    def of(cls, answer: Answer, row: Row, prompt: str | None) -> "Outcome":
        """Take what is written of an answer."""
        return cls(
            text=answer.text,
            provider=answer.provider,
            model=answer.model,
            finish_reason=answer.finish_reason,
            usage=answer.usage,
            cost_usd=answer.cost_usd,
            cached=answer.hit.kind if answer.hit is not None else None,
            elapsed_ms=round(answer.elapsed_ms, 3),
            id=row.id,
            prompt=prompt,
        )

    @classmethod
    def failed(cls, error: IsaacError, row: Row, prompt: str | None) -> "Outcome":
        """Say that a question was asked in vain."""
        return cls(error=Failure(error.code, error.name, error.message), id=row.id, prompt=prompt)

    @classmethod
    def bad(cls, row: Row) -> "Outcome":
        """Say that a row of the input is none."""
        message = f"line {row.line}: {row.problem}"
        return cls(error=Failure(InvalidParams.code, InvalidParams.name, message, row.line))


class _Answered(msgspec.Struct):
    index: int
    text: str
    provider: str
    model: str
    finish_reason: str
    usage: Usage | None
    cost_usd: float | None
    cached: str | None
    elapsed_ms: float
    id: str | int | msgspec.UnsetType = msgspec.UNSET
    prompt: str | msgspec.UnsetType = msgspec.UNSET


class _Failed(msgspec.Struct):
    index: int
    error: Failure
    id: str | int | msgspec.UnsetType = msgspec.UNSET
    prompt: str | msgspec.UnsetType = msgspec.UNSET


class Writer:
    """Turns outcomes into the lines of one layout; `header` is what stands before them."""

    def __init__(self, layout: Layout, *, echo: bool = False) -> None:
        self._layout = layout
        self._echo = echo
        self._columns = [name for name in _COLUMNS if echo or name != "prompt"]
        self.header = _csv_line(self._columns) if layout == "csv" else ""

    def line(self, index: int, outcome: Outcome) -> str:
        """Write one row; its line ends with a newline."""
        if self._layout == "text":
            error = outcome.error
            text = outcome.text.rstrip("\n") if error is None else f"[error: {error.message}]"
            return f"{text}\n"
        record = as_record(index, outcome, echo=self._echo)
        if self._layout == "jsonl":
            return msgspec.json.encode(record).decode() + "\n"
        given = msgspec.to_builtins(record)
        usage, error_of = given.get("usage") or {}, given.get("error")
        given |= {name: usage.get(name) for name in ("input_tokens", "output_tokens")}
        given["error"] = f"{error_of['name']}: {error_of['message']}" if error_of else None
        return _csv_line([given.get(name) for name in self._columns])


def as_record(index: int, outcome: Outcome, *, echo: bool) -> msgspec.Struct:
    """Return what is written of an outcome, for any encoder."""
    name = msgspec.UNSET if outcome.id is None else outcome.id
    prompt = outcome.prompt if echo and outcome.prompt is not None else msgspec.UNSET
    if outcome.error is not None:
        return _Failed(index, outcome.error, name, prompt)
    return _Answered(
        index,
        outcome.text,
        outcome.provider,
        outcome.model,
        outcome.finish_reason,
        outcome.usage,
        outcome.cost_usd,
        outcome.cached,
        outcome.elapsed_ms,
        name,
        prompt,
    )


def _csv_line(fields: list[object] | list[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(fields)
    return text.getvalue()
