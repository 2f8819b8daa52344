"""Fetches the published archive of tldr pages, or takes a local one, and puts it in place in one step."""

import os
import stat
import tempfile
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING

import anyio
import anyio.to_thread

from isaac_plugins.knowledge import tldr
from isaacd.api import InvalidParams, IsaacError, NotFound, PermissionDenied, ProviderUnavailable

if TYPE_CHECKING:
    import aiohttp

Progress = Callable[[float, float | None, str], Awaitable[None]]

CONNECT_TIMEOUT_S = 15.0
READ_TIMEOUT_S = 60.0
MAX_REDIRECTS = 10
_CHUNK_BYTES = 1 << 16
_LEAST_PAGES = 1


async def from_url(url: str, data_dir: Path, environ: Mapping[str, str], progress: Progress) -> int:
    """Fetch an archive over https; gives the number of pages. What was there before stays until all is checked.

    Raises InvalidParams for another scheme, ProviderUnavailable when the download fails or what comes is no archive,
    PermissionDenied when it cannot be kept.
    """
    _check_url(url)
    with _temporary(data_dir) as (stream, file):
        await _download(url, stream, environ, progress)
        return await anyio.to_thread.run_sync(_accept, stream, file, data_dir, f"what {url} sent")


async def from_file(source: Path, data_dir: Path, progress: Progress) -> int:
    """Take a local archive; gives the number of pages. Raises NotFound, InvalidParams or PermissionDenied."""
    try:
        status = await anyio.Path(source).stat()
    except OSError as error:
        raise NotFound(f"there is no file {source}") from error
    if not stat.S_ISREG(status.st_mode):
        raise InvalidParams(f"{source} is not a file")
    size = status.st_size
    if size > tldr.MAX_ARCHIVE_BYTES:
        raise InvalidParams(
            f"{source} is larger than {tldr.MAX_ARCHIVE_BYTES >> 20} MiB; that is no archive of tldr pages"
        )
    await progress(0, size, "reading")
    with _temporary(data_dir) as (stream, file):
        try:
            stream.write(await anyio.to_thread.run_sync(source.read_bytes))
        except PermissionError as error:
            raise PermissionDenied(f"{source} may not be read") from error
        except OSError as error:
            raise _not_kept(error, data_dir) from error
        await progress(size, size, "checking")
        return await anyio.to_thread.run_sync(_accept, stream, file, data_dir, str(source))


def _check_url(url: str) -> None:
    if not url.lower().startswith("https://"):
        raise InvalidParams(f"only https addresses are fetched, not {url}")


async def _download(url: str, stream: IO[bytes], environ: Mapping[str, str], progress: Progress) -> None:
    import ssl

    import aiohttp

    timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT_S, sock_read=READ_TIMEOUT_S)
    # SSL_CERT_FILE and SSL_CERT_DIR count, as for every program that uses OpenSSL; proxies come from the environment.
    context = ssl.create_default_context(
        cafile=environ.get("SSL_CERT_FILE"), capath=environ.get("SSL_CERT_DIR")
    )
    try:
        async with aiohttp.ClientSession(
            timeout=timeout,
            trust_env=True,
            connector=aiohttp.TCPConnector(ssl=context),
            auto_decompress=False,
        ) as session:
            response = await _follow(session, url)
            async with response:
                await _receive(response, stream, progress)
    except aiohttp.ClientConnectorCertificateError as error:
        raise ProviderUnavailable(
            f"the certificate of {error.host} is not trusted",
            hint="set SSL_CERT_FILE if your network has its own authority",
        ) from error
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        if (
            isinstance(error, OSError)
            and not isinstance(error, aiohttp.ClientError | TimeoutError)
            and error.filename
        ):
            raise
        raise ProviderUnavailable(
            f"{url} could not be fetched: {_reason(error)}",
            hint="are you online? An archive you have already can be given with --from FILE",
        ) from error


async def _follow(session: "aiohttp.ClientSession", url: str) -> "aiohttp.ClientResponse":
    """Follow redirects, to https only."""
    for _ in range(MAX_REDIRECTS):
        response = await session.get(url, allow_redirects=False)
        if response.status not in (301, 302, 303, 307, 308):
            break
        target = str(response.url.join(type(response.url)(response.headers.get("Location", ""))))
        response.release()
        if not target.lower().startswith("https://"):
            raise ProviderUnavailable(f"{url} leads to {target}, which is not https")
        url = target
    else:
        raise ProviderUnavailable(f"there are more than {MAX_REDIRECTS} redirects")
    if response.status != 200:
        response.release()
        hint = "is the address right?" if response.status == 404 else "try again later"
        raise ProviderUnavailable(f"{url} answered {response.status} {response.reason}", hint=hint)
    return response


async def _receive(response: "aiohttp.ClientResponse", stream: IO[bytes], progress: Progress) -> None:
    expected = response.content_length
    if (expected or 0) > tldr.MAX_ARCHIVE_BYTES:
        raise ProviderUnavailable(
            f"the archive is larger than {tldr.MAX_ARCHIVE_BYTES >> 20} MiB", hint="is the address right?"
        )
    received = 0
    async for chunk in response.content.iter_chunked(_CHUNK_BYTES):
        received += len(chunk)
        if received > tldr.MAX_ARCHIVE_BYTES:
            raise ProviderUnavailable(f"the archive is larger than {tldr.MAX_ARCHIVE_BYTES >> 20} MiB")
        try:
            stream.write(chunk)
        except OSError as error:
            raise _not_kept(error, Path(stream.name).parent) from error
        await progress(received, expected, "downloading")
    if expected is not None and received != expected:
        raise ProviderUnavailable(f"the download broke off after {received} of {expected} bytes")


@contextmanager
def _temporary(data_dir: Path) -> Iterator[tuple[IO[bytes], Path]]:
    """Lend a file next to where the archive will be; it is gone afterwards unless it was renamed."""
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        stream = tempfile.NamedTemporaryFile(prefix=".tldr-", suffix=".tmp", dir=data_dir, delete=False)  # noqa: SIM115
    except OSError as error:
        raise _not_kept(error, data_dir) from error
    file = Path(stream.name)
    try:
        yield stream, file
    finally:
        # Closing writes what is still buffered; on a full disk that fails once more, and was told already.
        with suppress(OSError):
            stream.close()
        with suppress(FileNotFoundError):
            file.unlink()


def _accept(stream: IO[bytes], file: Path, data_dir: Path, what: str) -> int:
    """Check the archive and put it in the place of the old one."""
    try:
        stream.flush()
        os.fsync(stream.fileno())
        try:
            pages = tldr.count(file)
        except tldr.BadArchive as error:
            raise _refused(what, str(error)) from error
        if pages < _LEAST_PAGES:
            raise _refused(what, "it holds no pages")
        file.replace(data_dir / tldr.ARCHIVE_NAME)
        _sync_folder(data_dir)
    except OSError as error:
        raise _not_kept(error, data_dir) from error
    return pages


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _refused(what: str, reason: str) -> IsaacError:
    return InvalidParams(
        f"{what} is not an archive of tldr pages: {reason}",
        hint="the pages that were there before stay in use",
    )


def _not_kept(error: OSError, data_dir: Path) -> IsaacError:
    reason = error.strerror or str(error)
    return PermissionDenied(
        f"the pages cannot be kept in {data_dir}: {reason}",
        hint="free some space, or check who owns the folder",
    )


def _reason(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return str(error) or type(error).__name__
