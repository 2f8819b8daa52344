"""Law: each plugin that CONTRIBUTING shows as a whole is one, and keeps the laws of its kind."""

from pathlib import Path
from typing import Any

import pytest

from isaacd.ai.chat import ChatRequest, Message
from isaacd.plugin import Plugin
from isaacd.testing import check_plugin, check_policy, check_provider, check_rule
from tests.examples import blocks_of

PAGE = Path(__file__).parents[2] / "CONTRIBUTING.md"


def modules() -> dict[str, dict[str, Any]]:
    found = {}
    for block in blocks_of(PAGE.read_text()):
        if block.kind == "python":
            module: dict[str, Any] = {"__name__": "shown"}
            exec(compile(block.text, f"{PAGE}:{block.line}", "exec"), module)
            found[module["plugin"].name] = module
    return found


MODULES = modules()


def test_there_is_one_of_each_kind() -> None:
    assert list(MODULES) == ["words", "echo", "oldest", "above"]


@pytest.mark.parametrize("name", MODULES)
def test_it_is_a_plugin(name: str) -> None:
    module = MODULES[name]
    plugin: Plugin = module["plugin"]
    plugin.summary = plugin.summary or module["__doc__"]
    check_plugin(plugin)


@pytest.mark.anyio
async def test_the_provider_keeps_the_laws_of_providers() -> None:
    provider = MODULES["echo"]["Echo"]("echo", None, None)
    await check_provider(provider, ChatRequest(messages=(Message(role="user", content="hello"),)))


def test_the_policy_and_the_rule_keep_theirs() -> None:
    check_policy(MODULES["oldest"]["Oldest"])
    check_rule(MODULES["above"]["above"], ["..", "ls"])
