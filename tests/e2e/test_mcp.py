"""`isaacctl mcp` serves a host over its pipes: from the first line on, over restarts of the daemon, and to the last answer."""

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.client_runs import REPOSITORY
from tests.daemon import DEADLINE_S, Daemon, Home, a_home, eventually, running
from tests.mcp_host import call, initialize, request

PLUGIN = """
import anyio
from isaacd.api import Context, Plugin

plugin = Plugin("slow", version="1", api="1")


@plugin.command(scope="ask")
async def slow(context: Context) -> str:
    '''Wait until cancelled.'''
    await context.progress(1, 2, "begun")
    await anyio.sleep_forever()
    return ""
"""


class Server:
    """One `isaacctl mcp` process, and the host that has started it."""

    def __init__(self, home: Home, *arguments: str, environ: dict[str, str] | None = None) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "isaacctl", "mcp", *arguments],
            env={**home.environ, **(environ or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self._buffer = b""

    def say(self, *messages: Any) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(b"".join(json.dumps(item).encode() + b"\n" for item in messages))
        self.process.stdin.flush()

    def hear(self) -> Any:
        """Return the next message."""
        assert self.process.stdout is not None
        end = time.monotonic() + DEADLINE_S
        while b"\n" not in self._buffer:
            ready, _, _ = select.select([self.process.stdout], [], [], max(0, end - time.monotonic()))
            assert ready, "nothing was said in time"
            data = os.read(self.process.stdout.fileno(), 1 << 16)
            assert data, f"it ended: {self.process.stderr.read()!r}"  # type: ignore[union-attr]
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\n")
        return json.loads(line)

    def answer(self, message: Any) -> Any:
        """Say a request and return its answer; what else is said meanwhile is dropped."""
        self.say(message)
        return self.until(message["id"])

    def until(self, number: int | str) -> Any:
        while (heard := self.hear()).get("id") != number:
            pass
        return heard

    def end(self) -> tuple[int, bytes]:
        """Say nothing more; return the exit code and what was complained of."""
        out, err = self.process.communicate(timeout=DEADLINE_S)
        assert not out, out
        return self.process.returncode, err


@contextlib.contextmanager
def serving(home: Home, *arguments: str, environ: dict[str, str] | None = None) -> Iterator[Server]:
    server = Server(home, *arguments, environ=environ)
    try:
        yield server
    finally:
        server.process.kill()
        server.process.communicate()


@pytest.fixture(scope="module")
def daemon() -> Iterator[Daemon]:
    with running(plugins={"slow": PLUGIN}) as made:
        yield made


def test_a_host_is_served_until_it_closes_its_pipe(daemon):
    with serving(daemon.home) as server:
        assert server.answer(initialize("2025-06-18"))["result"]["protocolVersion"] == "2025-06-18"
        server.say({"jsonrpc": "2.0", "method": "notifications/initialized"})
        tools = {item["name"] for item in server.answer(request(1, "tools/list"))["result"]["tools"]}
        assert {"ask", "explain", "knowledge_search", "status", "suggest"} < tools
        assert not tools & {"run", "history_search", "config_show", "notes_add", "daemon_stop"}
        found = server.answer(call(2, "knowledge_search", question="unpack a tar.gz"))["result"]
        assert found["structuredContent"]["result"][0]["command"].startswith("tar ")
        server.say(b"nonsense".decode())
        assert server.hear()["error"]["code"] == -32600
        assert server.end() == (0, b"")


def test_every_tool_that_is_granted_can_be_called_and_keeps_its_schema(daemon):
    arguments = {
        "explain": {"line": "tar xzf a.tgz"},
        "knowledge_search": {"question": "list files"},
        "suggest": {"task": "list files", "offline": True},
        "ask": {"question": "list files"},
        "greet": {},
        "models": {},
        "plugins": {},
        "status": {},
        "cache_stats": {},
    }
    with serving(daemon.home) as server:
        server.answer(initialize())
        tools = {item["name"]: item for item in server.answer(request("t", "tools/list"))["result"]["tools"]}
        for name, given in arguments.items():
            result = server.answer(call(name, name, **given))["result"]
            assert not result.get("isError"), (name, result)
            schema = tools[name].get("outputSchema")
            assert (schema is None) == ("structuredContent" not in result), name
            if schema is not None:
                assert set(schema.get("required", ())) <= set(result["structuredContent"])


def test_a_line_is_judged_and_never_run(daemon):
    victim = daemon.home.directory / "victim"
    victim.write_text("here")
    environ = {"SHELL": "/bin/sh"}
    with serving(daemon.home, "--scope", "run:confirm", environ=environ) as server:
        server.answer(initialize("2025-11-25", {"elicitation": {}}))
        assert {item["name"] for item in server.answer(request(1, "tools/list"))["result"]["tools"]} == {
            "route",
            "run",
        }
        harmless = server.answer(call(2, "run", line="ls"))["result"]["structuredContent"]
        assert harmless["agreed"] is True
        assert harmless["tier"] == "1"
        line = f"echo x > {victim}"
        server.say(call(3, "run", line=line))
        asked = server.hear()
        assert line in asked["params"]["message"]
        server.say({"jsonrpc": "2.0", "id": asked["id"], "result": {"action": "decline"}})
        assert server.until(3)["result"]["isError"] is True
        server.say(call(4, "run", line=line))
        asked = server.hear()
        form = asked["params"]["requestedSchema"]["properties"]
        content = {"agree": True} if "agree" in form else {"line": asked["params"]["message"].split("`")[1]}
        server.say({"jsonrpc": "2.0", "id": asked["id"], "result": {"action": "accept", "content": content}})
        agreed = server.until(4)["result"]["structuredContent"]
        assert agreed["agreed"] is True
        assert agreed["line"] == line
    assert victim.read_text() == "here"


def test_a_call_under_way_ends_with_an_error_when_the_daemon_is_killed_and_the_next_daemon_goes_on():
    with a_home() as home:
        home.write_plugin("slow", PLUGIN)
        with serving(home) as server:
            # There is no daemon yet: the server starts it.
            server.answer(initialize())
            status = server.answer(call(1, "status"))["result"]["structuredContent"]
            server.say(call("slow", "slow", token=1))
            assert server.hear()["method"] == "notifications/progress"
            os.kill(status["pid"], signal.SIGKILL)
            assert server.hear()["error"]["code"] == -32802
            server.say(call(2, "status"))
            assert server.hear() == {"jsonrpc": "2.0", "method": "notifications/tools/list_changed"}
            after = server.until(2)["result"]["structuredContent"]
            assert after["pid"] != status["pid"]
            assert server.end() == (0, b"")
        assert home.isaacctl("stop").returncode == 0


def test_what_a_leaving_daemon_refuses_is_asked_of_the_next_one():
    with a_home() as home:
        home.write_plugin("slow", PLUGIN)
        with serving(home) as server:
            server.answer(initialize())
            pid = server.answer(call(1, "status"))["result"]["structuredContent"]["pid"]
            server.say(call("slow", "slow", token=1))
            assert server.hear()["method"] == "notifications/progress"
            os.kill(pid, signal.SIGTERM)  # it waits for the call under way
            eventually(lambda: '"draining"' in home.log.read_text(), "the daemon to drain")
            server.say(call(2, "greet"))
            server.say(request(3, "tools/list"))
            os.kill(pid, signal.SIGINT)  # and now no longer
            assert server.until("slow")["error"]["code"] == -32802
            answers = [server.hear() for _ in range(3)]
            assert {item.get("id") for item in answers} == {None, 2, 3}
            assert all("result" in item for item in answers if "id" in item), answers
            assert server.end() == (0, b"")
        assert home.isaacctl("stop").returncode == 0


def test_a_question_that_names_a_file_needs_more_than_ask(daemon):
    with serving(daemon.home) as server:
        server.answer(initialize())
        for number, given in enumerate(({"attach": ["/etc/passwd"]}, {"schema": "/etc/passwd"})):
            refused = server.answer(call(number, "ask", question="list files", **given))
            assert refused["error"]["code"] == -32003, given
        fine = server.answer(call("data", "ask", question="list files", schema={"type": "object"}))
        assert "result" in fine


def test_a_host_that_is_connected_keeps_no_older_daemon_from_making_room():
    with a_home() as home, running("--on-demand", home=home) as daemon, serving(home) as server:
        server.answer(initialize())
        with daemon.caller() as caller:
            caller.call("cli.run", {"argv": ["greet"], "version": "999.0.0"})
        assert daemon.wait() == 0
        after = server.answer(call(1, "status"))["result"]["structuredContent"]
        assert after["pid"] != daemon.pid
        assert server.end() == (0, b"")
        assert home.isaacctl("stop").returncode == 0


def test_a_token_widens_and_narrows_what_a_host_may(daemon, tmp_path):
    made = daemon.home.isaacctl("token", "new", "agent", "--scope", "run:confirm", "--json")
    token = json.loads(made.stdout)["token"]
    with serving(daemon.home, environ={"ISAAC_TOKEN": token}) as server:
        server.answer(initialize())
        assert {item["name"] for item in server.answer(request(1, "tools/list"))["result"]["tools"]} == {
            "route",
            "run",
        }
        assert server.answer(call(2, "status"))["error"]["code"] == -32003
    file = tmp_path / "token"
    file.write_text(token)
    file.chmod(0o644)
    with serving(daemon.home, f"--token-file={file}") as server:
        code, said = server.end()
        assert code == 78
        assert b"chmod 600" in said
    file.chmod(0o600)
    assert daemon.home.isaacctl("token", "revoke", "agent").returncode == 0
    with serving(daemon.home, "--token-file", str(file)) as server:
        code, said = server.end()
        assert code == 77
        assert b"revoked" in said
    with serving(daemon.home, "--scope", "everything") as server:
        code, said = server.end()
        assert code == 77
        assert b"no scope 'everything'" in said


@pytest.mark.parametrize("host", ["claude-desktop", "claude-code", "cursor", "vscode", "zed"])
def test_the_snippet_for_a_host_starts_a_server_that_answers(daemon, host):
    printed = daemon.home.isaacctl("mcp", "config", host)
    assert printed.returncode == 0, printed.stderr
    (servers,) = json.loads(printed.stdout).values()
    server = servers["isaac"]
    # Only what a host hands on of its own environment, and what the snippet says.
    environ = {"HOME": daemon.home.environ["HOME"], "PATH": "/usr/bin:/bin", **server["env"]}
    said = json.dumps(initialize()) + "\n" + json.dumps(call(1, "status")) + "\n"
    done = subprocess.run(
        [server["command"], *server["args"]],
        env=environ,
        input=said,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["result"]["structuredContent"]["pid"] == daemon.pid


# Writes, at the moment the client leaves, which modules it has.
DRIVER = f"""
import sys
sys.path.insert(0, {str(REPOSITORY)!r})
import os
leave = os._exit
def tell(code):
    os.write(2, "\\n".join(sys.modules).encode())
    leave(code)
os._exit = tell
from isaacctl.__main__ import main
main()
"""


def test_the_bridge_starts_with_next_to_nothing_to_import(daemon):
    said = json.dumps(initialize()) + "\n" + json.dumps(call(1, "greet")) + "\n"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", DRIVER, "mcp"],
        env={name: value for name, value in daemon.home.environ.items() if not name.startswith("COV")},
        input=said, capture_output=True, text=True, timeout=DEADLINE_S, check=True,
    )  # fmt: skip
    assert len(done.stdout.splitlines()) == 2
    heavy = {"re", "enum", "typing", "json", "socket", "asyncio", "click", "msgspec", "isaacd", "subprocess"}
    assert not heavy & set(done.stderr.split())
