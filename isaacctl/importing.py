"""What a daemon that does not answer is doing, as far as it has written that down beside its socket."""

import os

_MAX_BYTES = 16 * 1024 * 1024


def told(socket: str) -> str:
    """Name the plugins that are being imported, as part of a sentence; "" if there are none, or nobody knows."""
    import json

    try:
        with open(os.path.join(os.path.dirname(socket), "importing"), "rb") as file:
            found = json.loads(file.read(_MAX_BYTES))
        names = [item["name"] for item in found if item["under_way"] and item["name"].isidentifier()]
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return ""
    if not names:
        return ""
    which = f"plugin {names[0]}" if len(names) == 1 else f"plugins {', '.join(names)}"
    return f": it imports the {which}, and gets to nothing else"
