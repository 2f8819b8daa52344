"""What people read of batches: one at a time, in a list, and at the end of a run."""

from datetime import UTC, datetime

import msgspec

from isaacd.api import BatchCard, BatchSummary, Terminal


def one(card: BatchCard, terminal: Terminal) -> str:
    """Describe one batch, and its jobs if it is deferred."""
    rows = f"{card.rows:,} of {card.total:,}" if card.total is not None else f"{card.rows:,}"
    lines = [
        ("batch", card.id),
        ("state", card.state),
        ("input", card.source),
        ("answered", f"{rows}{f', {card.failed:,} of them failed' if card.failed else ''}"),
        ("cost", f"${card.cost_usd:.4f}"),
        ("begun", _when(card.created_at)),
        ("changed", _when(card.updated_at)),
    ]
    wishes = msgspec.to_builtins(card.wishes)
    lines += [(name.replace("_", " "), str(value)) for name, value in wishes.items() if value is not None]
    for job in card.jobs:
        seen = f", seen {_when(job.checked_at)}" if job.checked_at is not None else ""
        counts = f"{job.succeeded:,} done and {job.failed:,} failed of {job.rows:,}"
        notes = f"{seen}{f': {job.message}' if job.message else ''}"
        lines.append((f"job {job.number}", f"{job.state} at {job.provider}, {counts}{notes}"))
    return "\n".join(f"{terminal.style(f'{name:<10}', 2)} {_one_line(value)}" for name, value in lines)


def listed(cards: list[BatchCard], terminal: Terminal) -> str:
    """Lay batches out as a table."""
    if not cards:
        return "no batch is remembered"
    lines = [
        terminal.style(
            f"{'batch':<11} {'state':<12} {'answered':>17} {'failed':>7}  {'changed':<17} input", 1
        )
    ]
    for card in cards:
        rows = f"{card.rows:,}/{card.total:,}" if card.total is not None else f"{card.rows:,}"
        state = "deferred" if card.deferred and card.state == "submitted" else card.state
        lines.append(
            f"{card.id:<11} {state:<12} {rows:>17} {card.failed:>7,}  {_when(card.updated_at):<17} {_one_line(card.source)}"
        )
    return "\n".join(lines)


def _one_line(text: str) -> str:
    """Return text without what could steer a terminal; a provider's message or a file's name may hold anything."""
    return "".join(char if char.isprintable() else " " for char in text)


def counted(count: int, noun: str) -> str:
    """Count something: 1 row, 2,000 rows."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _when(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).astimezone().strftime("%Y-%m-%d %H:%M")


def summed(summary: BatchSummary) -> str:
    """Say in one line what became of a batch."""
    parts = [f"{summary.ok:,} answered"]
    if summary.failed:
        bad = f" ({summary.bad:,} bad in the input)" if summary.bad else ""
        parts.append(f"{summary.failed:,} failed{bad}")
    if summary.cached:
        parts.append(f"{summary.cached:,} from the cache")
    if summary.unpriced:
        parts.append(f"{summary.unpriced:,} without a known price")
    if summary.cost_usd or not summary.unpriced:
        parts.append(f"${summary.cost_usd:.4f}")
    parts.append(f"{summary.elapsed_s:.1f} s")
    text = f"{counted(summary.total, 'row')}: {', '.join(parts)}"
    if summary.resumed:
        text = f"resumed: {summary.resumed:,} of {summary.total:,} were already answered (--fresh asks anew)\n{text}"
    return text


def handed_over(card: BatchCard) -> str:
    """Say where a deferred batch is, and what to do next."""
    rows = sum(job.rows for job in card.jobs)
    return (
        f"batch {card.id}: {counted(rows, 'row')} {'is' if rows == 1 else 'are'} with {', '.join(sorted({job.provider for job in card.jobs})) or 'nobody'}\n"
        f"isaacctl batch wait {card.id} waits for the end, isaacctl batch collect {card.id} writes the answers"
    )
