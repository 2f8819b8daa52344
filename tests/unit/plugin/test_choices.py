"""Choices about plugins: kept as a whole, read again, damaged ones say nothing; of several with one name one counts."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isaacd.errors import StorageUnavailable
from isaacd.plugin.choices import FILE_NAME, Choices, label_of, read_choices, settle, write_choices
from isaacd.plugin.places import Found, Source

NAMES = st.sampled_from(["box", "fox"])
SOURCES: st.SearchStrategy[Source] = st.sampled_from(["bundled", "site", "entry", "user"])


@st.composite
def founds(draw: st.DrawFn) -> list[Found]:
    made = []
    for number, (name, source, refused) in enumerate(
        draw(st.lists(st.tuples(NAMES, SOURCES, st.booleans()), max_size=6))
    ):
        made.append(
            Found(
                name=name,
                origin=Path(f"/{number}"),
                source=source,
                distribution=f"dist-{number} 1.0" if source == "entry" else "",
                refused="open to others" if refused else None,
            )
        )
    return made


@given(founds(), st.dictionaries(NAMES, st.sampled_from(["isaac", "user", "dist-1", "/2", "gone"])))
def test_of_each_name_one_at_most_counts_and_hides_the_others(
    found: list[Found], taken: dict[str, str]
) -> None:
    settled = settle(found, taken)
    assert [item.origin for item in settled] == [item.origin for item in found]
    for name in {item.name for item in found}:
        same = [item for item in settled if item.name == name]
        shown = [item for item in same if item.hidden_by is None]
        usable = [item for item in same if item.refused is None]
        fitting = [item for item in same if label_of(item) == taken.get(name)]
        if fitting:
            assert shown == [fitting[0]]
        elif usable:
            assert shown == [usable[0]]
        assert {item.hidden_by for item in same} - {None} <= {item.origin for item in shown}


def test_what_was_written_is_read_again_and_open_to_nobody(tmp_path: Path) -> None:
    choices = (
        Choices().with_disabled("fox").with_disabled("box").with_taken("box", "user").with_enabled("fox")
    )
    write_choices(tmp_path / "plugins", choices)
    assert read_choices(tmp_path / "plugins") == choices == Choices(disabled=("box",), taken={"box": "user"})
    assert (tmp_path / "plugins" / FILE_NAME).stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("data", [b"", b"\xff", b"[]", b'{"disabled": 3}', b"{" * 10000])
def test_a_damaged_file_says_nothing(tmp_path: Path, data: bytes) -> None:
    (tmp_path / FILE_NAME).write_bytes(data)
    assert read_choices(tmp_path) == Choices()


def test_a_file_that_others_can_write_to_says_nothing(tmp_path: Path) -> None:
    write_choices(tmp_path, Choices(disabled=("box",)))
    (tmp_path / FILE_NAME).chmod(0o622)
    assert read_choices(tmp_path) == Choices()


def test_a_full_disk_leaves_the_former_choices(tmp_path: Path) -> None:
    write_choices(tmp_path, Choices(disabled=("box",)))
    (tmp_path / f".{FILE_NAME}.{os.getpid()}").mkdir()
    with pytest.raises(StorageUnavailable):
        write_choices(tmp_path, Choices())
    assert read_choices(tmp_path) == Choices(disabled=("box",))
