"""What people read of schedules."""

from datetime import UTC, datetime

from isaacd.api import Firing, ScheduleCard, Terminal, plain

_COLOURS = {"ran": 32, "late": 33, "missed": 31, "skipped": 33, "held": 31}


def kept(card: ScheduleCard, terminal: Terminal) -> str:
    """Say that something is scheduled, and when it comes."""
    return f"schedule {card.id}: {_next(card)} ({_one_line(card.zone)}): {_one_line(card.line)}"


def listed(cards: list[ScheduleCard], terminal: Terminal) -> str:
    """Lay schedules out as a table."""
    if not cards:
        return 'nothing is scheduled; isaacctl schedule add "in 20 minutes" -- ask ...'
    lines = [terminal.style(f"{'id':>4}  {'next':<19} {'when':<22} {'last':<16} line", 1)]
    for card in cards:
        label = f"[{_one_line(card.label)}] " if card.label else ""
        shell = "$ " if card.kind == "shell" else ""
        text = f"{label}{shell}{_one_line(card.line)}"
        if terminal.stdout:
            text = text[: max(20, terminal.columns - 67)]
        lines.append(
            f"{card.id:>4}  {_next(card):<19} {_one_line(card.when)[:22]:<22} {_last(card)[:16]:<16} {text}"
        )
        if card.missed:
            times = "once" if card.missed == 1 else f"{card.missed:,} times"
            note = f"      missed {times}; isaacctl schedule log {card.id} --missed"
            lines.append(terminal.style(note, 31))
    return "\n".join(lines)


def one(card: ScheduleCard, terminal: Terminal) -> str:
    """Describe one schedule."""
    rows = [
        ("schedule", str(card.id)),
        ("label", _one_line(card.label)),
        ("line", ("$ " if card.kind == "shell" else "") + _one_line(card.line)),
        ("when", f"{_one_line(card.when)}  ({card.spec})"),
        ("zone", _one_line(card.zone)),
        ("next", _next(card)),
        ("last", f"{_last(card)}{f'  {when(card.last_at)}' if card.last_at else ''}"),
        ("note", _one_line(card.last_note)),
        ("missed", str(card.missed) if card.missed else ""),
        ("catches up", "yes" if card.catch_up else ""),
        ("tier", card.tier or ""),
        ("directory", _one_line(card.cwd or "")),
    ]
    return "\n".join(f"{terminal.style(f'{name:<10}', 2)} {value}" for name, value in rows if value)


def fired(firings: list[Firing], terminal: Terminal) -> str:
    """Lay out when schedules were due."""
    if not firings:
        return "nothing has been due yet"
    lines = [terminal.style(f"{'id':>4}  {'due':<19} {'outcome':<10} {'task':>5}  result", 1)]
    for item in firings:
        count = f" x{item.count}" if item.count > 1 else ""
        state = item.state or ""
        code = f" ({item.exit})" if item.exit else ""
        outcome = terminal.style(f"{item.outcome + count:<10}", _COLOURS[item.outcome])
        result = f"{state}{code}  {_one_line(item.note)}".strip()
        lines.append(f"{item.schedule:>4}  {when(item.due_at):<19} {outcome} {item.task or '':>5}  {result}")
    return "\n".join(lines)


def when(at: float) -> str:
    """Write a moment in the daemon's local time."""
    return datetime.fromtimestamp(at, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _next(card: ScheduleCard) -> str:
    if card.paused:
        return "paused"
    if card.next_at is None:
        return "over"
    return card.next_local[:19].replace("T", " ") if card.next_local else "unknown"


def _last(card: ScheduleCard) -> str:
    if card.last_outcome is None:
        return "-"
    if card.last_outcome in ("ran", "late"):
        return f"{card.last_state or 'ran'} (task {card.last_task})" if card.last_task else "ran"
    return card.last_outcome


def _one_line(text: str) -> str:
    return plain(text).replace("\n", " ").replace("\t", " ")
