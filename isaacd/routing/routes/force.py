"""`!! LINE`: the line as it is, with nothing replaced, translated, corrected or taken for a question."""

from isaacd.routing.asked import Asked
from isaacd.routing.route import Changed, Route

MARK = "!!"


class Force:
    """Takes the mark off; the routes behind it then leave the line alone. Its tier is what it is."""

    name = "force"

    def look(self, asked: Asked) -> Route | Changed | str:
        """Look for the mark at the beginning of what was typed."""
        text = asked.text
        if asked.forced:
            return "the line is forced already"
        if not text.startswith(MARK) or asked.replaced or asked.line != asked.typed:
            return f"it does not begin with {MARK}"
        rest = text.removeprefix(MARK).lstrip()
        if not rest:
            because = f"{MARK} alone says nothing; write {MARK} before the line that is meant as it is"
            return Route(kind="refused", typed=asked.typed, because=because)
        return Changed(rest, f"it begins with {MARK}", forced=True)
