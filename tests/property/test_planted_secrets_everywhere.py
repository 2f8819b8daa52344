"""A secret that comes in by any door of a running daemon is afterwards nowhere but where its owner has put it."""

import json
import tarfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from isaacctl.spool import append, record, spool_folder
from tests.daemon import Daemon, eventually, running
from tests.property.test_log_redaction import ALPHANUMERIC, PLAIN, SECRET_NAMES

CLUMSY = """
from isaacd.api import Context, Plugin

plugin = Plugin("clumsy", summary="Fails, and tells all it knows.")

@plugin.command
def fail(context: Context, how: str) -> None:
    '''Fail.'''
    raise RuntimeError(how)

@plugin.command
async def fail_later(context: Context, how: str) -> None:
    '''Fail in a task.'''
    context.log.warning("about to fail", detail=how, api_key=how)
    raise ValueError({"api_key": how})

@plugin.command
async def exit(context: Context, how: str) -> None:
    '''Try to end everybody.'''
    raise SystemExit(how)
"""
# Makers' marks are known wherever they are; what has none is known by what stands before it.
MARKED = st.builds(
    lambda mark, body: mark + body,
    st.sampled_from(
        [
            "sk-",
            "sk-proj-",
            "sk-ant-api03-",
            "xai-",
            "gsk_",
            "ghp_",
            "github_pat_",
            "hf_",
            "xoxb-",
            "glpat-",
            "AKIA",
        ]
    ),
    st.text("ABCDEFGHJKLMNPQRSTUVWXYZ0123456789", min_size=24, max_size=40),
)
LONG = st.text(ALPHANUMERIC, min_size=34, max_size=60).map(lambda text: f"a1{text}")
SECRETS = st.one_of(
    st.tuples(st.just(True), MARKED), st.tuples(st.just(True), LONG), st.tuples(st.just(False), PLAIN)
)


class Telling(BaseHTTPRequestHandler):
    """A service that refuses everything, with all that it was sent in the reason."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        key = self.headers["Authorization"].removeprefix("Bearer ")
        prompt = json.loads(body)["messages"][-1]["content"]
        status = 500 if "break down" in prompt else 401
        reason = (
            f"Incorrect API key provided: {key}. You can send Authorization: Bearer {key} (api_key={key})."
        )
        reply = json.dumps({"error": {"message": reason, "code": key, "headers": str(self.headers)}}).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("x-request-id", key)
        self.send_header("Content-Length", str(len(reply)))
        self.end_headers()
        self.wfile.write(reply)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def daemon() -> Iterator[Daemon]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Telling)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    config = f"""
