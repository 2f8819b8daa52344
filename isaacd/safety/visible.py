"""Text of strangers made harmless for a terminal: what would steer it is shown instead."""

import re

# C0 without tab and newline, DEL, C1, what orders text against its logical order (Unicode TR 36, 3.2: a command may
# then read as another than it is), and halves of surrogate pairs, which cannot be sent.
CONTROLS = r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
_CONTROLS = re.compile(CONTROLS)


def plain(text: str) -> str:
    """Make control characters visible, so that no text can steer a terminal; newline and tab stay."""
    return _CONTROLS.sub(visible, text)


# Letters and marks by Unicode's tables, but nothing is seen of them.
_BLANK = "\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef"
_INVISIBLE = re.compile(f"[{_BLANK}]")


def is_visible(text: str) -> bool:
    """Say whether every character of a text is one that a terminal shows as itself."""
    return text.isprintable() and (text.isascii() or _INVISIBLE.search(text) is None)


def one_line(text: str) -> str:
    """Replace everything that is no visible character by its escape."""
    return text if is_visible(text) else "".join(char if is_visible(char) else escape(char) for char in text)


def lines_shown(text: str) -> str:
    """Show text line by line, each with what is not seen in it escaped."""
    return "\n".join(one_line(line) for line in text.split("\n"))


def escape(char: str) -> str:
    """Return the escape of a character, as bash and Python write it."""
    code = ord(char)
    return f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def visible(match: re.Match[str]) -> str:
    """Return what stands for a control character."""
    code = ord(match[0])
    if code == 0x0D:
        return ""
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    return f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}"
