"""One command that a line could run."""

from collections.abc import Sequence

import msgspec

from isaacd.shell.syntax import Assignment, Redirect, Word


class Invocation(msgspec.Struct, frozen=True):
    """One command that a line could run, as a program would get it.

    `words` are its words after braces and visible variables, the command word first. `via` names what runs it,
    outermost first, such as ("sudo", "xargs"). `remote` is the host, container or pod where it runs, None here.
    `receives` is what is piped into it. With `more_arguments` it gets arguments that are not in the line.
    `starts` are words where those arguments come from, as far as they are seen: `/` in `find / | xargs rm`.
    `is_function` says that its name is certainly that of a function of the line, and no program's.
    `unseen` says, in words, why what it does cannot be seen; then `words` may be empty.
    `decodes` says that it runs what it makes of text that nobody can read, `supposed` that nothing says it runs at all: it counts only if it destroys.
    `folder` is where it runs, None where the line is by then. `place` is where it stands in
    the line. `name` is that of the program without its folder, None if it is not seen; it is asked for ten times a line, and
    so told apart once.
    """

    words: tuple[Word, ...]
    via: tuple[str, ...] = ()
    privileged: bool = False
    remote: str | None = None
    redirects: tuple[Redirect, ...] = ()
    assignments: tuple[Assignment, ...] = ()
    receives: "Invocation | None" = None
    more_arguments: bool = False
    starts: tuple[Word, ...] = ()
    unseen: str | None = None
    decodes: bool = False
    supposed: bool = False
    folder: Word | None = None
    in_function: str | None = None
    is_function: bool = False
    place: str = ""
    name: str | None = None

    def __post_init__(self) -> None:
        value = self.words[0].value if self.words else None
        msgspec.structs.force_setattr(self, "name", None if value is None else value.rpartition("/")[2])

    @property
    def argv(self) -> tuple[str | None, ...]:
        """The words' values, None for each that is not seen."""
        return tuple(word.value for word in self.words)


def together(found: Sequence[Invocation]) -> Invocation:
    """Link commands that all write to one pipe: each of them is in reach, and what they write is not seen."""
    linked = found[0].receives
    for invocation in found:
        linked = msgspec.structs.replace(
            invocation, receives=linked, unseen=invocation.unseen or "it is one of several"
        )
    assert linked is not None
    return linked
