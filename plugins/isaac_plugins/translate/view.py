"""A translation as it is: the text alone, on a terminal made harmless."""

from isaac_plugins.translate.cards import Translation
from isaacd.api import Terminal, plain


def show(found: Translation, terminal: Terminal) -> str:
    """Show the text."""
    if not terminal.stdout:
        return found.text
    source = f"in {found.to}, by {found.source}" if found.source else "there was nothing to translate"
    text = plain(found.text)
    return f"{text if text.endswith(chr(10)) else text + chr(10)}{terminal.style(plain(source), 2)}"