[log]
level = "debug"
[ai.retry]
max_attempts = 1
[ai.providers.telling]
kind = "openai-compatible"
base_url = "http://127.0.0.1:{server.server_port}/v1"
model = "m"
api_key_env = "TELLING_KEY"
"""
    try:
        with running(config=config, plugins={"clumsy": CLUMSY}) as daemon:
            daemon.logged("ready")
            yield daemon
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


PLANTED: list[str] = []


def told(answer: tuple[Any, ...]) -> str:
    return json.dumps(answer[2], ensure_ascii=False)


def plant(daemon: Daemon, secret: str, name: str, *, known: bool) -> str:
    """Bring it in by every door; return what others than the one who typed it were told."""
    said = []
    hidden = secret if known else f"{name}={secret}"
    with daemon.caller() as caller:

        def ask(method: str, params: dict[str, object] | None = None, **env: str) -> str:
            return told(caller.answer(caller.ask(method, {**(params or {}), "_meta": {"env": env}})))

        def line(*argv: str, **env: str) -> str:
            return ask("cli.run", {"argv": list(argv)}, **env)

        # The environment, and what a provider says of the key that it got.
        for prompt in ("hello", "break down"):
            said.append(
                ask("ask", {"question": prompt, "provider": "telling", "cache": False}, TELLING_KEY=secret)
            )
            said.append(line("ask", "--no-cache", "--provider", "telling", prompt, TELLING_KEY=secret))
            assert "telling" in said[-1]  # it was asked, and not refused before
        said.append(line("config", "show", TELLING_KEY=secret, ISAAC_AI__MODEL="m"))
        # What plugins say when they fail.
        said += [
            ask(method, {"how": hidden}) for method in ("clumsy.fail", "clumsy.fail_later", "clumsy.exit")
        ]
        # From here on who typed it may be told what was typed; nobody else.
        ask("greet", {name: secret, "api_key": secret})
        ask("no.such.method", {"token": secret})
        ask(f"no.such.{hidden}")
        line("--set", f"ai.providers.telling.api_key={secret}", "greet")
        line("greet", f"--{name.lower()}", secret)
        line("ask", "--no-cache", "--provider", "knowledge", f"my password is {secret}, list files")
        line("route", "--json", f"mysql -p{secret} shop")
        line("suggest", "--provider", "telling", f"use {secret}", TELLING_KEY=secret)
        line("explain", f"curl -H 'Authorization: Bearer {secret}' https://example.org")
        ask("clumsy.fail", {"how": ["not a text", secret]})
        # What is typed in shells is kept, but not this.
        typed = f"export {name.replace('-', '_').upper()}={secret}"
        kept = record(
            typed, started_us=1, duration_us=1, exit_code=0, session="s", host="h", shell="bash", cwd="/"
        )
        assert append(spool_folder(daemon.home.environ), kept)
        line("history", "search", "export")
        # Notes are for keeping; they alone may have it.
        line("notes", "add", f"note to self: {secret}")
    return "\n".join(said)


def seen(daemon: Daemon) -> Iterator[tuple[str, bytes]]:
    """Give everything that is shown or kept of what has happened, with its place."""
    with daemon.caller() as caller:
        for method, params in (
            ("status", {"full": True}),
            ("trace", {"count": 200}),
            ("metrics", {}),
            ("usage", {}),
            ("plugins", {}),
            ("commands", {}),
            ("history.search", {"limit": 1000}),
            ("tasks.list", {}),
        ):
            kind, _, result = caller.answer(caller.ask(method, params))
            assert kind == "reply", (method, result)
            yield f"{method} {params}", json.dumps(result, ensure_ascii=False).encode()
    for file in daemon.home.directory.rglob("*"):
        if file.is_file() and "plugin-data/notes" not in str(file):
            yield str(file), file.read_bytes()  # what the daemon wrote to stderr too


@settings(
    max_examples=5,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)
@given(SECRETS, SECRET_NAMES)
def test_it_is_nowhere_but_in_the_note(daemon: Daemon, planted: tuple[bool, str], name: str) -> None:
    known, secret = planted
    PLANTED.append(secret)
    assert secret not in plant(daemon, secret, name, known=known)
    spool = daemon.home.directory / "state/isaac/spool/commands"
    eventually(lambda: not spool.exists() or not spool.stat().st_size, "the spool to be taken in")
    assert [place for place, text in seen(daemon) if secret.encode() in text] == []


def test_nor_is_it_in_the_report_for_others(daemon: Daemon, tmp_path: Path) -> None:
    """After all that was planted above, by whatever order tests run in: one more, and then the report."""
    secret = "sk-ant-api03-PLANTED0LAST0OF0ALL0123456789"
    plant(daemon, secret, "api_key", known=True)
    assert any(secret.encode() in file.read_bytes() for file in daemon.home.data.rglob("data.sqlite*"))
    done = daemon.home.isaacctl("bug-report", str(tmp_path / "report.tar.gz"))
    assert done.returncode == 0, done.stderr
    with tarfile.open(tmp_path / "report.tar.gz") as tar:
        whole = b"\n".join(file.read() for member in tar if (file := tar.extractfile(member))).decode()
    assert [text for text in (secret, *PLANTED) if text in whole] == []
