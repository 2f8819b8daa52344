"""What the roster tells the configuration, and what becomes of a plugin that daemons did not survive."""

from pathlib import Path

import anyio
import msgspec
import pytest

from isaacd.config import Offered
from isaacd.config.tree import leaves
from isaacd.errors import MethodNotFound, PluginFailed
from isaacd.plugin.importing import MOST_DEATHS, Import
from isaacd.plugin.stamps import stamps_of
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

        monkeypatch.setattr(house.hall.memory, "look_for_entry_points", look_long)
        house.roster.check()
        await looking.wait()
        file.write_text(WITH_SETTINGS.format(field="newer"))
        await house.hall.seats["mine"].renew()
        assert await house.call("mine") == "newer"
        assert _keys(house.offered[-1]) == ["plugins.settings.mine.newer"]
        on.set()


DEADLY = """
import json, pathlib
from isaacd.api import Context, Plugin
seen = json.loads(pathlib.Path({file!r}).read_text())
plugin = Plugin("deadly", summary="Deadly.")
@plugin.command
def deadly(context: Context) -> list:
    '''Answer.'''
    return [(item["name"], item["deaths"], item["under_way"]) for item in seen]
"""


async def test_a_plugin_that_two_daemons_did_not_survive_is_refused_until_somebody_names_it(
    tmp_path: Path,
) -> None:
    noted = tmp_path / "importing"
    file = plugins_of(tmp_path) / "deadly.py"
    file.write_text(DEADLY.format(file=str(noted)))
    before = msgspec.json.encode(
        [Import(name="deadly", place=str(file), stamps=stamps_of(file), deaths=MOST_DEATHS - 1)]
    )
    noted.write_bytes(before)
    for _ in range(2):  # it is remembered from daemon to daemon
        async with plugin_house(tmp_path) as house:
            await house.settle()
            with pytest.raises(PluginFailed, match="did not survive its import 2 times"):
                await house.call("deadly")
            await house.roster.reload(force=True)
            assert house.hall.seats["deadly"].state == "failed"
            noted.write_bytes(before)
    async with plugin_house(tmp_path) as house:
        await house.settle()
        await house.roster.reload(["deadly"], force=True)
        assert await house.call("deadly") == [("deadly", 2, True)]
        assert not noted.exists()


async def test_a_plugin_that_was_mended_is_imported_at_its_next_use(tmp_path: Path) -> None:
    noted = tmp_path / "importing"
    file = plugins_of(tmp_path) / "deadly.py"
    file.write_text(DEADLY.format(file=str(noted)) + "broken(")
    item = Import(name="deadly", place=str(file), stamps=stamps_of(file), deaths=MOST_DEATHS, under_way=False)
    noted.write_bytes(msgspec.json.encode([item]))
    async with plugin_house(tmp_path) as house:
        await house.settle()
        assert house.hall.seats["deadly"].state == "failed"
        file.write_text(DEADLY.format(file=str(noted)))
        house.hall.seats["deadly"].files.stale = True
        assert await house.call("deadly") == [("deadly", 0, True)]


async def test_a_mistyped_command_is_told_the_one_that_was_meant_while_plugins_are_described(
    tmp_path: Path,
) -> None:
    (plugins_of(tmp_path) / "mine.py").write_text(WITH_SETTINGS.format(field="old"))
    async with plugin_house(tmp_path) as house:
        assert house.hall.seats["mine"].state == "waiting"
        with pytest.raises(MethodNotFound) as told:
            await house.call("mien")
        assert told.value.hint == "did you mean `mine`?"
