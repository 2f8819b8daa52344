"""Mistakes behind a command that is known: a doubled word, subcommands, options, names of files."""

from collections.abc import Callable, Iterator, Sequence

from isaacd.routing.tokens import Piece
from isaacd.routing.typo.files import READS_FILES, RUNS_FILES, TAKES_FILES, mistyped_files
from isaacd.routing.typo.fix import Change
from isaacd.routing.typo.lexicon import Near
from isaacd.routing.typo.tools import Subcommands, Tools

# Tools that may be called by their name as an operand: `man man`, `which which`.
_TAKES_NAMES = frozenset(
    "man which type whatis whereis where command sudo echo apropos info help alias time pip pip3 brew npm printf watch "
    "exec apt pgrep pkill killall tldr grep find ls cat kill test yes".split()
)
_VALUES = frozenset(
    "-C -c -s -n -H -P -p -f -D -t -L --context --namespace --prefix --cwd --project --profile".split()
)
# What stands behind their first operand belongs to another program.
_HANDS_ON = frozenset(
    "python python2 python3 node ruby perl php bash sh zsh dash ssh java npx uvx deno bun watch xargs find env".split()
)
_TWO_DASHES = frozenset(("git", "docker", "npm", "cargo", "pip", "apt"))
_ONE_SLIP = 0.95
_EVERYWHERE = ("--help", "--version")
_WANTS_HOSTS = frozenset("whois ping dig nslookup host traceroute mtr ssh nmap telnet nc".split())


