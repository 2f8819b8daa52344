"""All commands by name; two that claim one name are an error that names both."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator
from typing import Protocol

from isaacd.command.command import Command
from isaacd.command.explain import nearest
from isaacd.context import CommandCard
from isaacd.errors import IsaacError, MethodNotFound, PluginFailed

Wait = Callable[[], Awaitable[None]]


class Supply(Protocol):
    """Where commands come from that are not in the catalog yet: plugins that nobody has needed so far."""

    def open(self) -> None:
        """Add the commands that are known; those that take longer come later."""
        ...

    def missing(self, name: str) -> Command | None:
        """Return a command that stands for one that may still come; None if none of this name will."""
        ...

    def waiting(self, word: str) -> Wait | None:
        """Return what waits until the plugin `word` is known, with "" all of them; None if nothing has to be waited for."""
        ...

    def refusal(self, word: str) -> IsaacError | None:
        """Say why a plugin has no commands, if it is there and cannot be used."""
        ...


class Catalog:
    """The commands of one daemon; `version` grows with every change, so that views know when to be made anew.

    `summaries` has a line for each plugin.
    """

    def __init__(self, commands: Iterable[Command] = ()) -> None:
        self._commands: dict[str, Command] = {}
        self._of: dict[str, tuple[str, ...]] = {}  # the names by plugin
        # Every request looks its command up, so this is the dict's own method: name -> command or None.
        self.find: Callable[[str], Command | None] = self._commands.get
        self.summaries: dict[str, str] = {}
        self.version = 0
        self._supply: Supply | None = None
        self._make: Callable[[], Supply] | None = None
        self._unaided: Collection[str] = ()
        self._watchers: list[Callable[[], None]] = []
        self.add(*commands)

    def watch(self, changed: Callable[[], None]) -> Callable[[], None]:
        """Have `changed` called after every change, until what is returned is called; it must neither wait nor raise."""
        self._watchers.append(changed)
        return lambda: self._watchers.remove(changed)

    def _changed(self) -> None:
        self.version += 1
        for tell in tuple(self._watchers):
            tell()

    def later(self, supply: Callable[[], Supply], unaided: Collection[str]) -> None:
        """Have what `supply` makes add the rest when somebody first looks for a command; the names in `unaided` are none.

        A daemon is ready, and answers a ping, before it looks for its plugins.
        """
        self._make, self._unaided = supply, unaided
        self.find = self._find

    def complete(self) -> None:
        """Add now what was left for later, as far as it is known."""
        make, self._make = self._make, None
        if make is not None:
            self.find = self._commands.get
            self._supply = make()
            self._supply.open()

    def waiting(self, word: str = "") -> Wait | None:
        """Return what waits until the commands of the plugin `word` are known, with "" those of all; or None."""
        self.complete()
        return None if self._supply is None else self._supply.waiting(word)

    def refusal(self, word: str) -> IsaacError | None:
        """Say why a plugin has no commands, if it is there and cannot be used."""
        return None if self._supply is None else self._supply.refusal(word)

    def _find(self, name: str) -> Command | None:
        if name not in self._unaided:
            self.complete()
        return self._commands.get(name)

    def add(self, *commands: Command) -> None:
        """Add commands, all or none; raises PluginFailed if a name is taken."""
        adding = self._checked(commands, self._commands)
        self._commands.update(adding)
        for name, command in adding.items():
            self._of[command.plugin] = (*self._of.get(command.plugin, ()), name)
        self._changed()

    def put(self, plugin: str, commands: Iterable[Command]) -> None:
        """Make these the commands of a plugin, whatever it had; raises PluginFailed if a name is another's."""
        adding = self._checked(commands, self._commands, but=plugin)
        for name in self._of.pop(plugin, ()):
            del self._commands[name]  # in place: `find` is this dict's own method
        self._commands.update(adding)
        self._of[plugin] = tuple(adding)
        self._changed()

    def swap(self, commands: Iterable[Command]) -> None:
        """Put commands in the place of others of the same names that look the same from outside."""
        for command in commands:
            if command.name in self._commands:
                self._commands[command.name] = command

    def _checked(
        self, commands: Iterable[Command], others: dict[str, Command], but: str = ""
    ) -> dict[str, Command]:
        adding: dict[str, Command] = {}
        for command in commands:
            taken = adding.get(command.name) or others.get(command.name)
            if taken is not None and (taken.plugin != but or command.name in adding):
                raise PluginFailed(
                    f"the plugins {taken.plugin} and {command.plugin} both have a command {command.name}",
                    hint=f'choose one, in config.toml: [plugins] disabled = ["{command.plugin}"]',
                )
            adding[command.name] = command
        return adding

    def get(self, name: str) -> Command:
        """Return the command of this name, or raise MethodNotFound with the nearest name."""
        command = self.find(name)
        if command is None and self._supply is not None:
            command = self._supply.missing(name)
        if command is None:
            raise self.unknown(name)
        return command if command.renew is None else command.renew()

    def unknown(self, name: str) -> MethodNotFound:
        """Say that there is no such command, and which one may have been meant."""
        near = nearest(name, [item.name for item in self if not item.hidden])
        hint = f"did you mean `{near}`?" if near else "the method `commands` lists them all"
        return MethodNotFound(f"no command {name[:80]!r}", hint=hint)

    def __iter__(self) -> Iterator[Command]:
        self.complete()
        return iter(self._commands.values())

    def __len__(self) -> int:
        self.complete()
        return len(self._commands)

    def cards(self) -> list[CommandCard]:
        """Describe all commands that are not hidden, by name."""
        return [
            CommandCard(
                name=item.name, summary=item.summary, mode=item.mode, plugin=item.plugin, schema=item.schema
            )
            for item in sorted(self, key=lambda item: item.name)
            if not item.hidden
        ]
