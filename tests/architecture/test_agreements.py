"""What two rooms say of the same thing, because neither may import the other, is the same."""

import click

import isaacctl
import isaacctl.__main__ as fast_path
import isaacctl.local
import isaacd
from isaacd.cli.local import LOCAL_COMMANDS
from isaacd.plugin.declared import RESERVED_NAMES
from isaacd.server.methods import BUILTIN


def test_client_and_daemon_are_of_one_version() -> None:
    assert isaacd.__version__ == isaacctl.__version__


def test_the_daemon_s_help_lists_what_the_client_does_by_itself() -> None:
    assert LOCAL_COMMANDS == fast_path.LOCAL_COMMANDS
    assert set(isaacctl.local.cli.list_commands(click.Context(isaacctl.local.cli))) == {
        name for name, _ in LOCAL_COMMANDS
    }


def test_no_plugin_can_take_a_word_of_the_client_or_the_protocol() -> None:
    # `status` is a plugin's, and the client's only while no daemon runs.
    local = {name for name, _ in LOCAL_COMMANDS} - {"status"}
    methods = {name.partition(".")[0] for name in BUILTIN}
    names = {name.replace("-", "_") for name in local | methods | {"cli", "daemon", "help", "isaacd"}}
    assert names == RESERVED_NAMES
