"""Law: what the page about troubles quotes is what Isaac writes."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/how-to/troubleshooting.md").read_text().partition("## Where to look")[0]
QUOTED = [
    text
    for row in re.findall(r"^\| (`.*?) \| ", PAGE, re.MULTILINE)
    for text in re.findall(r"`([^`]+)`", row)
    if " " in text
]


@cache
def words_of_the_house() -> str:
    """Return every text in the code, as it is when it is run."""
    files = [file for room in ("isaacd", "isaacctl", "plugins") for file in (ROOT / room).rglob("*.py")]
    found = []
    for file in files:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.JoinedStr):
                parts = (
                    str(part.value) if isinstance(part, ast.Constant) else "\x00" for part in node.values
                )
                found.append("".join(parts))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str | bytes):
                found.append(
                    node.value if isinstance(node.value, str) else node.value.decode("utf-8", "replace")
                )
    return "\n".join(found)


def test_there_is_something_for_thirty_symptoms() -> None:
    assert len(re.findall(r"^\| (?!you see|---)", PAGE, re.MULTILINE)) >= 30


@pytest.mark.parametrize("text", QUOTED)
def test_a_message_of_the_page_is_one_that_isaac_writes(text: str) -> None:
    for part in re.split(r" ?\.\.\.[;:,)]? ?", text):
        assert part.strip() in words_of_the_house(), part
