"""Providers over TLS: only a certificate that is trusted and has the right name gets the key, by a proxy as well."""

import contextlib
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.daemon import running

KEY = "sk-test-7f3a9c51d2e84b60"
_SAID = b'data: {"choices":[{"index":0,"delta":{"content":"over tls"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%b"
    % (
        len(_SAID),
        _SAID,
    )
)
HOST = "provider.test"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Certificates that are authorities of their own: for localhost, for another name."""
    if shutil.which("openssl") is None:
        pytest.skip("needs the openssl program to make a certificate")
    folder = tmp_path_factory.mktemp("tls")
    for name in ("localhost", HOST, "elsewhere.test"):
        curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        subject = ["-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}"]
        files = ["-keyout", str(folder / f"{name}.key"), "-out", str(folder / f"{name}.pem")]
        command = ["openssl", "req", "-x509", *curve, "-days", "2", *subject, *files]
        subprocess.run(command, check=True, capture_output=True, timeout=90)
    return folder


@contextlib.contextmanager
def serving(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """Have every connection served in a thread; give the port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    threading.Thread(target=guarded, args=(connection,)).start()

        def guarded(connection: socket.socket) -> None:
            with contextlib.suppress(OSError), connection:
                connection.settimeout(90)
                serve(connection)

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


@contextlib.contextmanager
def provider(certificates: Path, name: str) -> Iterator[tuple[int, list[bytes]]]:
    """A provider with the certificate of a name; give its port, and the requests as they came."""
    heard: list[bytes] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / f"{name}.pem", certificates / f"{name}.key")

    def serve(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secure:
            request = b""
            while b"\r\n\r\n" not in request:
                if not (data := secure.recv(65536)):
                    return
                request += data
            heard.append(request)
            secure.sendall(ANSWER)

    with serving(serve) as port:
        yield port, heard


@contextlib.contextmanager
def proxy(to: int) -> Iterator[tuple[int, list[bytes]]]:
    """A proxy that leads every CONNECT to one port; give its own port, and what it could read."""
    heard: list[bytes] = []

    def serve(connection: socket.socket) -> None:
        request = b""
        while b"\r\n\r\n" not in request:
            request += connection.recv(65536)
        heard.append(request)
        with socket.create_connection(("127.0.0.1", to)) as other:
            connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=pour, args=(other, connection))
            back.start()
            pour(connection, other, heard)
            back.join()

    with serving(serve) as port:
        yield port, heard


def pour(source: socket.socket, target: socket.socket, heard: list[bytes] | None = None) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            if heard is not None:
                heard.append(data)
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


def ask(base_url: str, environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Ask a daemon that has this environment, and see that the key is nowhere in what is left of it."""
    config = f'[ai.providers.tls]\nkind = "openai-compatible"\nbase_url = "{base_url}"\nmodel = "m"\napi_key_env = "TLS_KEY"\n'
    config += "[ai.retry]\nmax_attempts = 1\n"
    with running(config=config, environ={"TLS_KEY": KEY, **environ}) as daemon:
        home = daemon.home
        home.environ["TLS_KEY"] = KEY
        done = home.isaacctl("ask", "--no-cache", "--provider", "tls", "hello there")
        for words in (("status", "--json"), ("config", "show"), ("usage", "--json")):
            assert KEY not in home.isaacctl(*words).stdout
        files = [file for file in home.directory.rglob("*") if file.is_file()]
        assert not [file for file in files if KEY.encode() in file.read_bytes()]
    assert KEY not in done.stdout + done.stderr
    return done


def test_a_certificate_that_nobody_vouches_for_does_not_get_the_key(certificates: Path) -> None:
    with provider(certificates, "localhost") as (port, heard):
        done = ask(f"https://localhost:{port}/v1", {})
    assert done.returncode == 69, done.stderr
    assert "certificate" in done.stderr
    assert "SSL_CERT_FILE" in done.stderr
    assert heard == []


def test_an_authority_of_the_environment_is_trusted(certificates: Path) -> None:
    trusted = {"SSL_CERT_FILE": str(certificates / "localhost.pem")}
    with provider(certificates, "localhost") as (port, heard):
        done = ask(f"https://localhost:{port}/v1", trusted)
    assert (done.returncode, done.stdout) == (0, "over tls\n"), done.stderr
    assert f"Authorization: Bearer {KEY}".encode() in heard[0]


def test_a_certificate_of_another_name_does_not_get_the_key(certificates: Path) -> None:
    trusted = {"SSL_CERT_FILE": str(certificates / "elsewhere.test.pem")}
    with provider(certificates, "elsewhere.test") as (port, heard):
        done = ask(f"https://localhost:{port}/v1", trusted)
    assert done.returncode == 69, done.stderr
    assert heard == []


def test_a_proxy_is_asked_for_the_way_and_reads_nothing(certificates: Path) -> None:
    trusted = {"SSL_CERT_FILE": str(certificates / f"{HOST}.pem")}
    with provider(certificates, HOST) as (port, heard), proxy(port) as (way, read):
        done = ask(f"https://{HOST}/v1", {**trusted, "HTTPS_PROXY": f"http://127.0.0.1:{way}"})
    assert (done.returncode, done.stdout) == (0, "over tls\n"), done.stderr
    assert read[0].startswith(f"CONNECT {HOST}:443 ".encode())
    assert KEY.encode() not in b"".join(read)
    assert KEY.encode() in heard[0]


def test_where_no_proxy_is_wanted_none_is_asked(certificates: Path) -> None:
    with provider(certificates, HOST) as (port, heard), proxy(port) as (way, read):
        environ = {"HTTPS_PROXY": f"http://127.0.0.1:{way}", "NO_PROXY": ".test"}
        done = ask(f"https://{HOST}:{port}/v1", environ)
    assert done.returncode == 69, done.stderr  # nobody knows that name but the proxy
    assert (heard, read) == ([], [])
