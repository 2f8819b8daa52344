"""Names that stand for others: a person's own first, then those of other systems."""

from isaacd.routing.asked import Asked
from isaacd.routing.route import Changed, Correction, Route
from isaacd.routing.routes.language import sentence
from isaacd.routing.suggestion import suggested


class OwnAlias:
    """Replaces the first word by what `[routing.aliases]` or `isaacctl alias add` said for it."""

    name = "alias"

    def look(self, asked: Asked) -> Route | Changed | str:
        """Look the first word up; an alias is not replaced in its own text, as in a shell."""
        if asked.forced:
            return "the line is forced"
        said = asked.settings.aliases.get(asked.first)
        if said is None or asked.first in asked.replaced:
            return f"{asked.first} is no alias of yours"
        start = asked.line.index(asked.first)
        rest = asked.line[start + len(asked.first) :]
        return Changed(f"{said}{rest}", f"your alias {asked.first} is {said!r}", name=asked.first)


class Translation:
    """Says in the words of this system what was said in those of another."""

    name = "translation"

    def look(self, asked: Asked) -> Route | Changed | str:
        """Translate a line whose command is not known here, but elsewhere."""
        if asked.forced or not asked.settings.translate:
            return "the line is forced" if asked.forced else "translations are switched off"
        dialect, translator = asked.settings.dialect, asked.house.translator
        name = self._foreign(asked)
        if name is None:
            return "no command of another system is in it"
        found = translator.translate(asked.line, dialect, asked.exists, name)
        if found is None:
            return "it is more than plain commands"
        if found.line is None:
            if dialect == "unix" and asked.exists(name):
                return f"{name} is a command here"
            if name == asked.first and sentence(asked.text, is_command=False) is not None:
                return f"{name} begins a sentence"
            near = suggested(asked)
            correction = None if isinstance(near, str) else near
            return Route(
                kind="refused", typed=asked.typed, line=asked.line, because=found.why, correction=correction
            )
        if name == asked.first and sentence(asked.text, is_command=True) is not None:
            return f"{name} begins a sentence"
        if dialect != "unix":
            # No judge knows what such a line does.
            correction = Correction(found.line, 0.9, found.why)
            because = f"{found.line!r} says the same, but only lines for a shell of Unix can be judged"
            return Route(
                kind="refused", typed=asked.typed, line=asked.line, because=because, correction=correction
            )
        return Changed(found.line, found.why, name=name, notice=f"it was translated: {found.why}")

    def _foreign(self, asked: Asked) -> str | None:
        """Return the first command that is known elsewhere and not here, or is given the flags of elsewhere."""
        dialect, knows = asked.settings.dialect, asked.house.translator.knows
        for part in asked.line.split("|") if "|" in asked.line else (asked.line,):
            words = part.split()
            if not words or not knows(words[0], dialect):
                continue
            shared = dialect == "unix" and asked.house.translator.is_shared(words[0])
            if dialect != "unix" or not (shared or asked.exists(words[0])):
                return words[0]
            # `dir` is here as well, but `/s` is a flag only there, unless it is a folder here.
            if any(
                _is_foreign_flag(word) and asked.around.facts.kind(word) == "missing" for word in words[1:]
            ):
                return words[0]
        return None


def _is_foreign_flag(word: str) -> bool:
    return word[0] == "/" and word[1:2].isalpha() and (len(word) == 2 or word[2] in ":/")
