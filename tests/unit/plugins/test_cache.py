"""The `cache` commands: what they do, what they say, and how they refuse."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from isaac_plugins import cache
from isaacd.cache.plan import Kept
from isaacd.command import Input
from isaacd.context import NO_META, Context, Sent, Terminal
from isaacd.errors import InvalidParams, NotFound
from tests.fakes import FakeServices

pytestmark = pytest.mark.anyio

SCREEN = Terminal(stdout=True)


@pytest.fixture
async def context(tmp_path: Path) -> AsyncGenerator[Context, None]:
    services = FakeServices({"HOME": str(tmp_path)}, tmp_path / "log")
    yield Context(services)
    await services.shelf.aclose()


def view(command: str, result: Any) -> str:
    found = next(item for item in cache.plugin.commands if item.name == f"cache.{command}")
    assert found.view is not None
    return found.view(result, SCREEN)


async def test_what_was_set_can_be_got(context: Context) -> None:
    await cache.set_(context, "greeting", "hello", ttl=60, tag=["news"])
    item = await cache.get(context, "greeting")
    assert (item.value, item.tags, item.expires_s) == ("hello", ("news",), 60)


async def test_keys_are_listed_by_pattern_the_newest_first(context: Context) -> None:
    for key in ("a1", "a2", "b1"):
        context.clock.advance(1)  # type: ignore[attr-defined]
        await cache.set_(context, key, "x")
    assert [item.key for item in await cache.get(context)] == ["b1", "a2", "a1"]
    assert [item.key for item in await cache.get(context, "a*")] == ["a2", "a1"]


async def test_a_key_that_is_not_there_is_named_with_the_nearest(context: Context) -> None:
    await cache.set_(context, "greeting", "hello")
    with pytest.raises(NotFound, match="'greetin'") as caught:
        await cache.get(context, "greetin")
    assert caught.value.hint == "did you mean greeting?"


@pytest.mark.parametrize(("key", "value"), [("k", "sk-proj-abcdefghij0123456789"), ("ai:exact:1", "x")])
async def test_secrets_and_forged_answers_are_refused(context: Context, key: str, value: str) -> None:
    with pytest.raises(InvalidParams):
        await cache.set_(context, key, value)


@pytest.mark.parametrize("ttl", [-1.0, float("nan")])
async def test_a_ttl_below_0_is_refused(context: Context, ttl: float) -> None:
    with pytest.raises(InvalidParams, match="--ttl"):
        await cache.set_(context, "k", "v", ttl=ttl)


async def test_a_ttl_of_0_forgets(context: Context) -> None:
    await cache.set_(context, "k", "v")
    done = await cache.set_(context, "k", "v", ttl=0)
    assert "forgotten" in done.text
    assert await cache.get(context) == []


async def test_invalidate_takes_a_pattern_or_a_tag(context: Context) -> None:
    for key in ("a1", "a2", "b1"):
        await cache.set_(context, key, "x", tag=["t"] if key == "b1" else [])
    assert (await cache.invalidate(context, "a*")).count == 2
    assert (await cache.invalidate(context, tag="t")).count == 1
    for arguments in ({}, {"pattern": "a", "tag": "t"}):
        with pytest.raises(InvalidParams, match="either"):
            await cache.invalidate(context, **arguments)


async def test_clear_forgets_all_and_what_was_learned_only_if_asked(context: Context) -> None:
    await context.care()
    shelf = context.services.shelf
    shelf.savings.note(0, "exact", usd=1.0, tokens=1, seconds=1)
    await cache.set_(context, "k", "v")
    assert (await cache.clear(context)).count == 1
    assert shelf.savings.days()
    await cache.clear(context, learned=True)
    assert not shelf.savings.days()


async def test_an_export_can_be_imported(context: Context) -> None:
    await cache.set_(context, "k", "v", tag=["t"])
    lines = [line async for line in cache.export(context)]
    await cache.clear(context)
    moved = await cache.import_(context, Input("".join(lines) + "rubbish\n\n"))
    assert (moved.kept, moved.refused) == (1, 1)
    assert view("import", moved) == "took 1 entries in; 1 lines were no entries"
    item = await cache.get(context, "k")
    assert (item.value, item.tags) == ("v", ("t",))


async def test_an_export_is_lines_of_json_however_it_is_asked_for(context: Context) -> None:
    await cache.set_(context, "k", "v")
    lines = [line async for line in cache.export(context)]
    rows: list[object] = []

    class Events:
        async def emit(self, kind: str, data: object) -> None:
            assert kind == "row"
            rows.append(data)

    asked: Any = Events()
    on_the_line = Context(context.services, NO_META, asked)
    on_the_line.wants_json = True
    assert [item async for item in cache.export(on_the_line)] == [Sent()]
    assert rows == lines


async def test_what_has_expired_is_not_imported(context: Context) -> None:
    await cache.set_(context, "k", "v", ttl=5)
    lines = [line async for line in cache.export(context)]
    context.clock.advance(6)  # type: ignore[attr-defined]
    moved = await cache.import_(context, Input("".join(lines)))
    assert (moved.kept, moved.expired) == (0, 1)


async def test_warm_brings_hot_answers_into_memory(context: Context) -> None:
    await context.care()
    shelf = context.services.shelf
    await shelf.keep(
        "exact", "ai:exact:1", Kept(text="t", provider="p", model="m", finish_reason="stop"), None
    )
    shelf.warmer.track_query("ai:exact:1")
    done = await cache.warm(context)
    assert done.count == 1
    with pytest.raises(InvalidParams):
        await cache.warm(context, top=0)


async def test_stats_show_levels_kinds_and_days(context: Context) -> None:
    await context.care()
    shelf = context.services.shelf
    kept = Kept(text="t", provider="p", model="m", finish_reason="stop", cost_usd=0.5)
    await shelf.keep("exact", "ai:exact:1", kept, None)
    await shelf.look("ai:exact:1")
    for day, kind in ((0, "asked"), (0, "exact"), (86_400, "exact")):
        shelf.savings.note(day, kind, usd=0.25, tokens=100, seconds=2)
    shown = view("stats", await cache.stats(context))
    for text in (
        "hits 100.0%",
        "L1       exact 1",
        "1970-01-01 ###",
        " 50%",
        "100%",
        "200 tokens, 4 s, $0.5000",
    ):
        assert text in shown


async def test_stats_of_a_new_cache_are_empty_and_not_wrong(context: Context) -> None:
    shown = view("stats", await cache.stats(context))
    assert "requests 0, hits 0.0%" in shown
    assert "none yet" in shown


async def test_gc_removes_what_is_expired(context: Context) -> None:
    await cache.set_(context, "k", "v", ttl=5)
    await context.services.shelf.cache.flush()
    context.clock.advance(6)  # type: ignore[attr-defined]
    assert "removed 1 expired" in view("gc", await cache.gc(context))


async def test_the_doctor_finds_a_sound_cache_sound(context: Context) -> None:
    assert all(finding.ok for finding in await cache.doctor(context))


async def test_the_doctor_tells_why_nothing_is_on_the_disk(tmp_path: Path) -> None:
    (tmp_path / ".cache").write_text("in the way")
    services = FakeServices({"HOME": str(tmp_path)}, tmp_path / "log")
    context = Context(services)
    assert not all(finding.ok for finding in await cache.doctor(context))
    with pytest.raises(NotFound, match="no file"):
        await cache.gc(context)
    await services.shelf.aclose()
