"""An archive is fetched over https only, checked, and put in place in one step; whatever fails leaves the old one."""

import asyncio
import os
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from isaac_plugins.knowledge import fetching, tldr
from isaacd.errors import InvalidParams, IsaacError, NotFound, PermissionDenied, ProviderUnavailable
from tests.unit.plugins.knowledge.conftest import PAGES, write_archive

pytestmark = pytest.mark.anyio
Serve = Callable[[str], tuple[str, dict[str, str], bytes]]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for localhost that is its own authority."""
    if shutil.which("openssl") is None:
        pytest.skip("needs the openssl program to make a certificate")
    folder = tmp_path_factory.mktemp("tls")
    key, certificate = str(folder / "key.pem"), str(folder / "cert.pem")
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    name = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    command = ["openssl", "req", "-x509", *curve, "-days", "2", *name, "-keyout", key, "-out", certificate]
    subprocess.run(command, check=True, capture_output=True, timeout=90)
    return folder


class Progress:
    def __init__(self) -> None:
        self.told: list[tuple[float, float | None, str]] = []

    async def __call__(self, done: float, total: float | None, label: str) -> None:
        self.told.append((done, total, label))


@asynccontextmanager
async def server(authority: Path, serve: Serve) -> AsyncIterator[str]:
    """Serve over TLS on this machine; `serve` gives status line, headers and body for a path."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        status, headers, body = serve(request.split()[1].decode())
        lines = [
            f"HTTP/1.1 {status}",
            "Connection: close",
            *(f"{name}: {value}" for name, value in headers.items()),
        ]
        writer.write("\r\n".join([*lines, "", ""]).encode() + body)
        await writer.drain()
        writer.close()

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority / "cert.pem", authority / "key.pem")
    listener = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
    async with listener:
        yield f"https://localhost:{listener.sockets[0].getsockname()[1]}"


def whole(body: bytes) -> tuple[str, dict[str, str], bytes]:
    return "200 OK", {"Content-Length": str(len(body))}, body


