"""Every time that the page about everyday tools names is one that is understood."""

import re
from pathlib import Path

import pytest

from isaacd.jobs.times.speech import understand
from isaacd.jobs.times.zone import Zone

PAGE = (Path(__file__).parents[2] / "docs/how-to/everyday.md").read_text()
TIMES = [
    text
    for row in re.findall(r"^\| (`.*?`) \| ", PAGE.partition("## Later, and regularly")[2], re.MULTILINE)
    for text in re.findall(r"`([^`]+)`", row)
]


@pytest.mark.parametrize("text", TIMES)
def test_a_time_of_the_page_is_understood(text: str) -> None:
    assert understand(text, Zone("UTC"), 1_796_100_000.0).spec
