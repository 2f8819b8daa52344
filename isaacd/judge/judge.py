"""How dangerous a line is: every command in it is judged, and the line takes the highest tier."""

from isaacd.judge.book import RuleBook
from isaacd.judge.brought import brought
from isaacd.judge.letters import deceptive
from isaacd.judge.one import OneCommand
from isaacd.judge.places import Whereabouts
from isaacd.judge.surroundings import Surroundings
from isaacd.judge.verdict import Reason, Verdict, verdict
from isaacd.safety.tier import Tier
from isaacd.shell.find import Commands, commands
from isaacd.shell.parse import Parser
from isaacd.shell.syntax import Script


class Judge:
    """Judges lines by the rules of a book; it reads no file but those, and what the surroundings' facts do."""

    def __init__(self, book: RuleBook | None = None, parser: Parser | None = None) -> None:
        self.book = book or RuleBook()
        self._parser = parser or Parser()
        self._last: tuple[str, Script] | None = None

    def parse(self, line: str) -> Script:
        """Understand a line as bash would; whoever asks for the same line again gets the same answer."""
        if self._last is None or self._last[0] != line:
            self._last = (line, self._parser.parse(line))
        return self._last[1]

    def judge(self, line: str | Commands, around: Surroundings) -> Verdict:
        """Judge a line, or the commands that were found in one."""
        reasons: list[Reason] = []
        if isinstance(line, str):
            reasons += deceptive(line)
            line = commands(self.parse(line), self._parser, around.values)
        reasons += [
            Reason(Tier.BEYOND, f"it is not wholly understood: {fault}", rule="unclear")
            for fault in line.faults
        ]
        where = Whereabouts(around)
        for invocation in line.invocations:
            there = where if invocation.folder is None else where.at(invocation.folder)
            reasons += OneCommand(self.book, invocation, there).reasons()
        reasons += brought(line.invocations)
        found = verdict(reasons)
        if around.overrides.problems and found.tier > Tier.READ:
            problem = f"rules of your own cannot be used: {around.overrides.problems[0]}"
            return found.raised(Tier.BEYOND, problem, rule="overrides")
        return found
