"""A plugin's secrets: read by name from where keys are kept, and never shown by accident."""

from collections.abc import Collection, Mapping

from isaacd.ai.keys import Key
from isaacd.belongings.capabilities import demand
from isaacd.belongings.ports import SecretFinder
from isaacd.errors import NotFound


class Secrets:
    """The secrets that one plugin has declared, for one caller."""

    def __init__(
        self, plugin: str, declared: Collection[str], finder: SecretFinder, environ: Mapping[str, str]
    ) -> None:
        self._plugin = plugin
        self._declared = declared
        self._finder = finder
        self._environ = environ

    async def get(self, name: str) -> Key | None:
        """Return the secret `name`, or None if it is nowhere; `reveal()` gives its text.

        The places are the caller's environment and the daemon's, a credential of systemd (`name`), the file that
        `isaacctl keys set NAME` writes, and the keyring. Raises PermissionDenied if the plugin has not declared
        `secrets:NAME`, or if others can read the file.
        """
        demand(self._plugin, self._declared, f"secrets:{name}", f"the secret {name}")
        found = await self._finder.find(name, self._environ)
        return None if found is None else Key(*found)

    async def require(self, name: str) -> Key:
        """Return the secret `name`; raises NotFound, with how to store it, if it is nowhere."""
        found = await self.get(name)
        if found is None:
            raise NotFound(
                f"the plugin {self._plugin} needs the secret {name}",
                hint=f"isaacctl keys set {name}, or export {name}",
            )
        return found
