"""The conformance checks find what they are for, and nothing in a plugin that is right."""

from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Annotated, Any

import anyio
import msgspec
import pytest

from isaacd.api import Context, Event, InvalidParams, Option, Plugin, PluginFailed
from isaacd.testing import (
    bench,
    check_command,
    check_event_handler,
    check_hooks,
    check_job,
    check_plugin,
    check_rule,
    check_settings,
)


class Settings(msgspec.Struct, frozen=True):
    """How it is done."""

    step: Annotated[int, msgspec.Meta(ge=1, description="How much.")] = 1


def good() -> Plugin:
    plugin = Plugin(
        "good", summary="Be good.", settings=Settings, capabilities=("state", "publish"), events=("done",)
    )

    @plugin.command
    async def good(
        context: Context, what: Annotated[str, Option("What is done.")] = "deed"
    ) -> dict[str, int]:
        """Do something good.

        Examples:
            isaacctl good
        """
        return {what: context.settings(Settings).step}

    @plugin.command
    async def slowly(context: Context) -> AsyncGenerator[str | int, None]:
        """Do it slowly.

        Examples:
            isaacctl good slowly
        """
        yield "x"

    @plugin.route
    def rule(line: str) -> str | None:
        return "ls -l" if line == "ll" else None

    @plugin.on("history.added")
    async def added(context: Context, event: Event) -> None:
        await context.state.set("last", event.data["line"])
        context.publish("done")

    @plugin.every(60)
    def tidy(context: Context) -> None:
        context.log.debug("tidied")

    @plugin.setup
    async def begin(context: Context) -> None:
        await context.state.set("begun", 1)

    @plugin.teardown
    async def end(context: Context) -> None:
        await context.state.delete("begun")

    return plugin


@pytest.mark.anyio
async def test_nothing_is_found_in_a_plugin_that_is_right(tmp_path: Path) -> None:
    plugin = good()
    check_plugin(plugin)
    async with bench(plugin, tmp_path, settings={"step": 4}) as made:
        await check_hooks(made)
        await check_job(plugin.jobs[0], made)
        await check_event_handler(plugin.handlers[0], made, {"line": "ls"})
        assert made.published[0] == ("good.done", {})
        context = made.context(cwd=tmp_path, env={"A": "b"})
        assert context.cwd == tmp_path
        assert context.environ["A"] == "b"
        assert await context.state.get("last") == "ls"
        assert await plugin.commands[0].handler(context, "deed") == {"deed": 4}
        with pytest.raises(PluginFailed, match="a bench has no AI providers"):
            context.services.router(context.config, {}, "")
        with pytest.raises(PluginFailed, match="a bench has no `ledger`"):
            context.services.ledger  # noqa: B018


def command(doc: str, **changes: Any) -> Callable[[], None]:
    def check() -> None:
        plugin = Plugin("one")

        def one(context: Context, what: Annotated[str, "What."] = "") -> Any:
            return None

        one.__doc__ = doc
        one.__annotations__.update({"return": str, **changes})
        plugin.command(one)
        check_command(plugin.commands[0])

    return check


DOC = "Do one.\n\nExamples:\n    isaacctl one\n"


@pytest.mark.parametrize(
    ("check", "told"),
    [
        (command("Do one\n\nExamples:\n    isaacctl one\n"), "the summary is a sentence"),
        (command("Do one."), "no `Examples:`"),
        (command("Do one.\n\nExamples:\n    isaacctl ones\n"), "no example calls `isaacctl one`"),
        (command(DOC, what=str), "the parameter `what` is not explained"),
        (command(DOC, what=Annotated[str, "What"]), "is a sentence"),
        (command(DOC, **{"return": Any}), "does not say what it returns"),
        (command(DOC, **{"return": type}), "cannot be written as JSON"),
        (lambda: check_rule(lambda line: line + "x"), "must not go on changing"),
        (lambda: check_rule(lambda line: 3), "answers with a text or None"),  # type: ignore[arg-type,return-value]
        (lambda: check_rule(lambda line: line[3]), "raises nothing"),
        (lambda: check_plugin(Plugin("p", summary="No stop")), "with a full stop"),
        (lambda: check_plugin(Plugin("p", summary="x" * 80 + ".")), "too long"),
        (
            lambda: check_settings(msgspec.defstruct("S", [("x", int, 1)], namespace={"__doc__": "S."})),
            "S.x is not explained",
        ),
    ],
)
def test_what_is_wrong_is_found(check: Callable[[], None], told: str) -> None:
    with pytest.raises(AssertionError, match=told):
        check()


@pytest.mark.anyio
async def test_a_job_that_runs_only_once_or_cannot_be_stopped_is_found(tmp_path: Path) -> None:
    plugin = Plugin("p", capabilities=("state",))

    @plugin.every(60)
    async def once(context: Context) -> None:
        if await context.state.get("done"):
            raise InvalidParams("done already")
        await context.state.set("done", True)

    @plugin.on("history.added")
    async def strict(context: Context, event: Event) -> None:
        assert set(event.data) == {"line"}
        await anyio.lowlevel.checkpoint()

    async with bench(plugin, tmp_path) as made:
        with pytest.raises(InvalidParams, match="done already"):
            await check_job(plugin.jobs[0], made)
        with pytest.raises(AssertionError):
            await check_event_handler(plugin.handlers[0], made, {"line": "ls"})


@pytest.mark.anyio
async def test_a_setup_that_fails_is_found(tmp_path: Path) -> None:
    plugin = Plugin("p")

    @plugin.setup
    def begin(context: Context) -> None:
        raise ValueError("no")

    async with bench(plugin, tmp_path) as made:
        with pytest.raises(
            PluginFailed, match="the plugin p cannot be used: its setup failed: ValueError: no"
        ):
            await check_hooks(made)
