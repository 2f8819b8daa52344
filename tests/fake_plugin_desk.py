"""A desk for decisions about plugins, which trusts those that it is told to."""

from isaacd.context import PluginTrust


class FakePluginDesk:
    """Says which plugins are trusted."""

    def __init__(self) -> None:
        self.trusts: set[str] = set()

    def trusted(self, name: str) -> PluginTrust:
        trusted = name in self.trusts
        return PluginTrust(
            name=name, origin="", trusted=trusted, reason="said so" if trusted else "nobody has said so"
        )
