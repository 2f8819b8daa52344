"""The commands `tools` and `tools call`, and which of the bundled commands a model may call at all."""

from pathlib import Path

import pytest

from isaac_plugins.tools import plugin
from isaacd.api import Context, NotFound, Plugin, Tier
from isaacd.clock import SystemClock
from isaacd.plugin import BootLoader
from isaacd.tools.toolbox import Toolbox
from tests.fake_caller import Caller, Shown
from tests.fakes import FakeServices

box = Plugin("box", summary="A box.")


@box.command(tool=Tier.READ)
def look(context: Context, what: str = "all") -> dict[str, str]:
    """Look into the box."""
    if what == "nothing":
        raise NotFound("there is nothing")
    return {"seen": what}


@box.command(tool=Tier.BEYOND)
def empty(context: Context) -> str:
    """Empty the box."""
    return "emptied"


@box.command
def hidden(context: Context) -> str:
    """Be no tool."""
    return "never"


def type_line(*argv: str) -> Shown:
    caller = Caller(plugin, box)
    caller.services.toolbox = Toolbox(caller.catalog)
    return caller.type(*argv)


def test_the_list_says_what_each_tool_demands() -> None:
    shown = type_line("tools")
    assert [line.split() for line in shown.out.splitlines()] == [
        ["tool", "tier", "before", "it", "runs", "what", "it", "does"],
        ["box.empty", "3", "asks", "you,", "with", "the", "reasons", "Empty", "the", "box."],
        ["box.look", "1", "runs", "Look", "into", "the", "box."],
    ]
    assert [row["name"] for row in type_line("tools", "--json").json] == ["box_empty", "box_look"]


def test_without_tools_the_list_says_so() -> None:
    assert Caller(plugin).type("tools").out == "no plugin declares a tool\n"


def test_a_call_goes_the_way_of_a_model_s_call() -> None:
    shown = type_line("tools", "call", "box.look", '{"what": "cat"}')
    assert shown.exit == 0
    assert "cat" in shown.out
    assert shown.err == '→ box.look(what="cat")\n'
    assert type_line("tools", "call", "box.look", "--json").json["result"] == {"seen": "all"}


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["box.hidden"], "does not declare"),
        (["box.lok"], "did you mean `box.look`"),
        (["box.look", '{"what": 1}'], "what"),
        (["box.look", '{"what": "nothing"}'], "there is nothing"),
        (["box.empty"], "nobody agreed"),
    ],
)
def test_what_a_model_would_be_refused_is_refused(argv: list[str], said: str) -> None:
    shown = type_line("tools", "call", *argv)
    assert shown.exit != 0
    assert said in shown.err
    assert "never" not in shown.out


def test_the_bundled_tools_are_those_that_were_thought_about(tmp_path: Path) -> None:
    services = FakeServices({"HOME": str(tmp_path)})
    loader = BootLoader(user_dir=tmp_path, disabled=(), clock=SystemClock(), log=services.log)
    commands = [item for one in loader.load_all() if one.plugin for item in one.plugin.commands]
    tiers = {item.name: item.tool.label for item in commands if item.tool is not None}
    # What runs unasked sends its result to whoever runs the model: think before you add to this list.
    assert {name for name, tier in tiers.items() if Tier(tier).runs_unasked} == {
        "cache.stats",
        "cache.warm",
        "knowledge.search",
        "plugins",
        "status",
    }
    private = {"cache.get", "cache.export", "config.edit", "ask", "tools.call"}
    assert not private & set(tiers)