def trusting(authority: Path) -> dict[str, str]:
    return {"SSL_CERT_FILE": str(authority / "cert.pem")}


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A data folder that already has an archive."""
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / tldr.ARCHIVE_NAME).write_bytes(b"the old one")
    return folder


def files(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def unchanged(folder: Path) -> bool:
    return files(folder) == {tldr.ARCHIVE_NAME: b"the old one"}


def mode(file: Path) -> int:
    return file.stat().st_mode & 0o777


async def test_an_archive_is_fetched_and_replaces_the_old_one(
    authority: Path, archive: Path, kept: Path
) -> None:
    body = files(archive.parent)["pages.zip"]
    progress = Progress()
    async with server(authority, lambda path: whole(body)) as url:
        assert await fetching.from_url(f"{url}/a.zip", kept, trusting(authority), progress) == 2
    assert files(kept) == {tldr.ARCHIVE_NAME: body}
    assert mode(kept / tldr.ARCHIVE_NAME) == 0o600
    assert progress.told[-1] == (len(body), len(body), "downloading")


async def test_redirects_within_https_are_followed(authority: Path, archive: Path, tmp_path: Path) -> None:
    def serve(path: str) -> tuple[str, dict[str, str], bytes]:
        if path == "/latest":
            return "302 Found", {"Location": "/v2/pages.zip", "Content-Length": "0"}, b""
        return whole(archive.read_bytes())

    async with server(authority, serve) as url:
        assert (
            await fetching.from_url(f"{url}/latest", tmp_path / "new", trusting(authority), Progress()) == 2
        )


@pytest.mark.parametrize(
    ("status", "headers", "body", "said"),
    [
        ("404 Not Found", {"Content-Length": "0"}, b"", "404"),
        ("503 Busy", {"Content-Length": "0"}, b"", "503"),
        ("302 Found", {"Location": "http://localhost/x", "Content-Length": "0"}, b"", "not https"),
        ("302 Found", {"Location": "/again", "Content-Length": "0"}, b"", "redirects"),
        ("200 OK", {"Content-Length": "1000"}, b"PK too short", "could not be fetched"),
        ("200 OK", {"Content-Length": str(1 << 40)}, b"x", "larger than"),
        ("200 OK", {}, b"<html>log in first</html>", "not an archive"),
        ("200 OK", {"Content-Length": "0"}, b"", "not an archive"),
    ],
)
async def test_what_goes_wrong_is_said_and_the_old_archive_stays(
    authority: Path, kept: Path, status: str, headers: dict[str, str], body: bytes, said: str
) -> None:
    async with server(authority, lambda path: (status, headers, body)) as url:
        with pytest.raises(IsaacError, match=said):
            await fetching.from_url(f"{url}/a.zip", kept, trusting(authority), Progress())
    assert unchanged(kept)


async def test_more_than_the_limit_is_refused_while_it_comes(
    authority: Path, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tldr, "MAX_ARCHIVE_BYTES", 100_000)
    async with server(authority, lambda path: ("200 OK", {}, b"x" * 300_000)) as url:
        with pytest.raises(ProviderUnavailable, match="larger than"):
            await fetching.from_url(f"{url}/a.zip", kept, trusting(authority), Progress())
    assert unchanged(kept)


async def test_a_certificate_that_is_not_trusted_is_refused(authority: Path, kept: Path) -> None:
    async with server(authority, lambda path: whole(b"")) as url:
        with pytest.raises(ProviderUnavailable, match="certificate"):
            await fetching.from_url(f"{url}/a.zip", kept, {}, Progress())
    assert unchanged(kept)


@pytest.mark.parametrize(
    "url", ["http://localhost/a.zip", "ftp://localhost/a.zip", "file:///etc/passwd", "a.zip"]
)
async def test_only_https_is_fetched(kept: Path, url: str) -> None:
    with pytest.raises(InvalidParams, match="only https"):
        await fetching.from_url(url, kept, {}, Progress())
    assert unchanged(kept)


async def test_being_offline_is_said(kept: Path) -> None:
    with pytest.raises(ProviderUnavailable, match="could not be fetched") as raised:
        await fetching.from_url("https://localhost:1/a.zip", kept, {}, Progress())
    assert "--from" in (raised.value.hint or "")
    assert unchanged(kept)


async def test_a_local_archive_is_taken_and_stays_where_it_is(tmp_path: Path, kept: Path) -> None:
    given = tmp_path / "own"
    given.mkdir()
    write_archive(given / "pages.zip", PAGES)
    assert await fetching.from_file(given / "pages.zip", kept, Progress()) == 2
    assert files(kept) == {tldr.ARCHIVE_NAME: files(given)["pages.zip"]}


async def test_a_local_file_that_is_no_archive_is_refused(tmp_path: Path, kept: Path) -> None:
    file = tmp_path / "x.zip"
    file.write_text("no")
    with pytest.raises(InvalidParams, match="not an archive"):
        await fetching.from_file(file, kept, Progress())
    assert unchanged(kept)


async def test_an_archive_without_pages_is_refused(tmp_path: Path, kept: Path) -> None:
    file = write_archive(tmp_path / "x.zip", {"README.md": "x", "osx/a.md": PAGES["osx/other.md"]})
    with pytest.raises(InvalidParams, match="no pages"):
        await fetching.from_file(file, kept, Progress())
    assert unchanged(kept)


async def test_a_local_file_that_is_not_there_is_named(tmp_path: Path, kept: Path) -> None:
    with pytest.raises(NotFound, match=r"none\.zip"):
        await fetching.from_file(tmp_path / "none.zip", kept, Progress())
    with pytest.raises(InvalidParams, match="not a file"):
        await fetching.from_file(tmp_path, kept, Progress())


async def test_a_data_folder_that_cannot_be_made_is_named(archive: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(PermissionDenied, match="cannot be kept"):
        await fetching.from_file(archive, tmp_path / "file" / "data", Progress())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
async def test_a_full_disk_is_said(archive: Path, kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = fetching.tempfile.NamedTemporaryFile

    def full(**options: object) -> object:
        made = real(**options)  # type: ignore[call-overload]
        os.dup2(os.open("/dev/full", os.O_WRONLY), made.fileno())
        return made

    monkeypatch.setattr(fetching.tempfile, "NamedTemporaryFile", full)
    with pytest.raises(PermissionDenied, match="No space left"):
        await fetching.from_file(archive, kept, Progress())
    assert unchanged(kept)
