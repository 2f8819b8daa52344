"""Laws of what belongs to a plugin: made once, its own, by leave of what it has declared, and never shown by accident."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from isaacd.belongings import Declared, Household
from isaacd.context import Context
from isaacd.database import Schema
from isaacd.errors import InvalidParams, NotFound, PermissionDenied, PluginFailed
from tests.fakes import FakeServices

pytestmark = pytest.mark.anyio
ROWS = Schema(what="rows", number=1, versions=(("CREATE TABLE rows (n INTEGER)",),))
MORE = Schema(what="rows", number=1, versions=(*ROWS.versions, ("ALTER TABLE rows ADD COLUMN m INTEGER",)))


@pytest.fixture
async def services(tmp_path: Path) -> AsyncIterator[FakeServices]:
    made = FakeServices({"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")})
    yield made
    await made._household.aclose()


def declare(services: FakeServices, *capabilities: str, events: tuple[str, ...] = ()) -> Context:
    services.declared["p"] = Declared(capabilities=capabilities, events=events)
    return Context(services, plugin="p")


async def test_what_was_not_declared_is_refused_and_what_was_is_there(services: FakeServices) -> None:
    bare = declare(services)
    for use, capability in (
        (lambda: bare.state, "state"),
        (lambda: bare.cache, "cache"),
        (lambda: bare.database(ROWS), "state"),
        (lambda: bare.publish("x"), "publish"),
        (lambda: bare.ai, "ask"),
        (lambda: bare.chats, "ask"),
        (lambda: bare.history, "history"),
        (lambda: bare.plans, "run"),
        (lambda: bare.jobs, "run"),
    ):
        with pytest.raises(PermissionDenied) as refused:
            use()
        assert f'capabilities=("{capability}",)' in str(refused.value.hint)
    full = declare(services, "state", "cache")
    await full.state.set("a", 1)
    await full.cache.set("b", 2, ttl_s=60)
    assert (await full.state.get("a"), await full.cache.get("b")) == (1, 2)


async def test_what_runs_for_the_house_has_no_belongings_and_may_ask(services: FakeServices) -> None:
    for name in ("", "isaacd"):
        context = Context(services, plugin=name)
        with pytest.raises(PluginFailed, match="belongs to a plugin"):
            context.state  # noqa: B018
        assert context.ai is not None


async def test_a_cached_value_is_gone_after_its_time_and_is_no_other_plugin_s(services: FakeServices) -> None:
    cache, other = (
        declare(services, "cache").cache,
        Context(services, plugin="q").cache,
    )
    await cache.set("k", {"n": 1}, ttl_s=60)
    assert await cache.get("k", dict[str, int]) == {"n": 1}
    assert await cache.get("k", int, 7) == 7, "what is no longer of the type that is wanted is not there"
    assert await other.get("k") is None
    await other.set("k", 2)
    services.clock.advance(61)
    assert await cache.get("k") is None
    assert await cache.clear() == 0
    assert await other.get("k") == 2
    assert await other.clear() == 1
    assert await other.delete("k") is False
    with pytest.raises(InvalidParams, match="too large"):
        await cache.set("k", b"x" * 2_000_000)
    with pytest.raises(InvalidParams, match="key of the cache"):
        await cache.set("", 1)
    with pytest.raises(InvalidParams, match="time to live"):
        await cache.set("k", 1, ttl_s=-1)
    with pytest.raises(TypeError):
        await cache.set("k", object())


async def test_a_database_is_one_as_long_as_its_schema_is_and_is_brought_up_to_a_newer_one(
    services: FakeServices,
) -> None:
    context = declare(services, "state")
    database = context.database(ROWS)
    await database.execute("INSERT INTO rows VALUES (1)")
    assert context.database(ROWS) is database
    newer = context.database(MORE)
    assert newer is not database
    assert await newer.read("SELECT n, m FROM rows") == [(1, None)]
    assert await context.database(ROWS, "other").read("SELECT n FROM rows") == []
    for name in ("state", "../x", "", "a/b", "ü"):
        with pytest.raises(InvalidParams, match="cannot be called"):
            context.database(ROWS, name)


async def test_a_secret_comes_from_where_keys_are_and_does_not_show_itself(
    services: FakeServices, tmp_path: Path
) -> None:
    context = declare(services, "secrets:TOKEN")
    assert await context.secrets.get("TOKEN") is None
    with pytest.raises(NotFound) as missing:
        await context.secrets.require("TOKEN")
    assert "isaacctl keys set TOKEN" in str(missing.value.hint)
    with pytest.raises(PermissionDenied, match="the secret OTHER"):
        await context.secrets.get("OTHER")
    folder = services.paths.config_dir / "keys"
    folder.mkdir(parents=True)
    (folder / "TOKEN").write_text("kept\n")
    (folder / "TOKEN").chmod(0o644)
    with pytest.raises(PermissionDenied, match="can be reached by others"):
        await context.secrets.get("TOKEN")
    (folder / "TOKEN").chmod(0o600)
    found = await context.secrets.require("TOKEN")
    assert found.reveal() == "kept"
    assert "kept" not in f"{found!r} {found}"
    services.environ = {**services.environ, "TOKEN": "set"}
    found = await Context(services, plugin="p").secrets.require("TOKEN")
    assert (found.reveal(), found.origin) == ("set", "the environment variable TOKEN")


async def test_only_declared_events_are_published_each_under_the_plugin_s_name(
    services: FakeServices,
) -> None:
    context = declare(services, "publish", events=("added",))
    context.publish("added", {"n": 1})
    context.publish("p.added")
    assert services.published == [("p.added", {"n": 1}), ("p.added", {})]
    for name in ("removed", "q.added", "history.added", "added.more", ""):
        with pytest.raises(PluginFailed, match="publishes"):
            context.publish(name)


async def test_what_a_plugin_declares_anew_counts_at_once(services: FakeServices) -> None:
    household = Household(services.paths, services.clock, services.log, services.declared.__getitem__)
    services.declared["p"] = Declared()
    own = household.of("p")
    with pytest.raises(PermissionDenied):
        own.demand("state", "context.state")
    services.declared["p"] = Declared(capabilities=("state",))
    assert household.of("p") is own
    own.demand("state", "context.state")
