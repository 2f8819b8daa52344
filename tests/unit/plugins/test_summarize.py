"""The command `summarize`: extracts that say so, models that read long texts in parts, and nothing lost in silence."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isaac_plugins.summarize import plugin
from isaac_plugins.summarize.extract import extract, sentences_of
from isaacd.assist.parts import packed
from isaacd.errors import PermissionDenied, ProviderUnavailable
from tests.assist_house import AssistHouse

STORY = (
    "The harbour of Lisbon was closed for three days. Ships waited outside of the harbour while engineers repaired the harbour crane. "
    "A cat slept. The crane of the harbour had broken when a ship hit it in the storm. Engineers said the crane will work again on Monday. "
    "Bread was cheap. Owners of ships want the harbour to pay for the days that their ships waited. It rained a little."
)


@pytest.fixture
def house(tmp_path):
    return AssistHouse(tmp_path, plugin)


def test_an_extract_is_sentences_as_they_stand_in_their_order():
    found = extract(STORY, 3)
    assert len(found) == 3
    assert [STORY.index(sentence) for sentence in found] == sorted(
        STORY.index(sentence) for sentence in found
    )
    assert not {"A cat slept.", "Bread was cheap."} & set(found)
    assert sum("harbour" in sentence for sentence in found) >= 2


def test_an_extract_can_be_about_something():
    assert any("pay" in sentence for sentence in extract(STORY, 2, "who has to pay the owners"))


def test_code_headings_and_marks_are_no_sentences():
    text = "# Title\n\n```\nx = 1. y = 2.\n```\n\n- The **first** item of [the list](x) is here.\n\nDr. Who met e.g. Ada. They spoke.\n"
    assert sentences_of(text) == [
        "The first item of the list is here.",
        "Dr. Who met e.g. Ada.",
        "They spoke.",
    ]


@given(st.text(max_size=300), st.integers(1, 5))
def test_every_text_has_an_extract_of_its_own_words(text, count):
    found = extract(text, count)
    assert len(found) <= count
    for sentence in found:
        assert all(word in text for word in sentence.replace("`", " ").split() if word.isalnum())


@given(st.lists(st.text(max_size=60), max_size=8), st.integers(10, 80))
def test_parts_hold_everything_and_are_never_too_long(pieces, most):
    parts = packed(pieces, most)
    assert all(len(part) <= most for part in parts)
    assert "".join("".join(parts).split()) == "".join("".join(pieces).split())


def test_offline_the_extract_says_so(house):
    shown = house.type("summarize", "--length", "short", piped=[STORY.encode()])
    assert shown.exit == 0
    assert len(shown.out.splitlines()) == 2
    assert "an extract: sentences taken from the text as they stand" in shown.err


def test_files_have_their_names_and_json_has_all(house):
    (house.here / "a.txt").write_text(STORY)
    (house.here / "b.txt").write_text("Short.\n")
    shown = house.type("summarize", str(house.here / "a.txt"), str(house.here / "b.txt"))
    assert "a.txt\n" in shown.out
    assert "b.txt\nShort." in shown.out
    found = house.type("summarize", "--json", str(house.here / "a.txt")).json["summaries"]
    assert (found[0]["name"], found[0]["source"], found[0]["parts"]) == ("a.txt", "extract", 1)


def test_a_model_summarizes_a_short_text_in_one_call(house):
    house.has_model("It was closed.")
    shown = house.type("summarize", "--about", "the crane", piped=[STORY.encode()])
    assert shown.out == "It was closed.\n"
    (sent,) = house.sent
    assert "(about: the crane)" in sent
    assert "BEGIN TEXT\nThe harbour" in sent


def test_a_long_text_is_read_in_parts_and_then_as_a_whole(house):
    house.has_model("a note", "a note", "a note", "the whole")
    text = "\n\n".join(f"Paragraph {number} says something new. " * 8 for number in range(100))
    found = house.type("summarize", "--json", piped=[text.encode()]).json["summaries"][0]
    assert found["summary"] == "the whole"
    assert found["parts"] == len(house.sent) - 1
    assert "BEGIN NOTES\na note" in house.sent[-1]


def test_parts_that_are_lost_are_told(house):
    house.has_model(PermissionDenied("no"), "a note")
    text = "\n\n".join(f"Paragraph {number} says something new. " * 8 for number in range(100))
    shown = house.type("summarize", "--json", "--no-cache", piped=[text.encode()])
    assert shown.json["summaries"][0]["lost_parts"] >= 1
    assert "could not be read, and are missing" in shown.err


def test_too_many_calls_are_refused(house):
    house.has_model("x")
    text = "word " * 20_000
    shown = house.type("summarize", "--max-parts", "2", piped=[text.encode()])
    assert shown.exit == 2
    assert "--max-parts is 2" in shown.err
    assert house.sent == []


def test_a_model_that_fails_leaves_the_extract(house):
    house.has_model(ProviderUnavailable("it is away"))
    shown = house.type("summarize", piped=[STORY.encode()])
    assert shown.exit == 0
    assert "no help from an AI: it is away" in shown.err
    assert house.type("summarize", "--provider", "robot", piped=[STORY.encode()]).exit == 69


def test_secrets_are_not_sent(house):
    house.has_model("x")
    house.type("summarize", piped=[f"{STORY}\ntoken = 'ghp_{'a1B2c3D4' * 5}'\n".encode()])
    assert "ghp_a1" not in house.sent[0]


@pytest.mark.parametrize("data", [b"", b"  \n", b"\xff\xfe\x00"])
def test_what_is_no_text_is_refused(house, data):
    (house.here / "x").write_bytes(data)
    assert house.type("summarize", str(house.here / "x")).exit == 2


def test_what_is_not_there_is_told(house):
    assert "there is no file" in house.type("summarize", "nothing.txt").err
    assert house.type("summarize").exit == 2
    assert "is no file" in house.type("summarize", str(house.here)).err
