"""`make audit` says what OSV says, and that nothing was looked at where it says nothing."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from tests.audit import CLEAN, FOUND, UNREACHABLE, installed, main


@contextmanager
def osv(vulnerable: dict[str, list[str]], status: int = 200, cut: int = 0) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["queries"]
            names = [item["package"]["name"] for item in asked if item["version"]]
            results = [{"vulns": [{"id": one} for one in vulnerable.get(name, [])]} for name in names]
            reply = json.dumps({"results": results[cut:]}).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(reply)))
            self.end_headers()
            self.wfile.write(reply)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_nothing_known_is_well(capsys: pytest.CaptureFixture[str]) -> None:
    with osv({"somebody-elses": ["GHSA-1"]}) as service:
        assert main(["--service", service]) == CLEAN
    assert f"{len(installed())} packages looked at, 0 with" in capsys.readouterr().out


def test_what_is_known_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with osv({"aiohttp": ["GHSA-1", "PYSEC-2"]}) as service:
        assert main(["--service", service]) == FOUND
    assert f"aiohttp {installed()['aiohttp']}: GHSA-1, PYSEC-2" in capsys.readouterr().out


@pytest.mark.parametrize(("status", "cut"), [(503, 0), (200, 1)])
def test_an_answer_that_is_none_is_no_clean_bill(
    status: int, cut: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with osv({}, status, cut) as service:
        assert main(["--service", service]) == UNREACHABLE
    assert "not looked at" in capsys.readouterr().err


def test_where_nobody_answers_it_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    with osv({}) as gone:
        pass
    assert main(["--service", gone]) == UNREACHABLE
    assert "HTTPS_PROXY" in capsys.readouterr().err


def test_all_that_isaac_needs_is_asked_for() -> None:
    assert {"aiohttp", "msgspec", "anyio", "click"} <= set(installed())
    assert "isaacd" not in installed()
