"""The offline provider says what it is, where an answer comes from, and when it knows nothing."""

import subprocess
import sys
from pathlib import Path

import pytest

from isaac_plugins.knowledge.provider import Knowledge
from isaacd.ai.chat import ChatRequest, Finish, Message
from isaacd.config import ProviderConfig
from isaacd.testing import collect_pieces, text_of
from tests.fake_host import make_host

pytestmark = pytest.mark.anyio


async def ask(home: Path, *messages: Message) -> tuple[str, Finish]:
    provider = Knowledge("knowledge", ProviderConfig(kind="knowledge"), make_host(home))
    try:
        pieces = await collect_pieces(provider, ChatRequest(messages=messages))
    finally:
        await provider.aclose()
    last = pieces[-1]
    assert isinstance(last, Finish)
    return text_of(pieces), last


async def test_the_best_command_stands_on_the_first_line(tmp_path: Path) -> None:
    text, finish = await ask(tmp_path, Message("user", "find files larger than 100 MB under /var"))
    lines = text.splitlines()
    assert lines[0] == "find /var -type f -size +100M"
    assert lines[1].startswith("    Lists regular files")
    assert lines[2].startswith("    cookbook, confidence high (0.9")
    assert lines[-1].startswith("This is an offline answer")
    assert (finish.offline, finish.reason, finish.model) == (True, "stop", "knowledge")
    assert finish.candidates[0].command == lines[0]
    assert finish.candidates[0].source == "cookbook"


async def test_further_candidates_come_after_also(tmp_path: Path) -> None:
    text, finish = await ask(tmp_path, Message("user", "what is using port 8080"))
    assert "\nalso:\n" in text
    assert 2 <= len(finish.candidates) <= 3
    assert text.count("confidence") == len(finish.candidates)


async def test_what_has_to_be_put_in_and_what_was_assumed_is_told(tmp_path: Path) -> None:
    text, _ = await ask(tmp_path, Message("user", "copy a file"))
    assert "Put in your own FILE and DEST." in text
    text, _ = await ask(tmp_path, Message("user", "find large files"))
    assert "Assumed: " in text


async def test_it_admits_that_it_knows_nothing_and_says_what_helps(tmp_path: Path) -> None:
    text, finish = await ask(tmp_path, Message("user", "who won the world cup 1998"))
    assert finish.candidates == ()
    assert "isaacctl knowledge update" in text
    assert "configure a provider" in text


async def test_the_last_question_counts(tmp_path: Path) -> None:
    messages = (
        Message("user", "show my ip address"),
        Message("assistant", "ip addr"),
        Message("user", "how much memory is free"),
    )
    text, _ = await ask(tmp_path, Message("system", "be brief"), *messages)
    assert text.startswith("free -h\n")


async def test_material_after_an_empty_line_does_not_drown_the_question(tmp_path: Path) -> None:
    text, _ = await ask(
        tmp_path, Message("user", "check disk space\n\n" + "git commit docker find tar " * 200)
    )
    assert text.startswith("df -h\n")


async def test_without_a_question_nothing_is_known(tmp_path: Path) -> None:
    _, finish = await ask(tmp_path, Message("system", "x"))
    assert finish.candidates == ()


def test_importing_the_plugin_does_not_import_the_search() -> None:
    heavy = {"sqlite3", "tomllib", "aiohttp", "zipfile", "isaac_plugins.knowledge.ranking"}
    script = "import sys; before = set(sys.modules); import isaac_plugins.knowledge; print(*set(sys.modules) - before)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=90
    )
    assert heavy & set(done.stdout.split()) == set()
