"""A line on its way through the routes, and what all routes may ask about it."""

from collections.abc import Callable, Collection
from typing import Protocol

import msgspec

from isaacd.judge.judge import Judge
from isaacd.judge.surroundings import Surroundings
from isaacd.judge.verdict import Verdict
from isaacd.routing.names import BUILTINS, KEYWORDS
from isaacd.routing.programs import Programs
from isaacd.routing.route import Changed, Route
from isaacd.routing.settings import Settings
from isaacd.routing.tokens import segments, trimmed
from isaacd.routing.translate.translator import Translator
from isaacd.routing.typo.corrector import Corrector
from isaacd.routing.typo.fix import Fix, Machine


class House(msgspec.Struct, frozen=True):
    """What all lines share: who judges, corrects and translates, and the commands that Isaac has."""

    judge: Judge
    programs: Programs
    corrector: Corrector
    translator: Translator
    # Names such as `status` and `cache.stats`.
    commands: Callable[[], Collection[str]]


class Asked:
    """One line, as it is now; what is costly is found once, and only if a route asks."""

    def __init__(
        self,
        typed: str,
        line: str,
        around: Surroundings,
        settings: Settings,
        house: House,
        *,
        forced: bool = False,
        replaced: frozenset[str] = frozenset(),
    ) -> None:
        self.typed = typed
        self.line = line
        self.around = around
        self.settings = settings
        self.house = house
        self.forced = forced
        # Aliases that were replaced already: no alias leads back to itself.
        self.replaced = replaced
        self.text = trimmed(line)
        words = line.split(None, 1)
        # The first word, as far as blanks part words.
        self.first = words[0] if words else ""
        # The simple commands of the line; None if there is more in it.
        self.segments = segments(self.text)
        self.machine = Machine(
            house.programs.on(around.environ.get("PATH", "")),
            settings.shell_names,
            around.cwd,
            house.programs.files,
        )
        self._verdicts: dict[str, Verdict] = {}
        self._fix: Fix | None = None
        self._is_sought = False

    @property
    def fix(self) -> Fix | None:
        """The line that was probably meant, if this one has a mistake in it."""
        if not self._is_sought:
            self._is_sought = True
            self._fix = self.house.corrector.correct(self.text, self.machine, self.segments)
        return self._fix

    def exists(self, word: str) -> bool:
        """Say whether a first word is something that the shell would run."""
        return (
            word in self.machine.programs
            or word in BUILTINS
            or word in KEYWORDS
            or word in self.settings.shell_names
            or "/" in word
        )

    def judged(self, line: str) -> Verdict:
        """Return the verdict of a line."""
        found = self._verdicts.get(line)
        if found is None:
            found = self._verdicts[line] = self.house.judge.judge(line, self.around)
        return found


class Way(Protocol):
    """One route: it takes the line, changes it, or says why it is not for it."""

    name: str

    def look(self, asked: Asked) -> Route | Changed | str:
        """Return what comes of the line, or the reason why it goes on to the next route."""
        ...
