"""Everything else: a line for the shell."""

from isaacd.routing.asked import Asked
from isaacd.routing.route import Changed, Route


class Shell:
    """Takes every line."""

    name = "shell"

    def look(self, asked: Asked) -> Route | Changed | str:
        """Have it judged as it is."""
        because = "it is a line for the shell"
        if not asked.exists(asked.first) and asked.first.isidentifier():
            because = f"it is a line for the shell, which will not find {asked.first}"
        return Route(
            kind="shell",
            typed=asked.typed,
            line=asked.text,
            because=because,
            verdict=asked.judged(asked.text),
        )
