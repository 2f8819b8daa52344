"""Lines that say nothing: blanks and comments."""

from isaacd.routing.asked import Asked
from isaacd.routing.route import Changed, Route


class Empty:
    """Takes lines without a command."""

    name = "empty"

    def look(self, asked: Asked) -> Route | Changed | str:
        """Take a line of blanks, or of comments only."""
        text = asked.text
        if not text:
            return Route(kind="nothing", typed=asked.typed, because="the line is empty")
        if text.startswith("#") and all(line.lstrip()[:1] in ("", "#") for line in text.splitlines()):
            return Route(kind="nothing", typed=asked.typed, because="the line is a comment")
        return "it says something"