class Arguments:
    """Looks at the words of one command, the first of which is right."""

    def __init__(
        self, words: Sequence[Piece], tools: Tools, files: Callable[[str], Sequence[str]], cwd: str
    ) -> None:
        self._words = words
        self._tool = words[0].text.rpartition("/")[2]
        self._tools = tools
        self._files = files
        self._cwd = cwd

    def changes(self) -> Iterator[Change]:
        """Give what may be changed; nothing if all is plausible."""
        doubled = self._doubled()
        if doubled is not None:
            yield doubled
            return
        path, index = self._tool, 1
        # `git stash pop`: a subcommand may have its own.
        while (takes := self._tools.subcommands(path)) is not None:
            index = self._operand(index)
            if index >= len(self._words) or not self._words[index].plain:
                break
            word = self._words[index].text
            if word not in takes.words:
                yield from self._subcommand(path, index, takes)
                break
            said = self._tools.meant(path, word)
            if said is not None and index + 1 < len(self._words):
                yield self._other_word(path, index, said)
                break
            path, index = f"{path} {word}", index + 1
        yield from self._options()
        if self._tool in READS_FILES or self._tool in RUNS_FILES or self._tool in TAKES_FILES:
            yield from mistyped_files(self._words, self._files, self._cwd)
        yield from self._addresses()

    def _operand(self, index: int) -> int:
        """Return where the next operand is; `-C dir` belongs together."""
        while index < len(self._words) and self._words[index].text.startswith(("-", "+")):
            takes_next = self._words[index].text in _VALUES and len(self._words) > index + 2
            index += 2 if takes_next and self._is_value(index + 1) else 1
        return index

    def _is_value(self, index: int) -> bool:
        """Say whether the word behind an option is its value: not if it could be a subcommand itself."""
        takes = self._tools.subcommands(self._tool)
        return takes is None or self._words[index].text not in takes.words

    def _doubled(self) -> Change | None:
        words = self._words
        if len(words) < 2:
            return None
        first, second = words[0], words[1]
        if first.text == second.text and len(words) > 2 and first.text not in _TAKES_NAMES:
            return Change(first.end, second.end, "", 0.93, f"{first.text} is there twice", sure=True)
        twice = len(words) > 3 and [word.text for word in words[:2]] == [word.text for word in words[2:4]]
        if twice and self._tools.subcommands(first.text) is not None:
            why = f"{first.text} {second.text} is there twice"
            return Change(second.end, words[3].end, "", 0.92, why, sure=len(words) > 4)
        return None

    # Subcommands

    def _subcommand(self, path: str, index: int, takes: Subcommands) -> Iterator[Change]:
        piece = self._words[index]
        word = piece.text
        said = self._tools.meant(path, word)
        if said is not None:
            yield self._other_word(path, index, said)
            return
        if not word[:1].isalnum() or len(word) > 30 or any(char in word for char in "/=:@"):
            return
        near = takes.words.near(word)
        swapped = self._swapped(index, takes)
        # `npm rnu test` is a slip in one word rather than two words that changed places.
        if swapped is not None and not (near and near[0].cost <= _ONE_SLIP):
            yield swapped
            return
        if f"-{word}" in takes.words or f"--{word}" in takes.words:
            yield Change(piece.start, piece.start, "-", 0.8, f"{path} has -{word}")
        if near:
            yield self._near(path, piece, near, takes)
        beginning = takes.words.beginning(word) if len(word) > 2 and takes.all else []
        if len(beginning) == 1:
            yield Change(
                piece.start, piece.end, beginning[0], 0.6, f"{word} is short for {beginning[0]} of {path}"
            )

    def _near(self, path: str, piece: Piece, near: Sequence[Near], takes: Subcommands) -> Change:
        word, best = piece.text, near[0]
        margin = (near[1].score if len(near) > 1 else 9.9) - best.score
        alone = max(0.0, 1.0 - best.cost / (0.8 * len(word) + 1.2))
        confidence = alone * (0.6 + 0.4 * min(1.0, max(0.0, margin) / 0.5)) + 0.08
        if not takes.all or " " in path:
            confidence -= 0.1
        # A word of a list that is whole and that is none of it is wrong, whatever was meant.
        sure = takes.all and best.cost <= 0.95 and margin >= 0.5 and len(word) >= 4
        return Change(
            piece.start,
            piece.end,
            best.word,
            min(0.97, confidence),
            f"{path} has {best.word}, not {word}",
            sure,
        )

    def _other_word(self, path: str, index: int, said: str) -> Change:
        piece = self._words[index]
        return Change(piece.start, piece.end, said, 0.85, f"{path} says {said} for {piece.text}")

    def _swapped(self, index: int, takes: Subcommands) -> Change | None:
        """Look for words that changed places: `systemctl nginx start`."""
        following = self._operand(index + 1)
        if not takes.all or following != index + 1 or following + 1 != len(self._words):
            return None
        one, other = self._words[index], self._words[following]
        if other.text not in takes.words:
            return None
        text = f"{other.text} {one.text}"
        return Change(one.start, other.end, text, 0.82, f"{other.text} is the command, and comes first")

    # Options

    def _options(self) -> Iterator[Change]:
        flags = self._tools.flags(self._tool)
        for piece in self._words[1:]:
            text = piece.text
            hands_on = self._tool in _HANDS_ON and self._tool != "find"
            if text == "--" or (hands_on and not text.startswith("-")):
                return
            if not piece.plain or not text.startswith("-") or len(text) < 5:
                continue
            name = text.partition("=")[0]
            if name in flags:
                continue
            if text[1] != "-":
                yield from self._one_dash(piece, name)
                continue
            near = flags.near(name)
            if near and "=" in text and near[0].word in _EVERYWHERE:
                continue
            if near and near[0].cost <= 0.95 and (near[0].word in _EVERYWHERE or near[0].cost < 0.9):
                end = piece.start + len(name)
                is_help = near[0].word in _EVERYWHERE
                why = f"{near[0].word} is an option, and {name} is not known to be one"
                yield Change(piece.start, end, near[0].word, 0.85 if is_help else 0.6, why, sure=is_help)

    def _one_dash(self, piece: Piece, name: str) -> Iterator[Change]:
        """Look for a long option with one dash, of a tool whose options have two; those of `find` have one."""
        if self._tool == "find":
            near = self._tools.flags("find").near(name)
            if near and near[0].cost <= _ONE_SLIP and near[0].word[1] != "-":
                why = f"find has {near[0].word}, and no {name}"
                yield Change(piece.start, piece.end, near[0].word, 0.75, why)
            return
        if f"-{name}" in self._tools.flags(self._tool) and self._tool in _TWO_DASHES:
            yield Change(
                piece.start, piece.start, "-", 0.8, f"{name[1:]} is a long option: it has two dashes"
            )

    # Machines

    def _addresses(self) -> Iterator[Change]:
        """Look for the address of a page where the name of a machine is wanted."""
        if self._tool not in _WANTS_HOSTS:
            return
        for piece in self._words[1:]:
            scheme, slashes, rest = piece.text.partition("://")
            host = rest.partition("/")[0].rpartition("@")[2]
            if slashes and scheme in ("http", "https") and host and piece.plain:
                yield Change(piece.start, piece.end, host, 0.85, f"{self._tool} wants the name of a machine")
