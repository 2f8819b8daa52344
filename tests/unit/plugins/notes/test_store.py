"""Notes are found by their words, keep what they were given, and leave nothing behind when they are deleted."""

import pytest

from isaac_plugins.notes.note import check_tags
from isaac_plugins.notes.passages import best, words_of
from isaac_plugins.notes.store import SCHEMA, NoteStore
from isaacd.database import Database
from isaacd.errors import InvalidParams, NotFound
from tests.fakes import FakeClock

pytestmark = pytest.mark.anyio
NOW = 1000.0


@pytest.fixture(params=[True, False], ids=["fts5", "without"])
async def store(request, tmp_path):
    database = Database(tmp_path / "notes.sqlite", SCHEMA, clock=FakeClock())
    yield NoteStore(database, use_fts=request.param)
    await database.aclose()


async def ids(store: NoteStore, *words: str, every: bool = True) -> list[int]:
    return [item.note.id for item in await store.search(words, limit=10, every=every)]


async def test_a_note_is_found_by_all_its_words_and_the_beginning_of_the_last(store):
    await store.add("The night train to Lisbon", ["Travel", "#work"], NOW)
    await store.add("Lisbon has hills", [], NOW + 1)
    assert await ids(store, "lisbon", "train") == [1]
    assert sorted(await ids(store, "lis")) == [1, 2]
    assert sorted(await ids(store, "hills", "train", every=False)) == [1, 2]
    assert (await store.note(1)).tags == ("travel", "work")
    (found,) = await store.search(["night"], limit=1)
    assert "**night**" in found.excerpt


@pytest.mark.parametrize("words", [['"'], ["a*"], ["NEAR(", "x"], ["text:x"], ["-x"], ["\0"], ["%"], ["'"]])
async def test_what_is_typed_is_never_a_query_language(store, words):
    await store.add("plain", [], NOW)
    assert await store.search(words, limit=5) == []


async def test_changing_a_note_changes_what_finds_it(store):
    await store.add("one word", [], NOW)
    await store.change(1, NOW + 5, text="another phrase")
    assert await ids(store, "word") == []
    assert await ids(store, "phrase") == [1]
    assert ((await store.note(1)).created_at, (await store.note(1)).changed_at) == (NOW, NOW + 5)


async def test_a_deleted_note_leaves_no_word_behind(store, tmp_path):
    await store.add("the passphrase is xylophone-quagga", [], NOW)
    await store.add("something else", [], NOW)
    assert await store.delete([1]) == 1
    assert await ids(store, "xylophone") == []
    assert not any(b"quagga" in file.read_bytes() for file in tmp_path.iterdir())
    with pytest.raises(NotFound, match="no note 1"):
        await store.note(1)
    assert (await store.add("new", [], NOW)).id == 3, "a number is never used twice"


@pytest.mark.parametrize("number", [0, -1, 2**63, 10**30])
async def test_a_number_that_no_note_can_have_is_not_found(store, number):
    with pytest.raises(NotFound):
        await store.note(number)


async def test_all_or_none_are_deleted(store):
    await store.add("a", [], NOW)
    with pytest.raises(NotFound):
        await store.delete([1, 9])
    assert len(await store.notes()) == 1


async def test_tags_are_added_removed_counted_and_suggested(store):
    await store.add("a", ["work,home"], NOW)
    await store.add("b", ["work"], NOW)
    assert await store.tags() == [("work", 2), ("home", 1)]
    assert [note.id for note in await store.notes(tags=["work", "home"])] == [1]
    assert (await store.tag(2, ["new"], ["work"])).tags == ("new",)
    with pytest.raises(NotFound) as told:
        await store.notes(tags=["wrok"])
    assert told.value.hint == "did you mean work?"


async def test_what_cannot_be_a_note_is_refused(store):
    for text in ("", " \n\0 ", "x" * (1024 * 1024 + 1)):
        with pytest.raises(InvalidParams):
            await store.add(text, [], NOW)
    with pytest.raises(InvalidParams, match="no tag"):
        check_tags(["two words"])
    assert (await store.add("a\0b\r\nc\udcff", [], NOW)).text == "ab\nc?"


async def test_all_notes_are_given_in_their_order(store):
    for number in range(205):
        await store.add(f"note {number}", [], NOW)
    assert [note.id async for note in store.every()] == list(range(1, 206))


async def test_the_passages_with_the_rarest_words_come_first(store):
    await store.add("The office is in Berlin.\n\nThe wifi of the office is isaac-5.", [], NOW)
    await store.add("The office plant needs water.", [], NOW)
    words = words_of("What is the wifi of the office?")
    assert words == ["wifi", "office"]
    found = best(await store.notes(), words)
    assert found[0].text == "The wifi of the office is isaac-5."
    assert best(await store.notes(), ["nothing"]) == []
    assert words_of("who are you") == ["who", "are", "you"]
    long = await store.add("word " * 1000, [], NOW)
    assert all(len(part.text) <= 800 for part in best([long], ["word"]))
