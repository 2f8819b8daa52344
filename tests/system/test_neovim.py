"""Neovim without any plugin: its own sockconnect and rpcrequest are all that it takes."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.daemon import Daemon, eventually, running

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(shutil.which("nvim") is None, reason="nvim is not installed"),
]

SLOW = """
import anyio
from collections.abc import AsyncIterator
from isaacd.api import Context, Plugin

plugin = Plugin("slow", summary="Commands that take their time.")
released = {}

@plugin.command
async def wait(context: Context, name: str) -> AsyncIterator[str]:
    \"\"\"Say one word, and wait until released.\"\"\"
    released[name] = anyio.Event()
    yield "waiting"
    await released[name].wait()
    yield " released"

@plugin.command
def release(context: Context, name: str) -> bool:
    \"\"\"Let a waiter go.\"\"\"
    released[name].set()
    return True
"""

PRELUDE = """
local socket, target = vim.env.TEST_SOCKET, vim.env.TEST_TARGET
local chan = vim.fn.sockconnect('pipe', socket, { rpc = true })
local function request(...) return vim.fn.rpcrequest(chan, ...) end
local said = {}
_G.events = {}
local sink = { 'nvim_exec_lua', 'table.insert(_G.events, {...})' }
local function kinds(run)
  local found = {}
  for _, event in ipairs(_G.events) do
    if event[1] == run then table.insert(found, event[3]) end
  end
  return found
end
local function ended(run) return vim.tbl_contains(kinds(run), 'end') end
"""
END = """
vim.fn.writefile({ vim.fn.json_encode(said) }, target)
"""


@pytest.fixture(scope="module")
def daemon() -> Iterator[Daemon]:
    with running(plugins={"slow": SLOW}) as daemon:
        yield daemon


def neovim(daemon: Daemon, tmp_path: Path, script: str) -> Any:
    """Run Lua in a Neovim that knows nothing of us, and return what the script put into `said`."""
    source, target = tmp_path / "test.lua", tmp_path / "said.json"
    source.write_text(PRELUDE + script + END)
    done = subprocess.run(
        ["nvim", "--headless", "-u", "NONE", "-i", "NONE", "-n", "-c", f"luafile {source}", "-c", "qa!"],
        env={**daemon.home.environ, "TEST_SOCKET": str(daemon.home.socket), "TEST_TARGET": str(target)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=90,
    )
    assert target.exists(), done.stderr
    return json.loads(target.read_text())


def test_requests_are_answered(daemon: Daemon, tmp_path: Path) -> None:
    said = neovim(
        daemon,
        tmp_path,
        """
        said.named = request('greet', { name = 'ada' })
        said.placed = request('greet', 'bob')
        said.bare = request('greet')
        said.hello = request('hello', { client = { name = 'nvim', version = '0' } }).proto
        said.many = {}
        for number = 1, 200 do said.many[number] = request('greet', tostring(number)) end
        said.long = #request('greet', string.rep('x', 2000000))
        """,
    )
    assert (said["named"], said["placed"], said["bare"]) == ("hello ada", "hello bob", "hello world")
    assert said["hello"] == 1
    assert said["many"] == [f"hello {number}" for number in range(1, 201)]
    assert said["long"] == 2_000_006


def test_errors_arrive_in_neovims_own_form(daemon: Daemon, tmp_path: Path) -> None:
    said = neovim(
        daemon,
        tmp_path,
        """
        said.unknown = { pcall(request, 'gret') }
        said.wrong = { pcall(request, 'greet', { nam = 'x' }) }
        said.after = request('greet')
        """,
    )
    assert said["unknown"][0] is False
    assert "method_not_found" in said["unknown"][1]
    assert "greet" in said["unknown"][1]
    assert "invalid_params" in said["wrong"][1]
    assert said["after"] == "hello world"


def test_a_run_streams_to_a_sink_while_neovim_goes_on(daemon: Daemon, tmp_path: Path) -> None:
    said = neovim(
        daemon,
        tmp_path,
        """
        local run = request('start', 'slow.wait', { name = 'a' }, { sink = sink })
        said.began = vim.wait(60000, function() return #kinds(run) == 1 end, 5)
        said.meanwhile = request('greet')
        request('slow.release', 'a')
        said.ended = vim.wait(60000, function() return ended(run) end, 5)
        said.kinds = kinds(run)
        said.result = _G.events[#_G.events][4].result
        """,
    )
    assert said["began"]
    assert said["ended"]
    assert said["meanwhile"] == "hello world"
    assert said["kinds"] == ["delta", "delta", "end"]
    assert said["result"] == "waiting released"


def test_runs_may_end_in_any_order(daemon: Daemon, tmp_path: Path) -> None:
    said = neovim(
        daemon,
        tmp_path,
        """
        local first = request('start', 'slow.wait', { name = 'first' }, { sink = sink })
        local second = request('start', 'slow.wait', { name = 'second' }, { sink = sink })
        vim.wait(60000, function() return #kinds(first) == 1 and #kinds(second) == 1 end, 5)
        request('slow.release', 'second')
        said.second = vim.wait(60000, function() return ended(second) end, 5)
        said.first_yet = ended(first)
        request('slow.release', 'first')
        said.first = vim.wait(60000, function() return ended(first) end, 5)
        """,
    )
    assert said == {"second": True, "first_yet": False, "first": True}


def test_a_request_made_while_another_waits_does_not_hang(daemon: Daemon, tmp_path: Path) -> None:
    # The last word comes over a second channel: Neovim 0.7 gives up a channel on which the answers to an inner and to
    # the outer request arrive in one piece, as it has not yet put the inner one away.
    said = neovim(
        daemon,
        tmp_path,
        """
        _G.chan, _G.other, _G.inner = chan, vim.fn.sockconnect('pipe', socket, { rpc = true }), {}
        local nest = [[
          local event = {...}
          if event[3] == 'delta' and #_G.inner == 0 then
            table.insert(_G.inner, vim.fn.rpcrequest(_G.chan, 'greet', 'inside'))
            table.insert(_G.inner, vim.fn.rpcrequest(_G.other, 'slow.release', 'nested'))
          end
        ]]
        local meta = { stream = true, sink = { 'nvim_exec_lua', nest } }
        said.outer = request('slow.wait', { name = 'nested', _meta = meta })
        said.inner = _G.inner
        said.after = request('greet')
        """,
    )
    assert said == {"outer": "waiting released", "inner": ["hello inside", True], "after": "hello world"}


def test_a_cancelled_run_ends_with_an_event(daemon: Daemon, tmp_path: Path) -> None:
    said = neovim(
        daemon,
        tmp_path,
        """
        local run = request('start', 'slow.wait', { name = 'c' }, { sink = sink })
        said.cancelled = request('cancel', run)
        said.ended = vim.wait(60000, function() return ended(run) end, 5)
        said.error = _G.events[#_G.events][4].error.data.name
        said.gone = { pcall(request, 'cancel', run) }
        """,
    )
    assert (said["cancelled"], said["ended"], said["error"]) == (True, True, "cancelled")
    assert "not_found" in said["gone"][1]


def test_neovim_that_quits_takes_its_runs_with_it(daemon: Daemon, tmp_path: Path) -> None:
    neovim(daemon, tmp_path, "request('start', 'slow.wait', { name = 'left' }, { sink = sink })")
    eventually(lambda: daemon.status()["in_flight"] == 0, "the run to be cancelled")
