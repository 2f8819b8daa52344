"""Finds the line that was probably meant, offline."""

from collections.abc import Callable, Sequence

from isaacd.routing.names import BUILTINS, KEYWORDS
from isaacd.routing.tokens import Piece, Segment, segments
from isaacd.routing.typo import slips
from isaacd.routing.typo.arguments import Arguments
from isaacd.routing.typo.blanks import Blanks
from isaacd.routing.typo.fix import Fix, Machine, command_words, is_known, likely
from isaacd.routing.typo.lexicon import Lexicon, Near
from isaacd.routing.typo.tools import Tools

LEAST = 0.35
MAX_LINE_CHARS = 2000
MAX_SEGMENTS = 12
_ROUNDS = 2
# One slip, and no other word near: what a correction has to be before it may be made unasked.
_ASKS_HOSTS = frozenset(
    "ssh scp sftp ping nmap telnet nc curl wget dig host nslookup traceroute mtr rsync whois ftp ssh-copy-id ncat".split()
)
_SURE_COST, _SURE_MARGIN, _SURE_CHARS = 0.95, 0.5, 4


_WAYS = (
    ("capital letters", slips.case, 0.92),
    ("hyphens", slips.hyphens, 0.9),
    ("a stray key", slips.junk, 0.8),
)


class Corrector:
    """Corrects lines; it reads nothing but what it is given, and runs nothing."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._lexicons: dict[tuple[frozenset[str], frozenset[str]], Lexicon] = {}

    def correct(self, line: str, machine: Machine, cut: list[Segment] | None = None) -> Fix | None:
        """Return the likeliest line, or None if the line is plausible as it is or nothing is near enough.

        `cut` is the line cut into commands, if somebody has done that already.
        """
        if len(line) > MAX_LINE_CHARS:
            return None
        found, seen = None, line
        for _ in range(_ROUNDS):
            fix = _OneLine(seen, machine, self._tools, self._lexicon).fix(cut if found is None else None)
            if fix is None or fix.confidence < LEAST or fix.line == seen:
                break
            if found is not None:
                fix = Fix(
                    fix.line,
                    found.confidence * fix.confidence,
                    f"{found.why}; {fix.why}",
                    found.sure and fix.sure,
                )
            found, seen = fix, fix.line
        return found if found is not None and found.line != line and found.confidence >= LEAST else None

    def is_known(self, word: str, machine: Machine) -> bool:
        """Say whether a first word is a command, as far as anybody knows."""
        return is_known(word, machine) or word in self._tools.commands

    def _lexicon(self, machine: Machine) -> Lexicon:
        key = (machine.programs, machine.own)
        found = self._lexicons.get(key)
        if found is None:
            known = self._tools.commands
            # A folder of programs holds a thousand that nobody types.
            installed = {name: min(known.get(name, 0.8), 0.8) for name in machine.programs if len(name) > 1}
            absent = {name: min(1.0, unusual + 0.3) for name, unusual in known.items()}
            builtins = {name: known.get(name, 0.6) for name in BUILTINS if name.isalpha()}
            own = dict.fromkeys(machine.own, 0.0)
            if len(self._lexicons) >= 8:
                self._lexicons.clear()
            found = self._lexicons[key] = Lexicon({**absent, **installed, **builtins, **own})
        return found


class _OneLine:
    """The search in one line."""

    def __init__(
        self, line: str, machine: Machine, tools: Tools, lexicon: Callable[[Machine], Lexicon]
    ) -> None:
        self._line = line
        self._machine = machine
        self._tools = tools
        self._lexicon = lexicon

    def fix(self, cut: list[Segment] | None) -> Fix | None:
        whole = slips.whole(self._line, self._knows)
        if whole is not None:
            return Fix(*whole)
        cut = cut or segments(self._line)
        if not cut or len(cut) > MAX_SEGMENTS:
            return None
        for segment in cut:
            fix = self._segment(segment)
            if fix is not None and fix.confidence >= LEAST:
                return fix
        return None

    def _knows(self, word: str) -> bool:
        return is_known(word, self._machine) or word in self._tools.commands

    def _segment(self, segment: Segment) -> Fix | None:
        words = command_words(segment.words)
        if not words or not words[0].plain or words[0].text in KEYWORDS:
            return self._marked(words) if words else None
        head = words[0]
        if slips.joined(head.text) is None and (is_known(head.text, self._machine) or "=" in head.text):
            return self._arguments(words)
        slip = self._slip(words)
        if slip is not None:
            return slip
        if head.text in self._tools.commands:
            return self._arguments(words)
        return self._best(self._command(words))

    def _marked(self, words: Sequence[Piece]) -> Fix | None:
        """Look at a first word with signs in it: `:q!`, `ls]`, `cd~`."""
        head = words[0]
        slip = self._slip(words)
        if slip is not None:
            return slip
        bare = slips.junk(head.text, lambda word: is_known(word, self._machine))
        if bare is None:
            return None
        return self._put(head.start, head.end, bare, 0.8, f"{bare} is a command, and {head.text} is none")

    def _slip(self, words: Sequence[Piece]) -> Fix | None:
        head = words[0]
        joined = slips.joined(head.text)
        if joined is not None and "cd" not in self._files():
            return self._put(head.start, head.end, joined, 0.9, f"a blank is missing in {head.text}")
        said = slips.SLIPS.get(head.text)
        if said is not None:
            sure = head.text not in slips.NAMES_TOO
            why = f"{head.text} is a usual slip for {said}"
            return self._put(head.start, head.end, said, 0.95 if sure else 0.85, why, sure=sure)
        said = slips.CUSTOMS.get(head.text)
        if said is None or (said.startswith("cd") and head.start):
            return None
        if len(words) > 1 and words[1].text.startswith("-"):
            said = said.partition(" ")[0]
        return self._put(head.start, head.end, said, 0.8, f"{head.text} is {said} elsewhere")

    # The command word

    def _command(self, words: Sequence[Piece]) -> list[Fix]:
        head = words[0]
        word = head.text
        found: list[Fix] = []
        here = self._script(word)
        if here is not None:
            found.append(self._put(head.start, head.end, here, 0.8, f"{word} is a file in this folder"))
        for how, tried, confidence in _WAYS:
            other = tried(word, lambda word: is_known(word, self._machine)) or tried(word, self._knows)
            if other is not None:
                why = f"{other} is a command, and {word} is it with {how}"
                found.append(
                    self._put(
                        head.start,
                        head.end,
                        other,
                        confidence,
                        why,
                        sure=how == "capital letters" and (word.istitle() or len(word) < 4),
                    )
                )
        found += Blanks(self._line, self._machine, self._tools).fixes(words)
        found += self._near(words)
        return found

    def _near(self, words: Sequence[Piece]) -> list[Fix]:
        head = words[0]
        lexicon = self._lexicon(self._machine)
        near = lexicon.near(head.text)
        if not near:
            return []
        scored = sorted((item.score - self._bonus(item, words), item) for item in near)
        (best, first), second = scored[0], scored[1][0] if len(scored) > 1 else 9.9
        margin = second - best
        confidence = likely(head.text, first.cost, margin) - 0.2 * lexicon.unusual(first.word)
        sure = (
            first.cost <= _SURE_COST
            and margin >= _SURE_MARGIN
            and len(head.text) >= _SURE_CHARS
            and is_known(first.word, self._machine)
        )
        why = f"{first.word} is a command, and {head.text} is none"
        return [self._put(head.start, head.end, first.word, confidence, why, sure=sure)]

    def _bonus(self, item: Near, words: Sequence[Piece]) -> float:
        """Return what speaks for a command apart from its name: the next word is its subcommand, or it is often used."""
        bonus = 0.3 * self._tools.names.often(item.word)
        if item.word in _ASKS_HOSTS and any(_is_host(piece.text) for piece in words[1:]):
            bonus += 0.6
        if len(words) > 1 and words[1].plain:
            takes = self._tools.subcommands(item.word)
            if takes is not None:
                bonus += 0.5 if words[1].text in takes.words else -0.3 if takes.all else 0.0
        elif len(words) == 1 and self._tools.subcommands(item.word) is not None:
            bonus -= 0.1
        return bonus

    def _script(self, word: str) -> str | None:
        """Return `./NAME` if the word is a file in this folder that looks like a program."""
        if word not in self._files() or word.startswith("-"):
            return None
        return f"./{word}"

    def _files(self) -> Sequence[str]:
        return self._machine.files(self._machine.cwd)

    # What stands behind it

    def _arguments(self, words: Sequence[Piece]) -> Fix | None:
        return self._best(
            [
                Fix(self._replaced(*change[:3]), *change[3:])
                for change in Arguments(words, self._tools, self._machine.files, self._machine.cwd).changes()
            ]
        )

    def _best(self, found: list[Fix]) -> Fix | None:
        return max(found, key=lambda fix: fix.confidence, default=None)

    def _replaced(self, start: int, end: int, text: str) -> str:
        return self._line[:start] + text + self._line[end:]

    def _put(
        self, start: int, end: int, text: str, confidence: float, why: str, *, sure: bool = False
    ) -> Fix:
        return Fix(self._replaced(start, end, text), confidence, why, sure)


def _is_host(text: str) -> bool:
    """Say whether a word looks like another machine: `ada@host`, `10.0.0.1`."""
    name, _, rest = text.partition("@")
    parts = text.partition("/")[0].split(".")
    return bool(name and rest) or (len(parts) == 4 and all(part.isdigit() for part in parts))
