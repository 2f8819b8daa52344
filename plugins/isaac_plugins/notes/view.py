"""What people read of notes."""

from datetime import UTC, datetime

from isaac_plugins.notes.note import Found, Note
from isaacd.api import Terminal, plain


def kept(note: Note, terminal: Terminal) -> str:
    """Say that a note is kept, and under which number."""
    return f"note {note.id}{_tags(note, terminal)}: {_one_line(note.title)[:60]}"


def whole(note: Note, terminal: Terminal) -> str:
    """Show one note."""
    head = f"note {note.id}, {when(note.changed_at)}"
    return f"{terminal.style(head, 2)}{_tags(note, terminal)}\n{plain(note.text)}"


def listed(notes: list[Note], terminal: Terminal) -> str:
    """List notes, one a line."""
    if not notes:
        return 'no note is kept; isaacctl notes add "..." keeps one'
    return "\n".join(_line(note, _one_line(note.title)[:100], terminal) for note in notes)


def found(items: list[Found], terminal: Terminal) -> str:
    """List what a search found, with the words around it."""
    if not items:
        return "no note has these words"
    return "\n".join(_line(item.note, _lit(item.excerpt, terminal), terminal) for item in items)


def when(at: float) -> str:
    """Write a moment in local time."""
    return datetime.fromtimestamp(at, UTC).astimezone().strftime("%Y-%m-%d %H:%M")


def _line(note: Note, text: str, terminal: Terminal) -> str:
    date = terminal.style(when(note.changed_at)[:10], 2)
    return f"{note.id:>5}  {date}  {text}{_tags(note, terminal)}"


def _lit(excerpt: str, terminal: Terminal) -> str:
    """Show the words that were found in bold, where there is bold."""
    parts = _one_line(excerpt).split("**")
    if not terminal.color or len(parts) % 2 == 0:
        return "".join(parts) if len(parts) % 2 else _one_line(excerpt)
    return "".join(terminal.style(part, 1) if place % 2 else part for place, part in enumerate(parts))


def _tags(note: Note, terminal: Terminal) -> str:
    return "".join(f" {terminal.style('#' + plain(tag), 36)}" for tag in note.tags)


def _one_line(text: str) -> str:
    return plain(text).replace("\n", " ").replace("\t", " ")
