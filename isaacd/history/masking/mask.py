"""A command line without its secrets, as it may be kept."""

import re
from functools import cache

from isaacd.history.masking.forms import FORMS
from isaacd.history.masking.places import secret_places
from isaacd.history.masking.shapes import masked_shapes
from isaacd.redact import REDACTED

# Whatever any of the rules is about has one of these in it.
_SIGNS = (
    "pass|pwd|psk|secret|token|key|credential|cookie|authorization|bearer|pin|://|sig|begin|cryptsetup|kinit"
    r"|(?<!\S)-\w*S|[A-Za-z0-9+/=._-]{13,}"
)


@cache
def _worth_a_look() -> re.Pattern[str]:
    programs = "|".join(sorted(map(re.escape, FORMS)))
    return re.compile(rf"{_SIGNS}|(?<![\w-])(?:{programs})(?![\w-])", re.IGNORECASE)


def mask_secrets(command: str) -> str:
    """Return the command with `[redacted]` for every secret in it; what cannot be sent as UTF-8 is escaped.

    Found are secrets by their name (`TOKEN=`, `--password`), by the program that takes them (`mysql -p...`), and by
    their shape. A secret that has none of these, such as a password typed instead of a command, cannot be found.
    """
    if not command.isascii():
        command = command.encode("utf-8", "backslashreplace").decode()
    if not _worth_a_look().search(command):
        return command  # nine of ten, in a tenth of the time
    pieces = []
    at = 0
    for start, end in sorted(secret_places(command)):
        if end <= at:
            continue
        start = max(start, at)
        if command[end - 1] in "'\"" and command.count(command[end - 1], start, end) % 2:
            end -= 1  # the quotes began before the secret
        if start >= end:
            continue
        pieces += [command[at:start], REDACTED]
        at = end
    pieces.append(command[at:])
    return masked_shapes("".join(pieces))
