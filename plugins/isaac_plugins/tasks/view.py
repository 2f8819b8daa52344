"""What people read of tasks: one, many, and what one wrote."""

from datetime import UTC, datetime

from isaacd.api import TaskCard, TaskOutput, Terminal, plain

_COLOURS = {"done": 32, "failed": 31, "interrupted": 31, "running": 36, "queued": 33, "cancelled": 2}


def begun(card: TaskCard, terminal: Terminal) -> str:
    """Say that a task has begun, and how to go on."""
    return f"task {card.id} is {card.state}; follow it: isaacctl tasks follow {card.id}"


def listed(cards: list[TaskCard], terminal: Terminal) -> str:
    """Lay tasks out as a table, the newest first."""
    if not cards:
        return "no task is remembered; begin one: isaacctl tasks run -- ask ..."
    lines = [terminal.style(f"{'task':>5}  {'state':<11} {'begun':<16} {'took':>8}  line", 1)]
    for card in cards:
        label = f"[{_one_line(card.label)}] " if card.label else ""
        progress = f"  ({_one_line(card.progress)})" if card.progress else ""
        text = f"{label}{_one_line(card.line)}{progress}"
        if terminal.stdout:
            text = text[: max(20, terminal.columns - 46)]
        state = terminal.style(f"{card.state:<11}", _COLOURS[card.state])
        lines.append(f"{card.id:>5}  {state} {when(card.created_at):<16} {_took(card):>8}  {text}")
    return "\n".join(lines)


def one(card: TaskCard, terminal: Terminal) -> str:
    """Describe one task."""
    code = f", exit code {card.exit}" if card.exit is not None else ""
    rows = [
        ("task", str(card.id)),
        ("state", f"{terminal.style(card.state, _COLOURS[card.state])}{code}"),
        ("line", _one_line(card.line)),
        ("label", _one_line(card.label)),
        ("directory", _one_line(card.cwd or "")),
        ("schedule", "" if card.schedule is None else str(card.schedule)),
        ("made", when(card.created_at)),
        ("begun", "" if card.started_at is None else when(card.started_at)),
        ("took", _took(card)),
        ("progress", _one_line(card.progress)),
        ("output", f"{card.output_bytes:,} bytes{', the rest was not kept' if card.cut else ''}"),
        ("note", _one_line(card.note)),
    ]
    return "\n".join(f"{terminal.style(f'{name:<10}', 2)} {value}" for name, value in rows if value)


def with_output(shown: TaskOutput, terminal: Terminal) -> str:
    """Describe a task, and below that what it wrote."""
    parts = [one(shown.task, terminal)]
    for text, title in ((shown.err, "standard error"), (shown.out, "output")):
        if text:
            parts.append(f"{terminal.style(f'--- {title}', 2)}\n{plain(text).rstrip()}")
    return "\n".join(parts)


def when(at: float) -> str:
    """Write a moment in local time."""
    return datetime.fromtimestamp(at, UTC).astimezone().strftime("%Y-%m-%d %H:%M")


def _took(card: TaskCard) -> str:
    if card.started_at is None or card.ended_at is None:
        return ""
    seconds = max(0.0, card.ended_at - card.started_at)
    return f"{seconds:.1f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def _one_line(text: str) -> str:
    return plain(text).replace("\n", " ").replace("\t", " ")
