"""Every bundled command needs a scope that somebody has thought about.

A new command needs `admin` until it says otherwise, and this table has to be changed in either case.
"""

from typing import Any

import pytest

from isaacd.clock import SystemClock
from isaacd.command.outline import outline_of
from isaacd.command.scoped import needed
from isaacd.context import Context
from isaacd.errors import PluginFailed
from isaacd.plugin import BootLoader, Plugin
from isaacd.safety.tier import Tier
from isaacd.tokens.scope import SCOPES
from tests.fakes import FakeServices

# What only reads, and tells nothing that the person typed, keeps or was told.
ASK = """
ai.batch ai.chat apropos ask cache.stats commit explain greet knowledge.info knowledge.search models plugins plugins.info
plugins.list status suggest summarize tools translate usage.prices
"""
# What comes back as a plan or a program for the person's own terminal; the daemon runs nothing of it.
RUN = "find grep route run shell.line shell.missing"
# What changes something, or tells what is the person's own.
ADMIN = """
alias alias.add alias.import alias.remove alias.show alias.suggest approve
batch batch.cancel batch.collect batch.forget batch.list batch.show batch.status batch.wait
cache.clear cache.doctor cache.export cache.gc cache.get cache.import cache.invalidate cache.set cache.warm
chat chat.delete chat.export chat.fork chat.import chat.list chat.rename chat.roles chat.say chat.search chat.show
config.check config.edit config.path config.show env fix history history.export history.forget history.import
history.search history.stats keys keys.forget keys.set knowledge.update metrics
notes notes.add notes.ask notes.change notes.delete notes.edit notes.export notes.import notes.list notes.save notes.search
notes.show notes.tag notes.tags notes.write
plugin.check plugin.new plugin.pack plugin.test plugins.adopt plugins.choose plugins.disable plugins.doctor plugins.enable
plugins.grant plugins.install plugins.reload plugins.remove plugins.revoke plugins.timings plugins.trust plugins.untrust review
schedule schedule.add schedule.attend schedule.ended schedule.list schedule.log schedule.next schedule.pause
schedule.remove schedule.report schedule.resume schedule.run schedule.runner schedule.shell schedule.show
tasks tasks.again tasks.cancel tasks.follow tasks.list tasks.prune tasks.remove tasks.run tasks.show tasks.wait
token.list token.new token.revoke tools.call trace usage usage.calls usage.gc usage.update_prices watch
"""
EXPECTED = (
    dict.fromkeys(ASK.split(), "ask")
    | dict.fromkeys(RUN.split(), "run:confirm")
    | dict.fromkeys(ADMIN.split(), "admin")
)
SERVICES = FakeServices()
LOADED = BootLoader(
    user_dir=SERVICES.paths.data_dir / "plugins", disabled=(), clock=SystemClock(), log=SERVICES.log
).load_all()
COMMANDS = {
    command.name: command for item in LOADED if item.plugin is not None for command in item.plugin.commands
}


def test_every_bundled_command_has_a_scope_that_was_considered() -> None:
    assert {name: command.scope for name, command in COMMANDS.items()} == EXPECTED


def test_what_a_model_may_call_unasked_tells_nothing_that_needs_more_than_a_question() -> None:
    assert [name for name, item in COMMANDS.items() if item.tool is Tier.READ and item.scope != "ask"] == []


def test_a_question_that_names_a_file_is_more_than_a_question() -> None:
    assert needed(COMMANDS["ask"], {"question"}) == "ask"
    assert needed(COMMANDS["ask"], {"question", "attach"}) == "admin"
    assert needed(COMMANDS["summarize"], {"files"}) == "admin"
    assert needed(COMMANDS["run"], {"line"}) == "run:confirm"
    assert needed(COMMANDS["history"], ()) == "admin"


@pytest.mark.parametrize("scope", SCOPES)
def test_a_command_that_is_only_known_needs_what_it_does_when_it_is_there(scope: Any) -> None:
    plugin = Plugin("own")

    @plugin.command(scope=scope)
    def own(context: Context) -> None:
        """Do."""

    assert [outline_of(command).scope for command in plugin.commands] == [scope]


def test_a_command_without_a_scope_is_for_the_person_alone() -> None:
    plugin = Plugin("own")

    @plugin.command
    def own(context: Context) -> None:
        """Do."""

    assert [command.scope for command in plugin.commands] == ["admin"]
    with pytest.raises(PluginFailed, match="`scope` must be one of"):
        plugin.command(scope="root")(own)  # type: ignore[call-overload]
