"""All commands by name; two that claim one name are an error that names both."""

from collections.abc import Callable, Collection, Iterable, Iterator

from isaacd.command.command import Command
from isaacd.command.explain import nearest
from isaacd.context import CommandCard
from isaacd.errors import MethodNotFound, PluginFailed


class Catalog:
    """The commands of one daemon; `version` grows with every change, so that views know when to be made anew.

    `summaries` has a line for each plugin.
    """

    def __init__(self, commands: Iterable[Command] = ()) -> None:
        self._commands: dict[str, Command] = {}
        # Every request looks its command up, so this is the dict's own method: name -> command or None.
        self.find: Callable[[str], Command | None] = self._commands.get
        self.summaries: dict[str, str] = {}
        self.version = 0
        self._fill: Callable[[], None] | None = None
        self._unaided: Collection[str] = ()
        self.add(*commands)

    def later(self, fill: Callable[[], None], unaided: Collection[str]) -> None:
        """Have `fill` add the rest when somebody first looks for a command; the names in `unaided` are none.

        A daemon is ready, and answers a ping, before its plugins are imported.
        """
        self._fill, self._unaided = fill, unaided
        self.find = self._find

    def complete(self) -> None:
        """Add now what was left for later."""
        fill, self._fill = self._fill, None
        if fill is not None:
            self.find = self._commands.get
            fill()

    def _find(self, name: str) -> Command | None:
        if name not in self._unaided:
            self.complete()
        return self._commands.get(name)

    def add(self, *commands: Command) -> None:
        """Add commands, all or none; raises PluginFailed if a name is taken."""
        adding: dict[str, Command] = {}
        for command in commands:
            taken = self._commands.get(command.name) or adding.get(command.name)
            if taken is not None:
                raise PluginFailed(
                    f"the plugins {taken.plugin} and {command.plugin} both have a command {command.name}",
                    hint=f'choose one, in config.toml: [plugins] disabled = ["{command.plugin}"]',
                )
            adding[command.name] = command
        self._commands.update(adding)
        self.version += 1

    def get(self, name: str) -> Command:
        """Return the command of this name, or raise MethodNotFound with the nearest name."""
        command = self.find(name)
        if command is None:
            raise self.unknown(name)
        return command

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
