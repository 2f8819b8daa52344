"""The desk where callers' lines arrive: their settings, their folders, their rules, and the programs on their PATH."""

from pathlib import Path

import pytest

from isaac_plugins.route import _view, plugin, route
from isaacd.command import Catalog
from isaacd.config.routing import RoutingConfig, RoutingRuleConfig
from isaacd.context import Context, Meta, Terminal
from isaacd.log import open_log
from isaacd.plugin import Plugin, Registry
from isaacd.plugin.late import offer_of
from isaacd.routing.lines import Lines
from isaacd.routing.programs import Programs
from isaacd.safety.tier import Tier
from tests.fakes import FakeServices


class Desk:
    """A desk with a time that is set."""

    def __init__(self, folder: Path) -> None:
        self.now = 0.0
        self.log = folder / "log"
        self.folder = folder
        (folder / "config").mkdir()
        (folder / "here").mkdir()
        log = open_log(self.log, level="info")
        self.lines = Lines(
            config_dir=folder / "config", monotonic=lambda: self.now, log=log, commands=lambda: ("status",)
        )

    def tier(self, line: str) -> Tier:
        self.now += 1
        environ = {"PATH": "/usr/bin:/bin", "HOME": str(self.folder)}
        found = self.lines.route(line, config=RoutingConfig(), environ=environ, cwd=str(self.folder / "here"))
        assert found.verdict is not None
        return found.verdict.tier


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_a_person_s_rules_are_in_force_as_soon_as_they_are_written(desk: Desk) -> None:
    assert desk.tier("make deploy") < Tier.DESTRUCTIVE
    rules = desk.folder / "config" / "safety.toml"
    rules.write_text('[[rule]]\ncommand = "make deploy"\ntier = "4"\n')
    rules.chmod(0o600)
    assert desk.tier("make deploy") is Tier.DESTRUCTIVE


def test_a_project_s_rules_only_raise(desk: Desk) -> None:
    project = desk.folder / "here" / ".isaac"
    project.mkdir()
    (project / "safety.toml").write_text(
        '[[rule]]\ncommand = "sudo"\ntier = "1"\n[[rule]]\ncommand = "ls"\ntier = "3"\n'
    )
    assert desk.tier("ls") is Tier.BEYOND
    assert desk.tier("rm -rf /") is Tier.DESTRUCTIVE


def test_a_forced_line_is_logged_with_its_tier(desk: Desk) -> None:
    desk.tier("!! rm -rf /")
    assert '"line forced"' in desk.log.read_text()


def test_aliases_and_rules_of_the_configuration_are_used(desk: Desk) -> None:
    config = RoutingConfig(
        aliases={"gs": "git status"}, rules={"d": RoutingRuleConfig(pattern="d *", run="make *")}
    )
    for line, wanted in (("gs -s", "git status -s"), ("d all", "make all")):
        assert desk.lines.route(line, config=config, environ={}, cwd=None).line == wanted


def test_programs_are_what_can_be_run_on_the_path(tmp_path: Path) -> None:
    now = 0.0
    programs = Programs(lambda: now)
    for name, mode in (("run", 0o755), ("read", 0o644)):
        (tmp_path / name).touch(mode=mode)
    (tmp_path / "folder").mkdir()
    path = f"{tmp_path}:/nowhere:relative:"
    first = programs.on(path)
    assert first == {"run"}
    (tmp_path / "new").touch(mode=0o755)
    assert programs.on(path) is first, "it looks again after a while"
    now = 10.0
    assert programs.on(path) == {"run", "new"}
    assert programs.on("") == frozenset()


def test_a_folder_that_is_too_full_lists_nothing(tmp_path: Path) -> None:
    for name in "abc":
        (tmp_path / name).touch()
    programs = Programs(lambda: 0.0)
    assert programs.files(str(tmp_path), 2) == ()
    assert Programs(lambda: 0.0).files(str(tmp_path)) == ("a", "b", "c")
    assert programs.files("/nowhere") == ()
    assert programs.files("a\0b") == ()


class _Services(FakeServices):
    """Services with a desk."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._lines = desk.lines


def test_the_command_says_what_would_happen_and_shows_nothing_that_a_terminal_obeys(desk: Desk) -> None:
    assert [command.name for command in plugin.commands] == ["route"]
    context = Context(_Services(desk), Meta(cwd="/", env={"PATH": "/usr/bin:/bin"}))  # type: ignore[arg-type]
    card = route(context, "rm -rf / \x1b[2J", explain=True)
    assert (card.kind, card.tier, card.demand) == ("shell", "4", "phrase")
    assert card.phrase
    assert card.steps
    shown = _view(card, Terminal())
    assert "\x1b" not in shown
    assert card.phrase in shown
    assert "steps:" in shown
    assert route(context, "ls").steps is None
    assert "did you mean git status" in _view(route(context, "git statsu"), Terminal())
    assert _view(route(context, ""), Terminal()) == "nothing: the line is empty"


def test_a_plugin_s_rules_about_lines_are_taken_with_it_and_the_first_that_answers_counts() -> None:
    mine = Plugin("mine")

    @mine.route
    def never(line: str) -> str | None:
        return None

    @mine.route
    def listing(line: str) -> str | None:
        return "ls" if line == "list" else None

    registry = Registry(Catalog(), ())
    registry.place(offer_of(mine))
    assert registry.rewrites["mine"]("list") == "ls"
    assert registry.rewrites["mine"]("other") is None
    assert never("list") is None, "the function stays what it is"
    assert listing("list") == "ls"
