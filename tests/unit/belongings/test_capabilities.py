"""Laws of capabilities: a small vocabulary, refused with a suggestion, and demanded before anything is used."""

import pytest

from isaacd.belongings import capabilities
from isaacd.belongings.capabilities import demand, parse, parse_all
from isaacd.errors import PermissionDenied, PluginFailed


@pytest.mark.parametrize(
    "text",
    [
        "ask",
        "cache",
        "state",
        "publish",
        "history",
        "run",
        "network",
        "secrets:GITHUB_TOKEN",
        "read:~/notes",
        "read:.",
        "read:/",
        "write:~/notes",
    ],
)
def test_every_capability_is_written_as_it_is_read(text: str) -> None:
    assert str(parse(text)) == text
    assert text.partition(":")[0] in (capabilities.__doc__ or "")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("asc", "'ask'"),
        ("secret:X", "secrets:NAME"),
        ("secrets", "secrets:NAME"),
        ("reed:/x", "read:PATH"),
        ("network:all", "network"),
        ("", "there are: ask"),
        ("everything", "there are: ask"),
    ],
)
def test_an_unknown_one_is_refused_with_what_may_stand_there(text: str, told: str) -> None:
    with pytest.raises(PluginFailed, match="there is no capability") as refused:
        parse(text)
    assert told in str(refused.value.hint)


@pytest.mark.parametrize(
    "text", ["secrets:a b", "secrets:1X", "secrets:../x", "read:notes", "write:../x", "read:~other"]
)
def test_a_name_or_path_that_cannot_be_meant_is_refused(text: str) -> None:
    with pytest.raises(PluginFailed, match="is no capability"):
        parse(text)


def test_each_counts_once() -> None:
    assert [str(item) for item in parse_all(["ask", "state", "ask"])] == ["ask", "state"]


def test_what_was_not_declared_is_refused_with_the_line_to_write() -> None:
    demand("p", ("ask",), "ask", "context.ai")
    with pytest.raises(PermissionDenied, match=r"the plugin p uses context\.state") as refused:
        demand("p", ("ask",), "state", "context.state")
    assert 'capabilities=("ask", "state")' in str(refused.value.hint)
    with pytest.raises(PermissionDenied) as refused:
        demand("p", (), "state", "context.state")
    assert 'capabilities=("state",)' in str(refused.value.hint)
