"""A review as people read it: one finding a line, as compilers write them."""

from collections import Counter

from isaac_plugins.review.cards import Review
from isaacd.api import Terminal, plain

_COLOURS = {"error": 31, "warning": 33, "note": 36}


def show(found: Review, terminal: Terminal) -> str:
    """Show a review."""
    lines = []
    for item in found.findings:
        where = f"{item.path}:{item.line}" if item.line else item.path
        severity = terminal.style(item.severity, _COLOURS[item.severity])
        source = terminal.style(f" [{_one_line(item.source)}]", 2)
        lines.append(f"{_one_line(where)}: {severity}: {_one_line(item.message)}{source}")
    if found.summary:
        lines.append(_one_line(found.summary))
    counts = Counter(item.severity for item in found.findings)
    told = ", ".join(
        f"{counts[name]} {name}{'s' if counts[name] > 1 else ''}"
        for name in ("error", "warning", "note")
        if counts[name]
    )
    files = "1 file" if found.files == 1 else f"{found.files} files"
    by = _one_line(" and ".join(found.checked_by))
    lines.append(
        terminal.style(f"{told or 'nothing found'} in {files} (+{found.added} -{found.removed}), by {by}", 1)
    )
    return "\n".join(lines)


def _one_line(text: str) -> str:
    return plain(text).replace("\n", "\u23ce")
