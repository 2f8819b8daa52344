"""Pages are read from archives and from the caches of other clients; broken ones do no harm."""

import zipfile
from pathlib import Path

import pytest

from isaac_plugins.knowledge import tldr
from tests.unit.plugins.knowledge.conftest import PAGES, write_archive


def test_a_page_is_read_with_its_examples_as_commands_with_slots(archive: Path) -> None:
    pages = {page.name: page for page in tldr.pages(archive)}
    assert set(pages) == {"frobnicate", "twiddle"}
    page = pages["frobnicate"]
    assert (page.summary, page.platform) == ("Turn gizmos into widgets.", "common")
    assert [example.command for example in page.examples] == [
        "frobnicate --output {file} {file}",
        "frobnicate --list {user} 5",
    ]
    assert [example.task for example in page.examples] == [
        "Turn a gizmo into a widget",
        "List widgets of a user",
    ]
    assert pages["twiddle"].examples[0].command == "twiddle start KNOB_NAME"


def test_control_characters_never_leave_a_page() -> None:
    page = tldr.parse("# x\x1b[31m\n> about\x07\n- do\x1b]0;t\x07 it:\n`x \x1b[2J`\n", "x", "common")
    assert (page.name + page.summary + page.examples[0].task + page.examples[0].command).isprintable()


def test_what_is_no_archive_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "x.zip"
    file.write_bytes(b"<html>not found</html>")
    with pytest.raises(tldr.BadArchive):
        list(tldr.pages(file))


def test_an_archive_that_was_cut_off_is_refused(archive: Path) -> None:
    archive.write_bytes(archive.read_bytes()[:-40])
    with pytest.raises(tldr.BadArchive):
        tldr.count(archive)


def test_a_damaged_page_is_left_out_of_a_search_and_refused_by_a_check(archive: Path) -> None:
    data = bytearray(archive.read_bytes())
    data[60] ^= 0xFF
    archive.write_bytes(data)
    assert [page.name for page in tldr.pages(archive)] == ["twiddle"]
    with pytest.raises(tldr.BadArchive, match="damaged"):
        tldr.count(archive)


def test_an_archive_that_says_it_unpacks_to_too_much_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tldr, "MAX_UNPACKED_BYTES", 1000)
    file = write_archive(tmp_path / "bomb.zip", {"common/a.md": "a" * 2000})
    with pytest.raises(tldr.BadArchive, match="far more"):
        list(tldr.pages(file))


def test_a_page_that_is_too_long_is_left_out(tmp_path: Path) -> None:
    bomb = {"common/bomb.md": "0" * (tldr.MAX_PAGE_BYTES + 1), **PAGES}
    assert "bomb" not in {page.name for page in tldr.pages(write_archive(tmp_path / "b.zip", bomb))}


def test_an_encrypted_or_unknown_method_is_no_crash(tmp_path: Path) -> None:
    file = tmp_path / "x.zip"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as made:
        made.writestr("common/a.md", "# a\n> b\n")
    data = bytearray(file.read_bytes())
    for place in (6, data.index(b"PK\x01\x02") + 8):
        data[place] |= 1  # the flag for encryption
    file.write_bytes(data)
    assert list(tldr.pages(file)) == []


@pytest.mark.parametrize(
    "place",
    [
        ".cache/tealdeer/tldr-pages/pages",
        ".cache/tealdeer/tldr-pages/pages.en",
        ".cache/tlrc/pages.en",
        ".cache/tldr/pages",
        ".tldr/cache/pages",
        ".tldrc/tldr/pages",
        ".local/share/tldr/tldr/pages",
    ],
)
def test_the_cache_of_another_client_is_found_and_read(tmp_path: Path, place: str) -> None:
    for name, text in PAGES.items():
        file = tmp_path / place / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    found = tldr.find(tmp_path / "none", {"HOME": str(tmp_path)})
    assert found == tmp_path / place
    assert {page.name for page in tldr.pages(found)} == {"frobnicate", "twiddle"}


def test_our_own_archive_comes_before_folders_and_these_before_caches(tmp_path: Path) -> None:
    cache, further, own = (
        tmp_path / ".cache/tlrc/pages.en",
        tmp_path / "mine",
        tmp_path / "data" / tldr.ARCHIVE_NAME,
    )
    for folder in (cache, further):
        (folder / "common").mkdir(parents=True)
    environ = {"HOME": str(tmp_path)}
    assert tldr.find(own.parent, environ, ["~/nothing", str(further)]) == further
    assert tldr.find(own.parent, environ) == cache
    own.parent.mkdir()
    own.touch()
    assert tldr.find(own.parent, environ, [str(further)]) == own


def test_relative_xdg_folders_are_ignored(tmp_path: Path) -> None:
    folders = tldr.caches({"HOME": str(tmp_path), "XDG_CACHE_HOME": "here"})
    assert tmp_path / ".cache/tlrc/pages.en" in folders
