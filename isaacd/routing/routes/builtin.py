"""Commands that change the shell they run in, and so have to run in the caller's own."""

from collections.abc import Iterable

from isaacd.routing.asked import Asked
from isaacd.routing.names import CHANGING
from isaacd.routing.route import Changed, Route
from isaacd.routing.suggestion import suggested
from isaacd.routing.tokens import Segment
from isaacd.shell.syntax import Compound, Node, Simple

# Programs of these names exist as well (POSIX wants them), but a shell uses its own.
_OF_THE_SHELL = frozenset(
    "alias bg cd command fc fg getopts hash jobs read type ulimit umask unalias wait".split()
)


class Builtin:
    """Hands lines back that would do nothing in a shell of their own."""

    name = "builtin"

    def look(self, asked: Asked) -> Route | Changed | str:
        """Look at each command that runs in the shell itself, and for a mistake in it."""
        programs = asked.machine.programs
        if asked.segments is not None:
            why = changes_shell(asked.segments, programs)
        else:
            script = asked.house.judge.parse(asked.text)
            if script.faults and "'" in asked.first:
                return "it is no whole line for a shell"  # `let's see ...` sets nothing
            why = _changes_anything(script.body, programs)
        if why is None:
            return "nothing in it changes the shell itself"
        correction = suggested(asked)
        return Route(
            kind="builtin",
            typed=asked.typed,
            line=asked.text,
            because=why,
            verdict=asked.judged(asked.text),
            correction=None if isinstance(correction, str) else correction,
        )


def changes_shell(cut: list[Segment] | None, programs: frozenset[str]) -> str | None:
    """Say why commands have to run in the caller's own shell; None if any will do. Those of a pipeline never do."""
    for index, segment in enumerate(cut or ()):
        following = cut[index + 1].before if cut and index + 1 < len(cut) else ""
        if segment.before in ("|", "|&") or following in ("|", "|&"):
            continue
        why = _changes(segment, programs)
        if why is not None:
            return why
    return None


def _changes_anything(nodes: Iterable[Node], programs: frozenset[str]) -> str | None:
    """Say why a line that is more than simple commands has to run in the caller's own shell, such as `cd "$(...)"`."""
    for node in nodes:
        if isinstance(node, Compound) and node.kind in ("list", "group"):
            why = _changes_anything(node.body, programs)
        elif isinstance(node, Simple):
            name = node.words[0].value if node.words else None
            why = None
            if name in CHANGING and (name in _OF_THE_SHELL or name not in programs):
                why = f"{name} changes the shell it runs in"
            elif not node.words and node.assignments:
                why = f"{node.assignments[0].name} is set in the shell"
        else:
            why = None
        if why is not None:
            return why
    return None


def _changes(segment: Segment, programs: frozenset[str]) -> str | None:
    assigned = ""
    for piece in segment.words:
        name, equals, _ = piece.text.partition("=")
        if equals and name.isidentifier():
            assigned = assigned or name
            continue
        if piece.text in CHANGING and (piece.text in _OF_THE_SHELL or piece.text not in programs):
            return f"{piece.text} changes the shell it runs in"
        return None
    return f"{assigned} is set in the shell" if assigned else None
