"""Search indexes to test with, and an archive of pages written for the tests."""

import sqlite3
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from isaac_plugins.knowledge import cookbook, index

PAGES = {
    "common/frobnicate.md": "# frobnicate\n\n> Turn gizmos into widgets.\n> More information: <https://example.org>.\n\n"
    "- Turn a gizmo into a widget:\n\n`frobnicate {{[-o|--output]}} {{path/to/widget}} {{path/to/gizmo}}`\n\n"
    "- Li[s]t widgets of a user:\n\n`frobnicate --list {{username}} {{5}}`\n",
    "linux/twiddle.md": "# twiddle\n\n> Adjust knobs.\n\n- Adjust a knob [s]lowly:\n\n`twiddle {{[start|begin]}} {{knob_name}}`\n",
    "osx/other.md": "# other\n\n> Not for this system.\n\n- Do something:\n\n`other`\n",
}


def write_archive(file: Path, pages: dict[str, str]) -> Path:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in pages.items():
            archive.writestr(name, text)
    return file


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    folder = tmp_path / "given"
    folder.mkdir()
    return write_archive(folder / "pages.zip", PAGES)


@pytest.fixture(scope="session")
def book() -> Iterator[sqlite3.Connection]:
    """An index of the cookbook alone."""
    connection = index.build_memory(index.Sources(cookbook.folder(), None, ""), {})
    yield connection
    connection.close()
