"""Aliases that were added by command: kept, checked, and obeyed by the router behind those of config.toml."""

import os
import stat

import pytest

from isaac_plugins.alias.naming import free_name
from isaac_plugins.alias.written import read_aliases
from isaacd.config.routing import RoutingConfig
from isaacd.errors import InvalidParams, StorageUnavailable
from isaacd.log import open_log
from isaacd.routing.alias_desk import AliasDesk
from isaacd.routing.lines import Lines
from isaacd.routing.own_aliases import OwnAliases

ENVIRON = {"PATH": "/usr/bin:/bin", "HOME": "/home/ada"}


@pytest.fixture
def lines(tmp_path):
    return Lines(
        config_dir=tmp_path / "isaac", monotonic=lambda: 0.0, log=open_log(tmp_path / "log"), commands=list
    )


def test_the_router_obeys_them_at_once_and_config_toml_comes_first(lines):
    config = RoutingConfig(aliases={"mine": "echo config"})
    lines.own_aliases.add({"gs": "git status --short", "mine": "echo command"})

    def routed(line: str) -> str:
        return lines.route(line, config=config, environ=ENVIRON, cwd="/").line

    assert routed("gs -b") == "git status --short -b"
    assert routed("mine x") == "echo config x"
    lines.own_aliases.add({"gs": "git stash"})
    assert routed("gs") == "git stash"
    assert lines.own_aliases.remove("gs")
    assert not lines.own_aliases.remove("gs")
    assert routed("gs") == "gs"


def test_what_others_could_have_written_is_not_obeyed(lines):
    lines.own_aliases.add({"gs": "git status"})
    file = lines.own_aliases.file
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    file.chmod(0o666)
    os.utime(file, (1, 1))
    assert lines.own_aliases.read() == {}
    file.chmod(0o600)
    file.write_text("nonsense")
    assert lines.own_aliases.read() == {}


def test_rows_say_where_each_is_from(lines):
    lines.own_aliases.add({"a": "echo a", "b": "echo b"})
    desk = AliasDesk(lines, RoutingConfig(aliases={"b": "echo config"}), ENVIRON, "/")
    assert [(row.name, row.line, row.origin) for row in desk.rows()] == [
        ("a", "echo a", "isaac"),
        ("b", "echo config", "config"),
    ]


def test_names_that_mean_something_are_known(lines):
    desk = AliasDesk(lines, RoutingConfig(), ENVIRON, "/")
    assert desk.shadowed("ls") == "a program here"
    assert desk.shadowed("cd") == "a command of the shell itself"
    assert desk.shadowed("while") == "a word of the shell's language"
    assert desk.shadowed("gs17") is None


@pytest.mark.parametrize("name", ["", "-x", "a b", "a;b", "a/b", "$x", "a=b", "x" * 61, "a\n", "é\x07"])
def test_what_cannot_be_a_name_is_refused(tmp_path, name):
    with pytest.raises(InvalidParams):
        OwnAliases(tmp_path).add({name: "ls"})


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StorageUnavailable):
        OwnAliases(tmp_path / "file/below").add({"a": "ls"})


def test_what_shells_print_is_understood():
    text = "alias ll='ls -l'\nalias it='echo it'\\''s'\n-x\ngs='git status'\nalias -g G='| grep'\nalias fi 'ls -a'\n# no\n\nalias bad='x\n"
    assert list(read_aliases(text)) == [
        ("ll", "ls -l"),
        ("it", "echo it's"),
        ("-x", None),
        ("gs", "git status"),
        ("G", None),
        ("fi", "ls -a"),
        ("bad", None),
    ]


def test_names_are_made_of_first_letters_and_are_free():
    assert free_name("git status --short", lambda name: True) == "gss"
    assert free_name("git status --short", lambda name: name != "gss") == "giss"
    assert free_name("docker", lambda name: True) == "do"
    assert free_name("ls", lambda name: False) is None
