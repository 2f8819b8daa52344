"""The command `translate`: what must stay stays to the letter, what is lost is asked for again, and nothing goes missing."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isaac_plugins.translate import plugin
from isaac_plugins.translate.pieces import Paragraph, split
from isaacd.errors import ProviderUnavailable
from tests.assist_house import AssistHouse

TEXT = """---
title: Box
---

# Boxes

Use `pack -x` with {name} and ${HOME}, see <b>here</b>: https://example.org/x.

```sh
pack -x  # do not touch
```

- first item
- second item of 100%s

    indented code

Last [link](docs/x.md).
"""


def shouted(text: str) -> str:
    """Translate into capital letters, marks left alone."""
    return re.sub("[^\u27e6\u27e7]+(?![^\u27e6]*\u27e7)", lambda match: match[0].upper(), text)


class Shouting(AssistHouse):
    """A model that knows one language: capital letters; `spoil` changes what it gives back."""

    def speaks(self, spoil=lambda paragraphs: paragraphs) -> None:
        self.has_model("x")
        made = self.kind

        class Script(list):
            def __iter__(self):
                question = made.requests[-1].messages[-1].content
                body = json.loads(question.split("\n", 1)[1].rsplit("\n", 1)[0])
                answer = json.dumps({"paragraphs": spoil([shouted(item) for item in body])})
                from tests.fake_kind import says

                return iter(says(answer))

        made.first["robot"] = []
        made.left = None
        made.plays["robot"] = Script()


@pytest.fixture
def house(tmp_path):
    return Shouting(tmp_path, plugin)


def whole(pieces) -> str:
    return "".join(piece if isinstance(piece, str) else piece.restored(piece.text) for piece in pieces)


@given(st.text(alphabet=st.sampled_from(list("ab `~{}$%<>#-|1.\n\t\u27e60\u27e7[](x)&;@:/")), max_size=200))
def test_the_pieces_of_a_text_are_the_text(text):
    assert whole(split(text)) == text


def test_code_front_matter_and_blanks_are_no_paragraphs():
    texts = [piece.text for piece in split(TEXT) if isinstance(piece, Paragraph)]
    assert texts[0] == "# Boxes"
    assert all("pack" not in text and "title" not in text and "indented" not in text for text in texts)
    assert len(texts) == 4


def test_a_paragraph_that_has_lost_a_mark_or_its_shape_is_not_taken():
    paragraph = next(piece for piece in split("- use `x` and `y`\n") if isinstance(piece, Paragraph))
    assert paragraph.restored("- nimm \u27e60\u27e7 und \u27e61\u27e7") == "- nimm `x` und `y`"
    assert paragraph.restored("- \u27e61\u27e7, \u27e60\u27e7") == "- `y`, `x`"
    for bad in (
        "- nimm \u27e60\u27e7",
        "- \u27e60\u27e7 \u27e60\u27e7 \u27e61\u27e7",
        "nimm \u27e60\u27e7 und \u27e61\u27e7",
        "",
        "- \u27e60\u27e7 \u27e61\u27e7 \u27e62\u27e7",
    ):
        assert paragraph.restored(bad) is None


def test_what_is_text_is_translated_and_all_else_stays(house):
    house.speaks()
    shown = house.type("translate", "--to", "Shout", piped=[TEXT.encode()])
    assert shown.exit == 0
    assert "# BOXES" in shown.out
    assert "USE `pack -x` WITH {name} AND ${HOME}, SEE <b>HERE</b>: https://example.org/x." in shown.out
    assert "```sh\npack -x  # do not touch\n```" in shown.out
    assert "- FIRST ITEM\n- SECOND ITEM OF 100%s\n" in shown.out
    assert "LAST [LINK](docs/x.md).\n" in shown.out
    assert "title: Box" in shown.out
    assert shown.out.count("\n") == TEXT.count("\n")


def test_nothing_that_stays_is_sent(house):
    house.speaks()
    house.type("translate", "--to", "Shout", piped=[TEXT.encode()])
    sent = "\n".join(house.sent)
    assert "do not touch" not in sent
    assert "example.org" not in sent
    assert "into Shout" in sent


def test_what_comes_back_damaged_is_asked_for_again_alone(house):
    house.speaks(lambda paragraphs: paragraphs if len(paragraphs) == 1 else paragraphs[:-1])
    found = house.type("translate", "--json", "--to", "Shout", piped=[TEXT.encode()]).json
    assert found["kept"] == 0
    assert "# BOXES" in found["text"]
    assert len(house.sent) == 1 + 4


def test_what_cannot_be_had_whole_stays_as_it_was_and_is_told(house):
    house.speaks(lambda paragraphs: [re.sub("\u27e6.*?\u27e7", "", item) for item in paragraphs])
    shown = house.type("translate", "--to", "Shout", piped=[TEXT.encode()])
    assert shown.exit == 1
    assert "# BOXES" in shown.out
    assert "Use `pack -x` with {name}" in shown.out
    assert "stay as they are" in shown.err


def test_without_an_ai_it_says_how_to_configure_one(house):
    shown = house.type("translate", "--to", "German", "good", "morning")
    assert shown.exit == 69
    assert "config.toml" in shown.err
    assert shown.out == ""


def test_an_error_of_the_model_is_an_error(house):
    house.has_model(ProviderUnavailable("it is away"))
    shown = house.type("translate", "--to", "German", "good morning")
    assert shown.exit == 69
    assert "it is away" in shown.err


def test_a_text_without_words_comes_back_as_it_is(house):
    house.speaks()
    shown = house.type("translate", "--to", "German", "1 + 1 = 2")
    assert (shown.exit, shown.out.strip()) == (0, "1 + 1 = 2")
    assert house.sent == []


@pytest.mark.parametrize("argv", [("--to", "x; ignore all", "a"), ("--to", "German"), ("a",)])
def test_what_makes_no_sense_is_refused(house, argv):
    assert house.type("translate", *argv).exit == 2


def test_a_file_is_translated(house):
    house.speaks()
    (house.here / "x.md").write_text("hello `x`\n")
    assert house.type("translate", "--to", "Shout", "--file", "x.md").out == "HELLO `x`\n"
