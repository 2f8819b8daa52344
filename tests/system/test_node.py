"""Node's vscode-jsonrpc, the library of VS Code and its language servers, over a plain socket."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.daemon import Daemon, running
from tests.examples import blocks_of

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed"),
]

SLOW = """
import anyio
from collections.abc import AsyncIterator
from isaacd.api import Context, Plugin

plugin = Plugin("slow", summary="Commands that take their time.")

@plugin.command
async def wait(context: Context) -> None:
    \"\"\"Wait until cancelled.\"\"\"
    await anyio.sleep_forever()

@plugin.command
async def count(context: Context, to: int) -> AsyncIterator[str]:
    \"\"\"Count.\"\"\"
    for number in range(to):
        yield str(number)
"""

SCRIPT = """
const net = require('net');
const rpc = require('vscode-jsonrpc/node');
const socket = net.createConnection(process.env.TEST_SOCKET);
const connection = rpc.createMessageConnection(new rpc.SocketMessageReader(socket), new rpc.SocketMessageWriter(socket));
const failure = promise => promise.then(() => null, error => ({ code: error.code, message: error.message, data: error.data }));
async function main() {
  const said = { events: [] };
  connection.onNotification('$/event', (...event) => said.events.push(event));
  connection.listen();
  said.hello = await connection.sendRequest('hello', { proto: [1], client: { name: 'node', version: '0' } });
  said.named = await connection.sendRequest('greet', { name: 'ada' });
  said.placed = await connection.sendRequest('greet', rpc.ParameterStructures.byPosition, 'bob');
  said.bare = await connection.sendRequest('greet');
  said.unknown = await failure(connection.sendRequest('gret'));
  said.wrong = await failure(connection.sendRequest('greet', { nam: 'x' }));
  const source = new rpc.CancellationTokenSource();
  const waiting = failure(connection.sendRequest('slow.wait', {}, source.token));
  source.cancel();
  said.cancelled = await waiting;
  said.many = await Promise.all(Array.from({ length: 300 }, (_, n) => connection.sendRequest('greet', { name: `n${n}` })));
  said.long = (await connection.sendRequest('greet', { name: '\\u00e9'.repeat(1000000) })).length;
  said.count = await connection.sendRequest('slow.count', { to: 3, _meta: { stream: true } });
  return said;
}
main().then(said => { console.log(JSON.stringify(said)); process.exit(0); }, error => { console.error(error); process.exit(1); });
"""


@pytest.fixture(scope="session")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install vscode-jsonrpc once."""
    folder = tmp_path_factory.mktemp("node")
    (folder / "package.json").write_text('{"private": true}')
    command = ["npm", "install", "--silent", "--no-audit", "--no-fund", "vscode-jsonrpc@8"]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    except subprocess.TimeoutExpired:
        pytest.skip("npm cannot reach its registry")
    if done.returncode:
        pytest.skip(f"npm cannot install vscode-jsonrpc: {done.stderr.strip()[-200:]}")
    return folder


@pytest.fixture(scope="module")
def said(modules: Path) -> Iterator[dict[str, Any]]:
    with running(plugins={"slow": SLOW}) as daemon:
        yield talk(daemon, modules)


def talk(daemon: Daemon, modules: Path) -> dict[str, Any]:
    (modules / "talk.js").write_text(SCRIPT)
    done = subprocess.run(
        ["node", "talk.js"],
        cwd=modules,
        env={**daemon.home.environ, "TEST_SOCKET": str(daemon.home.socket)},
        capture_output=True,
        text=True,
        timeout=90,
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def test_requests_are_answered(said: dict[str, Any]) -> None:
    assert said["hello"]["proto"] == 1
    assert (said["named"], said["placed"], said["bare"]) == ("hello ada", "hello bob", "hello world")
    assert said["many"] == [f"hello n{number}" for number in range(300)]
    assert said["long"] == 1_000_006


def test_errors_have_codes_and_data(said: dict[str, Any]) -> None:
    assert said["unknown"]["code"] == -32601
    assert "greet" in said["unknown"]["data"]["hint"]
    assert said["wrong"]["code"] == -32602
    assert said["wrong"]["data"]["name"] == "invalid_params"


def test_its_cancellation_is_understood(said: dict[str, Any]) -> None:
    assert said["cancelled"]["code"] == -32800


def test_events_come_before_the_response(said: dict[str, Any]) -> None:
    assert said["count"] == "012"
    assert [event[2:] for event in said["events"]] == [["delta", "0"], ["delta", "1"], ["delta", "2"]]
    assert [event[1] for event in said["events"]] == [0, 1, 2]


def test_the_guide_shows_what_works(modules: Path) -> None:
    guide = (Path(__file__).parents[2] / "docs/how-to/editors.md").read_text()
    (script,) = [block.text for block in blocks_of(guide) if block.kind == "js"]
    (modules / "guide.js").write_text(script)
    with running() as daemon:
        done = subprocess.run(
            ["node", "guide.js"],
            cwd=modules,
            env=daemon.home.environ,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
    assert done.stdout == "hello ada\n", done.stderr
