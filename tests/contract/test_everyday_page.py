"""Every command line of the page about everyday tools is one that is understood."""

import re
import shlex
from pathlib import Path

import pytest

from isaacd.cli.tree import Parsed
from isaacd.clock import SystemClock
from isaacd.context import Terminal
from isaacd.jobs.times.speech import understand
from isaacd.jobs.times.zone import Zone
from isaacd.plugin import BootLoader
from tests.fake_caller import Caller
from tests.fakes import FakeServices

PAGE = (Path(__file__).parents[2] / "docs/how-to/everyday.md").read_text()
BLOCKS = "\n".join(re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL))
LINES = [part.strip() for line in BLOCKS.splitlines() for part in line.split(" | ") if "isaacctl" in part]
TIMES = [
    text
    for row in re.findall(r"^\| (`.*?`) \| ", PAGE, re.MULTILINE)
    for text in re.findall(r"`([^`]+)`", row)
]


@pytest.fixture(scope="module")
def caller() -> Caller:
    services = FakeServices()
    loader = BootLoader(
        user_dir=services.paths.data_dir / "plugins", disabled=(), clock=SystemClock(), log=services.log
    )
    return Caller(*(item.plugin for item in loader.load_all() if item.plugin is not None))


@pytest.mark.parametrize("line", LINES)
def test_a_line_of_the_page_is_understood(line: str, caller: Caller) -> None:
    words = shlex.split(line.partition(" > ")[0])
    assert isinstance(caller.line.tree().parse(words[1:], Terminal()), Parsed)


@pytest.mark.parametrize("text", TIMES)
def test_a_time_of_the_page_is_understood(text: str) -> None:
    assert understand(text, Zone("UTC"), 1_796_100_000.0).spec
