"""`cli.complete`: what may come next on a command line."""

from typing import TYPE_CHECKING

import click
import msgspec

from isaacd.cli.help import rows_of
from isaacd.cli.local import LOCAL_COMMANDS
from isaacd.cli.values import Value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from isaacd.cli.tree import Tree


class Completion(msgspec.Struct, frozen=True):
    """One word that fits, and what it means; of kind `file`, it says that the name of a file fits."""

    value: str
    help: str = ""
    kind: str = "word"


def complete(tree: "Tree", words: list[str]) -> list[Completion]:
    """Complete the last of `words`, the words after `isaacctl`; the last may be empty. Never raises."""
    *before, start = words or [""]
    line = _Line(tree.root)
    for word in before:
        line.take(word)
    return sorted(set(line.next_words(start)), key=lambda item: item.value)


class _Line:
    """A command line as far as it has been typed: which command, which options, how many arguments."""

    def __init__(self, root: click.Group) -> None:
        self._root = root
        self._command: click.Command = root
        self._context = click.Context(root, info_name="")
        self._given: set[str | None] = set()
        self._places = 0
        self._open: click.Option | None = None
        self._only_places = False
        self._lost = False

    def take(self, word: str) -> None:
        """Go on by one whole word."""
        if self._open is not None:
            self._open = None
        elif word == "--" and not self._only_places:
            self._only_places = True
        elif word.startswith("-") and word != "-" and not self._only_places:
            option = self._option(word)
            if option is not None:
                self._given.add(option.name)
                joined = "=" in word or (not word.startswith("--") and len(word) > 2)
                self._open = None if option.is_flag or joined else option
        elif isinstance(self._command, click.Group):
            below = self._command.get_command(self._context, word)
            leaf = getattr(self._command, "leaf", None)
            if below is not None:
                self._command, self._given, self._only_places = below, set(), False
            elif leaf is not None:
                self._command, self._places = leaf, 1
            else:
                self._lost = True
        else:
            self._places += 1

    def next_words(self, start: str) -> "Iterator[Completion]":
        """Say what the word may be that begins with `start`."""
        if self._lost:
            return
        if self._open is not None:
            yield from _values(self._open, start)
        elif start.startswith("-") and not self._only_places:
            yield from self._options(start)
        elif isinstance(self._command, click.Group):
            yield from self._commands(start)
        else:
            places = [item for item in self._command.params if isinstance(item, click.Argument)]
            at = min(self._places, len(places) - 1)
            if places and (at == self._places or places[at].nargs == -1):
                yield from _values(places[at], start)

    def _commands(self, start: str) -> "Iterator[Completion]":
        assert isinstance(self._command, click.Group)
        rows = dict(rows_of(self._command))
        if self._command is self._root:
            rows |= dict(LOCAL_COMMANDS)
        for name, text in rows.items():
            if name.startswith(start):
                yield Completion(name, text)
        for place in getattr(self._command, "places", ())[:1]:
            yield from _values(place, start)

    def _options(self, start: str) -> "Iterator[Completion]":
        name, joined, value = start.partition("=")
        if joined:
            option = self._option(name)
            for fits in _values(option, value) if option is not None else ():
                yield Completion(f"{name}={fits.value}", fits.help, fits.kind)
            return
        for item in self._command.get_params(self._context):
            if not isinstance(item, click.Option) or (item.name in self._given and not item.multiple):
                continue
            for flag in (*item.opts, *item.secondary_opts):
                if flag.startswith("--") and flag.startswith(start):
                    yield Completion(flag, item.help or "")

    def _option(self, word: str) -> click.Option | None:
        flag = word.partition("=")[0] if word.startswith("--") else word[:2]
        for item in self._command.get_params(self._context):
            if isinstance(item, click.Option) and flag in (*item.opts, *item.secondary_opts):
                return item
        return None


def _values(param: click.Parameter, start: str) -> "Iterator[Completion]":
    if not isinstance(param.type, Value):
        return
    if param.type.is_file:
        yield Completion(start, kind="file")
    for choice in param.type.choices or ():
        if choice.startswith(start):
            yield Completion(choice)
