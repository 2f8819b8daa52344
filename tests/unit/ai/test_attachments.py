"""Files that go along: what they are by their content, and what cannot be sent."""

import os
from pathlib import Path

import pytest

from isaacd.ai.attachments import MAX_ATTACHED_BYTES, read_attachments, read_json
from isaacd.errors import InvalidParams

pytestmark = pytest.mark.anyio

PNG = b"\x89PNG\r\n\x1a\nrest"
WEBP = b"RIFF\0\0\0\0WEBPVP8 "


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("a.png", PNG, "image/png"),
        ("a.jpg", PNG, "image/png"),  # the content counts
        ("noname", b"\xff\xd8\xff\xe0..", "image/jpeg"),
        ("a.gif", b"GIF89a...", "image/gif"),
        ("a.webp", WEBP, "image/webp"),
        ("a.pdf", b"%PDF-1.7\n\xff", "application/pdf"),
        ("a.txt", "grüße".encode(), "text/plain"),
        ("Makefile", b"all:\n", "text/plain"),
        ("a.MD", b"# x", "text/markdown"),
        ("a.csv", b"a,b\n", "text/csv"),
    ],
)
async def test_a_file_is_what_its_content_says(tmp_path: Path, name: str, data: bytes, kind: str) -> None:
    (tmp_path / name).write_bytes(data)
    (found,) = await read_attachments([tmp_path / name])
    assert (found.media_type, found.data, found.name) == (kind, data, name)


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.png", b"hello", "no image/png"),
        ("a.pdf", b"<html>", "no application/pdf"),
        ("a.txt", b"", "is empty"),
        ("a.bin", b"\xff\xfe\x00", "no model"),
        ("a.txt", b"a\0b", "no model"),
        ("a.zip", b"PK\x03\x04\xff", "no model"),
    ],
)
async def test_what_no_model_reads_is_refused(tmp_path: Path, name: str, data: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(InvalidParams, match=said):
        await read_attachments([tmp_path / name])


async def test_what_is_no_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path, said in (
        (tmp_path / "none", "No such file"),
        (tmp_path, "is a directory"),
        (tmp_path / "pipe", "no regular|not a regular"),
        (Path("/dev/zero"), "not a regular"),
        (Path("a\0b"), "cannot read"),
    ):
        with pytest.raises(InvalidParams, match=said):
            await read_attachments([path])


async def test_all_files_together_have_a_limit(tmp_path: Path) -> None:
    half = tmp_path / "half.txt"
    half.write_bytes(b"x" * (MAX_ATTACHED_BYTES // 2))
    assert len(await read_attachments([half, half])) == 2
    more = tmp_path / "more.txt"
    more.write_bytes(b"x" * (MAX_ATTACHED_BYTES // 2 + 1))
    with pytest.raises(InvalidParams, match=r"20 MiB"):
        await read_attachments([half, more])


async def test_a_file_of_json_is_read(tmp_path: Path) -> None:
    file = tmp_path / "schema.json"
    file.write_text('{"type": "object"}')
    assert await read_json(file, 100) == {"type": "object"}
    with pytest.raises(InvalidParams, match="larger than"):
        await read_json(file, 3)
    file.write_text("{")
    with pytest.raises(InvalidParams, match="is not JSON"):
        await read_json(file, 100)
