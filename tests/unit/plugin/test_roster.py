"""What the roster tells the configuration, and when."""

from pathlib import Path

import anyio
import pytest

from isaacd.config import Offered
from isaacd.config.tree import leaves
from tests.plugin_house import plugin_house, plugins_of

pytestmark = pytest.mark.anyio

WITH_SETTINGS = """
import msgspec
from isaacd.api import Context, Plugin
class Settings(msgspec.Struct, frozen=True):
    {field}: int = 1
plugin = Plugin("mine", summary="Mine.", settings=Settings)
@plugin.command
def mine(context: Context) -> str:
    '''Answer.'''
    return "{field}"
"""


def _keys(offered: Offered) -> list[str]:
    """Return the keys that plugins have added to the configuration."""
    return [".".join(path) for path, _ in leaves(offered.tree) if path[:2] == ("plugins", "settings")]


async def test_settings_of_newer_code_are_told_with_it_although_much_else_is_to_be_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = plugins_of(tmp_path) / "mine.py"
    file.write_text(WITH_SETTINGS.format(field="old"))
    async with plugin_house(tmp_path) as house:
        await house.settle()
        assert await house.call("mine") == "old"
        looking, on = anyio.Event(), anyio.Event()

        async def look_long() -> bool:
            looking.set()
            await on.wait()
            return False

        monkeypatch.setattr(house.roster.memory, "look_for_entry_points", look_long)
        house.roster.check()
        await looking.wait()
        file.write_text(WITH_SETTINGS.format(field="newer"))
        await house.roster.seats["mine"].renew()
        assert await house.call("mine") == "newer"
        assert _keys(house.offered[-1]) == ["plugins.settings.mine.newer"]
        on.set()
