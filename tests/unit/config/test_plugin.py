"""The commands of the config plugin, called as their handlers."""

import importlib
import stat

import pytest

from isaacd.config import ConfigSource, load
from isaacd.context import Context, Meta, Terminal
from isaacd.errors import ConfigInvalid, InvalidParams, NotFound, PermissionDenied
from tests.fakes import FakeServices

config = importlib.import_module("isaac_plugins.config")


class Services(FakeServices):
    """Shared rooms with a configuration that follows its file, as the daemon's does."""

    def __init__(self, environ):
        super().__init__(environ)
        self.source = ConfigSource(self.paths.config_file, self.environ)

    def loaded(self, environ, sets):
        return self.source.with_overrides(environ, sets)


@pytest.fixture
def context(tmp_path):
    """Return a function that makes the context of a caller with these variables."""

    def make(sets=(), **environ):
        services = Services({"HOME": str(tmp_path), "PATH": str(tmp_path / "bin")})
        return Context(services, Meta(env=environ), sets=sets)

    return make


@pytest.fixture
def file(tmp_path):
    path = tmp_path / ".config/isaac/config.toml"
    path.parent.mkdir(parents=True)
    return path


def shown(rows):
    return {row.key: (row.value, row.origin.rpartition("/")[2]) for row in rows}


def test_show_tells_every_value_and_where_it_is_from(context, file):
    file.write_text("[ai]\nmodel = 'a'\n")
    caller = context(["ai.order=x"], ISAAC_LOG_LEVEL="debug")
    rows = shown(config.show(caller))
    assert rows["ai.model"] == ("a", "config.toml:2")
    assert rows["ai.order"] == (["x"], "--set")
    assert rows["log.level"] == ("debug", "environment ISAAC_LOG_LEVEL")
    assert rows["daemon.idle_exit_s"] == (10800.0, "default")
    assert set(shown(config.show(caller, changed=True))) == {"ai.model", "ai.order", "log.level"}


def test_show_takes_a_key_or_a_section(context):
    assert list(shown(config.show(context(), "ai.model"))) == ["ai.model"]
    assert list(shown(config.show(context(), "log"))) == ["log.level"]
    assert config.show(context(), "ai.providers") == []
    with pytest.raises(NotFound) as caught:
        config.show(context(), "ai.modl")
    assert caught.value.hint == "did you mean ai.model?"


def test_what_people_see_is_aligned_and_written_as_in_the_file(context):
    rows = config.show(context(["budget.day_usd=2"]), "budget")
    assert config._table(rows, Terminal()).splitlines() == [
        "budget.day_usd            --set    2",
        "budget.month_usd          default  -",
        'budget.unpriced           default  "refuse"',
        "budget.max_output_tokens  default  4096",
    ]
    assert config._table([], Terminal()) == ""


def test_show_masks_secrets(context, file):
    file.write_text(
        "[ai.providers.a]\nbase_url = 'https://me:hunter2@host/v1'\nheaders = {Authorization = 'hunter2', X = 'hunter2'}\n"
        "api_key_env = 'MY_API_KEY'\n"
    )
    rows = config.show(context(), "ai.providers.a")
    assert "hunter2" not in str(rows)
    assert ("MY_API_KEY", "config.toml:4") in shown(rows).values()


def test_path_needs_no_file_and_no_valid_configuration(context, file):
    file.write_text("nonsense")
    assert config.path(context()) == str(file)


def test_check_says_ok_with_the_file_it_looked_at(context, file):
    assert config.check(context()) == "ok: there is no ~/.config/isaac/config.toml, so the defaults hold"
    file.write_text("[ai]\n")
    file.chmod(0o600)
    assert config.check(context()) == "ok: ~/.config/isaac/config.toml"
    file.chmod(0o660)
    verdict, warning = config.check(context()).splitlines()
    assert verdict == "ok: ~/.config/isaac/config.toml"
    assert warning.startswith("warning: ~/.config/isaac/config.toml: your group can write")


def test_check_of_another_file_reads_that_file(context, tmp_path):
    other = tmp_path / "other.toml"
    with pytest.raises(NotFound):
        config.check(context(), other)
    other.write_text("[ia]\n")
    with pytest.raises(ConfigInvalid, match=r"~/other\.toml:1: unknown key ia; did you mean ai\?"):
        config.check(context(), other)


def test_edit_creates_a_private_file_that_changes_nothing_once(context, tmp_path):
    caller = context(EDITOR="code --wait 'a b'")
    plan = config.edit(caller)
    path = tmp_path / ".config/isaac/config.toml"
    assert plan.argv == ("code", "--wait", "a b", str(path))
    assert plan.after == ("config", "check")
    assert plan.text == "created ~/.config/isaac/config.toml\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load(path, {}).config == context().config
    assert config.edit(caller).text == ""


def test_visual_comes_before_editor_and_a_known_editor_after_both(context, tmp_path):
    assert config.edit(context(EDITOR="ed", VISUAL="vis")).argv[0] == "vis"
    assert config.edit(context(EDITOR="ed", VISUAL="")).argv[0] == "ed"
    with pytest.raises(NotFound, match="no editor"):
        config.edit(context())
    nano = tmp_path / "bin/nano"
    nano.parent.mkdir()
    nano.touch(mode=0o755)
    assert config.edit(context()).argv[0] == "nano"


def test_an_editor_that_cannot_be_understood_or_a_home_that_cannot_be_written_is_said_to_be_so(
    context, tmp_path
):
    with pytest.raises(InvalidParams, match="EDITOR"):
        config.edit(context(EDITOR="vi '"))
    tmp_path.joinpath(".config").touch()
    with pytest.raises(PermissionDenied, match="cannot create"):
        config.edit(context(EDITOR="vi"))
