"""The commands search, info and update, as the daemon calls them."""

from pathlib import Path

import pytest

from isaac_plugins.knowledge import info, search, update
from isaac_plugins.knowledge.results import show_candidates, show_info, show_updated
from isaacd.context import Context, Terminal
from isaacd.errors import InvalidParams
from tests.fakes import FakeServices

pytestmark = pytest.mark.anyio


@pytest.fixture
def context(tmp_path: Path) -> Context:
    home = {
        "HOME": str(tmp_path),
        "XDG_CACHE_HOME": str(tmp_path / "c"),
        "XDG_DATA_HOME": str(tmp_path / "d"),
    }
    return Context(FakeServices({**home, "PATH": "/usr/bin:/bin"}), sets=("knowledge.whatis=false",))


async def test_search_gives_candidates_for_programs_and_people(context: Context) -> None:
    found = await search(context, "find files larger than 100 MB under /var", limit=2)
    assert found[0].command == "find /var -type f -size +100M"
    assert len(found) <= 2
    assert show_candidates(found, Terminal()).startswith("find /var -type f -size +100M\n    Lists")


async def test_search_that_finds_nothing_says_what_helps(context: Context) -> None:
    found = await search(context, "who won the world cup 1998")
    assert found == []
    assert "isaacctl knowledge update" in show_candidates(found, Terminal())


@pytest.mark.parametrize("limit", [0, -1, 101])
async def test_search_refuses_a_senseless_limit(context: Context, limit: int) -> None:
    with pytest.raises(InvalidParams, match="limit"):
        await search(context, "list files", limit=limit)


async def test_update_from_a_file_brings_pages_that_info_then_counts(context: Context, archive: Path) -> None:
    before = await info(context)
    assert [(source.name, source.texts > 0) for source in before.sources] == [
        ("cookbook", True),
        ("tldr", False),
        ("whatis", False),
    ]
    assert before.sources[2].place == "off: knowledge.whatis is false"
    updated = await update(context, from_=archive)
    assert updated.pages == 2
    assert show_updated(updated, Terminal()).startswith("2 tldr pages are in ")
    after = {source.name: source for source in (await info(context)).sources}
    assert after["tldr"].texts == 3
    assert after["tldr"].place == updated.file
    assert "isaacctl knowledge update" not in show_info(await info(context), Terminal())
    found = await search(context, "adjust a knob slowly", limit=1)
    assert [item.source for item in found] == ["tldr twiddle"]


async def test_update_takes_a_file_or_an_address_but_not_both(context: Context, archive: Path) -> None:
    with pytest.raises(InvalidParams, match="not both"):
        await update(context, from_=archive, url="https://localhost/x.zip")
