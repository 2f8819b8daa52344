"""Text of strangers made harmless for a terminal: what would steer it is shown instead."""

import re

# C0 without tab and newline, DEL, C1, what orders text against its logical order (Unicode TR 36, 3.2: a command may
# then read as another than it is), and halves of surrogate pairs, which cannot be sent.
CONTROLS = r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
_CONTROLS = re.compile(CONTROLS)


def plain(text: str) -> str:
    """Make control characters visible, so that no text can steer a terminal; newline and tab stay."""
    return _CONTROLS.sub(visible, text)


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
