"""Results as people read them: text, aligned fields and tables, as wide as the terminal."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from isaacd.context import Terminal
from isaacd.errors import PluginFailed
from isaacd.safety.visible import CONTROLS, plain, visible

__all__ = ["cell", "clip", "plain", "render", "sendable", "styled", "table", "to_json", "width_of"]

# Weights, plain colours and back to normal; not conceal, blink or backgrounds, which can hide text.
_STYLE = r"\x1b\[(?:(?:[0-4]|2[2-4]|3[0-79]|9[0-7])(?:;(?=\d)|(?=m)))*m"
_NOT_STYLED = re.compile(f"({_STYLE})|{CONTROLS}")
_STYLES = re.compile(f"({_STYLE})")
# What Python makes of bytes that are not UTF-8 (PEP 383) ends at U+DCFF and begins at U+DC80.
_PAIR_HALVES = re.compile(r"[\ud800-\udc7f\udd00-\udfff]")
_GAP = 2


def styled(text: str) -> str:
    """Like `plain`, but weights and colours (SGR sequences) stay too."""
    return _NOT_STYLED.sub(lambda match: match[1] or visible(match), text)


def sendable(text: str) -> str | bytes:
    """Return text for a pipe as it is; names of files that are not UTF-8 become the bytes that they were."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogateescape" if not _PAIR_HALVES.search(text) else "replace")
    return text


def width_of(text: str) -> int:
    """Return how many columns a terminal uses for one line of text."""
    text = _STYLES.sub("", text)
    if text.isascii():
        return len(text)
    from unicodedata import category, east_asian_width

    return sum(
        0 if category(char) in ("Mn", "Me", "Cf") else 2 if east_asian_width(char) in "WF" else 1
        for char in text
    )


def render(value: Any, terminal: Terminal) -> str:
    """Turn any result into text that ends with a newline, or into nothing."""
    text = _render(value, terminal)
    return text if not text or text.endswith("\n") else text + "\n"


def to_json(value: Any, terminal: Terminal) -> str:
    """Turn any result into JSON, on one line for programs, indented on a terminal; raises PluginFailed for what is none."""
    try:
        encoded = msgspec.json.encode(value, enc_hook=str)
    except (TypeError, ValueError, RecursionError) as error:
        raise PluginFailed(f"the result cannot be written as JSON: {error}") from None
    if not terminal.stdout:
        return encoded.decode() + "\n"
    text = msgspec.json.format(encoded, indent=2).decode()
    return (
        re.sub(r"[\x7f-\x9f\u202a-\u202e\u2066-\u2069]", lambda match: f"\\u{ord(match[0]):04x}", text) + "\n"
    )


def _render(value: Any, terminal: Terminal) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return plain(value) if terminal.stdout else value
    if isinstance(value, bool):
        return "yes" if value else "no"
    fields = _fields(value)
    if fields is not None:
        return _record(fields, terminal)
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        rows = [_fields(item) for item in value]
        if rows and all(row is not None for row in rows):
            return table([row for row in rows if row is not None], terminal)
        return "\n".join(cell(item) for item in value)
    return cell(value)


def _fields(value: Any) -> Mapping[str, Any] | None:
    if isinstance(value, msgspec.Struct):
        return {name: getattr(value, name) for name in value.__struct_fields__}
    return value if isinstance(value, Mapping) else None


def _record(fields: Mapping[str, Any], terminal: Terminal) -> str:
    rows = [(_label(name), value) for name, value in fields.items()]
    wide = max((width_of(label) for label, _ in rows), default=0) + _GAP
    lines = []
    for label, value in rows:
        lines.append(terminal.style(label, 2) + " " * (wide - width_of(label)) + cell(value))
    return "\n".join(lines)


def table(rows: Sequence[Mapping[str, Any]], terminal: Terminal) -> str:
    """Align rows under their names; on a terminal the last column is cut where the line ends."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    cells = [[cell(row.get(name)) for name in names] for row in rows]
    heads = [_label(name) for name in names]
    wide = [max(width_of(line[index]) for line in [heads, *cells]) for index in range(len(names))]
    lines = [terminal.style(_line(heads, wide), 1), *(_line(line, wide) for line in cells)]
    if terminal.stdout:
        lines = [clip(line, terminal.columns) for line in lines]
    return "\n".join(lines)


def _label(name: object) -> str:
    return cell(str(name)).replace("_", " ")


def _line(cells: Sequence[str], wide: Sequence[int]) -> str:
    padded = (text + " " * (size - width_of(text) + _GAP) for text, size in zip(cells, wide, strict=True))
    return "".join(padded).rstrip()


def cell(value: Any) -> str:
    """Turn one value into one line of text."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.0f}" if 9999.5 <= abs(value) < 1e15 else f"{value:.4g}"
    if isinstance(value, str):
        return plain(value).replace("\n", " ").replace("\t", " ")
    if isinstance(value, Sequence | set | frozenset) and not isinstance(value, bytes):
        return ", ".join(cell(item) for item in value) or "-"
    fields = _fields(value)
    if fields is not None:
        return ", ".join(f"{cell(str(name))}={cell(item)}" for name, item in fields.items()) or "-"
    return plain(str(value))


def clip(line: str, columns: int) -> str:
    """Cut a line to the width of the terminal, with an ellipsis; styles do not count."""
    if width_of(line) <= columns:
        return line
    kept = []
    used = 0
    for part in _STYLES.split(line):
        if part.startswith("\x1b["):
            kept.append(part)
            continue
        for char in part:
            used += width_of(char)
            if used < columns:
                kept.append(char)
    return "".join(kept) + "…"
