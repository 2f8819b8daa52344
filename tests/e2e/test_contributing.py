"""Law: each recipe of CONTRIBUTING, put where it says and nowhere else, works in a daemon."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.daemon import Daemon, eventually, running
from tests.examples import blocks_of

PAGE = Path(__file__).parents[2] / "CONTRIBUTING.md"
RECIPES = {
    block.text.partition('Plugin("')[2].partition('"')[0]: block.text
    for block in blocks_of(PAGE.read_text())
    if block.kind == "python"
}
CONFIG = '[ai.providers.mine]\nkind = "echo"\n[cache]\npolicy = "oldest"\n'


@pytest.fixture(scope="module")
def daemon() -> Iterator[Daemon]:
    with running(plugins=RECIPES, config=CONFIG) as daemon:
        # On a slow machine this takes longer than a first use would wait.
        eventually(lambda: not waiting(daemon), "all plugins to be described")
        yield daemon


def waiting(daemon: Daemon) -> list[str]:
    with daemon.caller() as caller:
        return [row["name"] for row in caller.call("plugins") if row["state"] == "waiting"]


def answer(daemon: Daemon, *argv: str) -> str:
    done = daemon.home.isaacctl(*argv)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_command_and_a_provider_answer(daemon: Daemon) -> None:
    assert answer(daemon, "words", "to be or not to be") == "6\n"
    assert answer(daemon, "ask", "--provider", "mine", "hello") == "hello\n"


def test_a_policy_is_the_one_of_the_cache(daemon: Daemon) -> None:
    assert "put aside" not in answer(daemon, "cache", "doctor")
    assert " loaded " in next(
        row for row in answer(daemon, "plugins").splitlines() if row.startswith("oldest ")
    )


def test_a_rule_counts_for_typed_lines(daemon: Daemon) -> None:
    eventually(lambda: answer(daemon, "route", "..").startswith("builtin: cd .."), "the rule to count")
