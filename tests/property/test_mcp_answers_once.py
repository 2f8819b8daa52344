"""Whatever a host says, each of its requests has exactly one answer, nothing else has one, and the conversation goes on."""

import json
from typing import Any

import anyio
import anyio.lowlevel
from hypothesis import given
from hypothesis import strategies as st

from isaacd.command import Command
from isaacd.context import Context
from isaacd.faces.mcp.spec import VERSIONS
from isaacd.safety.tier import Tier
from tests.mcp_host import Host, initialize, request


async def greet(context: Context, name: str = "world") -> str:
    """Greet."""
    await anyio.lowlevel.checkpoint()
    return f"hello {name}"


def private(context: Context) -> str:
    """Tell something private."""
    raise AssertionError("nobody has agreed to it")


def secret(context: Context) -> str:
    """Be beyond what was granted."""
    raise AssertionError("nobody has granted it")


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
methods = st.sampled_from(
    ["ping", "tools/list", "tools/call", "logging/setLevel", "initialize", "mcp.open", "daemon.stop", "greet"]
) | st.text(max_size=12)
calls = st.fixed_dictionaries(
    {"name": st.sampled_from(["greet", "private", "secret", "run", "nope"]) | values},
    optional={
        "arguments": st.dictionaries(st.sampled_from(["name", "line", "_meta"]), values) | values,
        "_meta": values,
    },
)
members = st.fixed_dictionaries(
    {"jsonrpc": st.just("2.0")},
    optional={
        "method": methods | values,
        "params": calls | values,
        "result": values,
        "error": values,
    },
)


@given(version=st.sampled_from(VERSIONS), said=st.lists(st.tuples(st.booleans(), members), max_size=6))
def test_every_request_has_one_answer(version: str, said: list[tuple[bool, dict[str, Any]]]) -> None:
    async def main() -> None:
        async with anyio.create_task_group() as group:
            host = Host(
                group,
                Command(greet, name="greet", plugin="test", scope="ask"),
                Command(private, name="private", plugin="test", scope="ask", tool=Tier.BEYOND),
                Command(secret, name="secret", plugin="test"),
            )
            await host.begin(version)
            asked = []
            for number, (with_id, message) in enumerate(said):
                if with_id:
                    message = {**message, "id": f"r{number}"}
                    # What has no method is a response, or nothing at all: only the second is answered.
                    if isinstance(message.get("method"), str):
                        asked.append(f"r{number}")
                host.say_raw(json.dumps(message).encode() + b"\n")
            await host.answer(request("last", "ping"))
            while host.talk.shared.in_flight:
                await anyio.lowlevel.checkpoint()
            heard = [*host.kept, *host.take()]
            answered = [item["id"] for item in heard if "method" not in item and item.get("id") in asked]
            assert sorted(answered) == sorted(asked)
            assert not host.talk.peer.closed
            assert host.talk.shared.services.daemon.stopped is False
            again = await host.answer(initialize(number="again"))
            assert again["error"]["code"] == -32600
            group.cancel_scope.cancel()

    anyio.run(main)
