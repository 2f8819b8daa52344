"""What a plugin declares, and what it cannot."""

from collections.abc import Callable
from typing import Annotated, Any

import pytest

from isaacd.api import Argument, Context, Option, Plugin, PluginFailed
from isaacd.plugin.declared import RESERVED_NAMES


def test_functions_become_commands_and_stay_functions() -> None:
    plugin = Plugin("greet")

    @plugin.command
    def greet(context: Context) -> str:
        """Greet."""
        return "hello"

    @plugin.command(name="good-bye", hidden=True, view=lambda result, _: str(result))
    def leave(context: Context) -> str:
        """Leave."""
        return "bye"

    @plugin.command
    def list_(context: Context) -> str:
        """List."""
        return ""

    assert [item.name for item in plugin.commands] == ["greet", "greet.good_bye", "greet.list"]
    assert [item.hidden for item in plugin.commands] == [False, True, False]
    assert leave(None) == "bye"  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["", "Greet", "1x", "a-b", "a b", "_x", "x" * 41, "ü", "x\n"])
def test_a_plugin_s_name_can_be_typed(name: str) -> None:
    with pytest.raises(PluginFailed, match="no name for a plugin"):
        Plugin(name)


@pytest.mark.parametrize("name", sorted(RESERVED_NAMES))
def test_a_plugin_takes_no_word_that_means_something_else(name: str) -> None:
    with pytest.raises(PluginFailed, match="something else"):
        Plugin(name)


@pytest.mark.parametrize("name", ["Do", "do it", "1", "ü", "_"])
def test_a_command_s_name_can_be_typed(name: str) -> None:
    plugin = Plugin("one")
    with pytest.raises(PluginFailed, match="no name for a command"):

        @plugin.command(name=name)
        def function(context: Context) -> None:
            """Do."""


def test_two_functions_that_are_one_command_are_both_named() -> None:
    plugin = Plugin("one")

    @plugin.command
    def show(context: Context) -> None:
        """Show."""

    with pytest.raises(PluginFailed) as caught:

        @plugin.command(name="show")
        def other(context: Context) -> None:
            """Show too."""

    assert "show (line " in caught.value.message
    assert "other (line " in caught.value.message
    assert "one.show" in caught.value.message
    assert [item.handler for item in plugin.commands] == [show]


def _word(context: Context, word: str) -> None:
    """Take a word."""


def _optional_word(context: Context, word: Annotated[str | None, Argument()] = None) -> None:
    """Take a word."""


def _needed(context: Context, word: Annotated[str, Option()]) -> None:
    """Take a word."""


@pytest.mark.parametrize("bare", [_word, _optional_word, _needed])
@pytest.mark.parametrize("bare_first", [True, False])
def test_a_word_after_the_plugin_s_name_means_one_thing_only(
    bare: Callable[..., Any], bare_first: bool
) -> None:
    def below(context: Context) -> None:
        """Be below."""

    plugin = Plugin("one")
    declare = [lambda: plugin.command(name="one")(bare), lambda: plugin.command(below)]
    (declare[0] if bare_first else declare[1])()
    with pytest.raises(PluginFailed, match="`word` must be an option with a default"):
        (declare[1] if bare_first else declare[0])()


def test_providers_are_kept_by_their_factories() -> None:
    plugin = Plugin("one")

    class Factory:
        kind = "echo"

    assert plugin.provider(Factory) is Factory  # type: ignore[type-var]
    assert plugin.providers == [Factory]
