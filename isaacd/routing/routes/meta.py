"""`/status`, `/cache.stats`, `/cache stats`: commands of Isaac itself."""

import functools
from collections.abc import Collection

from isaacd.judge.verdict import Reason, Verdict
from isaacd.routing.asked import Asked
from isaacd.routing.route import Changed, Correction, Route
from isaacd.routing.tokens import value_of
from isaacd.routing.typo.lexicon import Lexicon
from isaacd.safety.tier import Tier

OTHER_NAMES = {"?": "help", "h": "help", "commands": "help", "v": "version"}
OF_THE_CLIENT = frozenset(("help", "version", "start", "stop", "restart", "logs", "status", "completion"))


class Meta:
    """Takes lines that begin with a slash and the name of a command."""

    name = "meta"

    def look(self, asked: Asked) -> Route | Changed | str:
        """Look for a command behind a slash; a path that is there stays a path."""
        if asked.forced:
            return "the line is forced"
        if not asked.first.startswith("/"):
            return "it does not begin with /"
        named = asked.first[1:]
        if not named or "/" in named:
            return f"{asked.first} is a path"
        if asked.around.facts.kind(asked.first) not in (None, "missing"):
            return f"{asked.first} is a file"
        cut = asked.segments
        if cut is None or len(cut) != 1 or not cut[0].words or cut[0].words[-1].end != len(asked.text):
            return "it holds more than one command of Isaac"
        words = [value_of(piece) for piece in cut[0].words[1:]]
        arguments = [word for word in words if word is not None]
        if len(arguments) != len(words):
            return "the shell would make other words of it"
        names = asked.house.commands()
        found = _command(OTHER_NAMES.get(named, named), arguments, names)
        if found is None:
            return self._unknown(asked, named, names)
        command, rest = found
        told = [piece.text for piece in cut[0].words[len(cut[0].words) - len(rest) :]] if rest else []
        return Route(
            kind="command",
            typed=asked.typed,
            line=" ".join(["isaacctl", *command.split("."), *told]),
            command=command,
            arguments=tuple(rest),
            because=f"{command} is a command of Isaac",
            verdict=Verdict(
                Tier.READ, (Reason(Tier.READ, "it is a command of Isaac, which asks where it has to"),)
            ),
        )

    def _unknown(self, asked: Asked, named: str, names: Collection[str]) -> Route:
        near = _lexicon(frozenset(names) | OF_THE_CLIENT).near(named)
        correction = None
        if near:
            line = asked.line.replace(f"/{named}", f"/{near[0].word}", 1)
            why = f"{near[0].word} is a command of Isaac"
            correction = Correction(line, round(max(0.4, 0.9 - 0.2 * near[0].cost), 2), why)
        because = f"Isaac has no command {named!r}, and there is no file {asked.first}"
        return Route(
            kind="refused", typed=asked.typed, line=asked.line, because=because, correction=correction
        )


def _command(named: str, arguments: list[str], names: Collection[str]) -> tuple[str, list[str]] | None:
    """Find the command: `cache.stats`, or `cache` and `stats` apart."""
    if arguments and f"{named}.{arguments[0]}" in names:
        return f"{named}.{arguments[0]}", arguments[1:]
    if named in names or named in OF_THE_CLIENT:
        return named, arguments
    if any(name.startswith(f"{named}.") for name in names) and (
        not arguments or arguments[0].startswith("-")
    ):
        return named, arguments
    return None


@functools.lru_cache(maxsize=4)
def _lexicon(names: frozenset[str]) -> Lexicon:
    return Lexicon(dict.fromkeys(sorted(names), 0.0))
