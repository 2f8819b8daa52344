"""The file of conversations: what search finds, what deleting leaves behind, and what a killed process loses."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from isaacd.ai.chat import Message
from isaacd.chats.store import ChatStore
from isaacd.errors import NotFound
from tests.fakes import FakeClock

pytestmark = pytest.mark.anyio


@pytest.fixture(params=[True, False], ids=["fts5", "without"])
async def store(request, tmp_path):
    made = ChatStore(tmp_path / "chats.sqlite", clock=FakeClock(), use_fts=request.param)
    yield made
    await made.aclose()


async def talk(store: ChatStore, name: str, *texts: str):
    chat = await store.create(name)
    for number, text in enumerate(texts):
        chat = (await store.add(chat, Message("assistant" if number % 2 else "user", text))).chat
    return chat


async def found(store: ChatStore, words: str) -> list[tuple[str, int]]:
    return [(item.chat, item.turn) for item in await store.search(words, 10)]


async def test_all_words_have_to_be_there(store):
    await talk(store, "trip", "the night train to Lisbon", "it leaves at nine")
    await talk(store, "work", "train the model overnight")
    assert ("trip", 1) in await found(store, "train night")
    assert await found(store, "leaves nine") == [("trip", 2)]
    assert await found(store, "bus") == []


async def test_what_was_found_is_shown_in_its_sentence(store):
    await talk(store, "trip", "long before " * 30 + "the night train" + " long after" * 30)
    (item,) = await store.search("night", 10)
    assert "**night**" in item.text
    assert len(item.text) < 300


@pytest.mark.parametrize(
    "words", ['"', "(", "a AND", "NEAR(", "*", "-x", "col:x", "%", "_", "\\", "'", "x\x00y", "^"]
)
async def test_what_a_person_types_is_no_query_language(store, words):
    await talk(store, "trip", "nothing special")
    assert await found(store, words) == []
    assert not store.notices


async def test_languages_without_blanks_are_searched_too(store):
    await talk(store, "kyoto", "京都への夜行列車はありますか")
    assert await found(store, "夜行列車") == [("kyoto", 1)]


async def test_accents_and_case_do_not_hide_anything(tmp_path):
    store = ChatStore(tmp_path / "chats.sqlite", clock=FakeClock())
    await talk(store, "cafe", "Ein CAFÉ in Zürich")
    assert await found(store, "cafe zurich") == [("cafe", 1)]
    await store.aclose()


async def test_nothing_of_a_deleted_conversation_stays_on_the_disk(store, tmp_path):
    await talk(store, "keep", "something harmless")
    await talk(store, "secret", "xyzzyplugh " * 300, "and xyzzyplugh again")
    assert await store.delete("secret") == 2
    with pytest.raises(NotFound):
        await store.find("secret")
    assert await found(store, "xyzzyplugh") == []
    for file in tmp_path.glob("chats.sqlite*"):
        assert b"xyzzyplugh" not in file.read_bytes(), file
    assert await found(store, "harmless") == [("keep", 1)]


async def test_a_turn_for_a_conversation_that_was_deleted_meanwhile_is_refused(store):
    chat = await talk(store, "trip", "one")
    await store.delete("trip")
    with pytest.raises(NotFound, match="deleted meanwhile"):
        await store.add(chat, Message("user", "two"))


async def test_what_was_written_without_an_index_is_found_by_it_later(tmp_path):
    file = tmp_path / "chats.sqlite"
    for use_fts in (True, False, True):
        store = ChatStore(file, clock=FakeClock(), use_fts=use_fts)
        await talk(store, f"chat-{use_fts}" + "x" * len(await store.listed(9)), "abracadabra spell")
        await store.aclose()
    store = ChatStore(file, clock=FakeClock())
    assert len(await found(store, "spell abracadabra")) == 3
    await store.aclose()


async def test_a_name_that_was_nearly_right_is_suggested(store):
    await talk(store, "lisbon-trip", "one")
    with pytest.raises(NotFound) as caught:
        await store.find("lisbon-tripp")
    assert caught.value.hint == "did you mean lisbon-trip?"


async def test_the_files_are_private(store, tmp_path):
    await talk(store, "trip", "one")
    assert {file.stat().st_mode & 0o777 for file in tmp_path.glob("chats.sqlite*")} == {0o600}


WRITER = """
import sys, anyio
from pathlib import Path
from isaacd.ai.chat import Message
from isaacd.chats.store import ChatStore
from isaacd.clock import SystemClock

async def main():
    store = ChatStore(Path(sys.argv[1]), clock=SystemClock())
    chat = await store.create("talk")
    number = 0
    while True:
        for role in ("user", "assistant"):
            chat = (await store.add(chat, Message(role, f"{role} {number} " + "x" * 3000))).chat
            print(role, number, flush=True)
        number += 1

anyio.run(main)
"""


@pytest.mark.parametrize("lines", [1, 2, 5, 12])
def test_a_killed_process_loses_no_turn_that_it_had_stored(tmp_path, lines):
    import anyio

    file = tmp_path / "chats.sqlite"
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(file)], stdout=subprocess.PIPE, cwd=Path(__file__).parents[3]
    )
    assert process.stdout is not None
    told = [process.stdout.readline().decode().split() for _ in range(lines)]
    os.kill(process.pid, signal.SIGKILL)
    process.stdout.read()
    process.wait()
    process.stdout.close()

    async def look():
        store = ChatStore(file, clock=FakeClock())
        path = await store.path(await store.find("talk"))
        every = await store.search("user", 1000)
        notices = store.notices
        await store.aclose()
        return path, every, notices

    path, every, notices = anyio.run(look)
    assert not notices
    assert len(path) >= len(told)
    for turn, (role, number) in zip(path, told, strict=False):
        assert turn.content.startswith(f"{role} {number} ")
        assert len(turn.content) > 3000
    assert len(every) == sum(turn.role == "user" for turn in path)
