"""What a plugin wants of the daemon, shown to the person who has installed it, and granted if that is a yes."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from isaacd.installing.daemon import call
from isaacd.safety.visible import one_line

_MEANS = {
    "ask": "ask AI providers, within your budgets",
    "run:confirm": "have a program run in your terminal, once you have agreed to exactly that",
    "admin": "have any command of Isaac run, each agreed to by you",
}


def ask_for_scopes(address: Path, cards: Sequence[dict[str, Any]], folder: str) -> bool:
    """Ask at the terminal for what plugins in `folder` want and were not granted; say whether anything was granted.

    Without a terminal nobody is asked, and nothing granted.
    """
    changed = False
    for card in cards:
        missing = [item for item in card.get("scopes") or () if item not in (card.get("granted") or ())]
        if not missing or card.get("trusted") or not str(card.get("origin")).startswith(f"{folder}/"):
            continue
        name = one_line(str(card["name"]))
        wants = "".join(f"  {scope}: {_MEANS.get(scope, scope)}\n" for scope in missing)
        more = "now wants more of Isaac" if card.get("granted") else "wants of Isaac"
        if not _agreed(f"the plugin {name} {more}:\n{wants}Grant it? [y/N] "):
            continue
        answer = call(address, "plugins.grant", {"name": card["name"], "scope": list(card["scopes"])})
        changed = changed or (answer is not None and not answer.error)
    return changed


def _agreed(question: str) -> bool:
    """Ask on the terminal itself; no terminal, no answer and all but a yes mean no."""
    if not (os.isatty(0) and os.isatty(2)):
        return False  # a script, which nobody watches, even if it was started at a terminal
    try:
        terminal = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        import termios

        termios.tcflush(terminal, termios.TCIFLUSH)
        os.write(terminal, question.encode("utf-8", "backslashreplace"))
        said = os.read(terminal, 4096)
    except (OSError, ImportError):
        return False
    finally:
        os.close(terminal)
    return said.strip().lower() in (b"y", b"yes")
