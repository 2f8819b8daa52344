"""A command line without its secrets, as it may be kept."""

import re
from collections.abc import Iterable
from functools import cache

from isaacd.history.masking.forms import FORMS
from isaacd.history.masking.places import secret_places
from isaacd.history.masking.shapes import masked_shapes
from isaacd.redact import REDACTED

# Whatever the rules are about has one of these in it; what has none, nine of ten, is left alone in a tenth of the time.
_NAMES = "pass|pwd|psk|secret|token|key|credential|cookie|auth|bearer|pin"
_SHAPES = (
    rf"{_NAMES}|://|identified|sig|begin|eyJ|hooks\.slack|webhooks|[A-Za-z0-9_=-]{{13,}}|[A-Za-z0-9+/]{{36,}}"
)


@cache
def _hints() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Return what every line has that secret_places, or masked_shapes, could find something in."""
    programs = "|".join(sorted(map(re.escape, FORMS)))
    places = rf"{_NAMES}|cryptsetup|kinit|vnc|keyring|wrangler|vercel|expect|heroku|flyctl|doppler|supabase|(?<![\w-])(?:op|fly)(?![\w-])|from-literal|vault|(?<![\w-])su(?![\w-])|(?<!\S)-\w*S|(?<![\w-])(?:{programs})(?![\w-])"
    return re.compile(places, re.IGNORECASE), re.compile(_SHAPES, re.IGNORECASE)


def mask_secrets(command: str) -> str:
    """Return the command with `[redacted]` for every secret in it; what cannot be sent as UTF-8 is escaped.

    Found are secrets by their name (`TOKEN=`, `--password`), by the program that takes them (`mysql -p...`), and by
    their shape. A secret that has none of these, such as a password typed instead of a command, cannot be found.
    """
    if not command.isascii():
        command = command.encode("utf-8", "backslashreplace").decode()
    places, shapes = _hints()
    if places.search(command):
        command = _without(command, secret_places(command))
    return masked_shapes(command) if shapes.search(command) else command


def _without(command: str, places: Iterable[tuple[int, int]]) -> str:
    pieces = []
    at = 0
    for start, end in sorted(places):
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
    return "".join(pieces)
