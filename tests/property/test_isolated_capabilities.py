"""Whatever an isolated process asks for, nothing passes that its plugin has not declared."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

import anyio
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isaacd.belongings import Declared
from isaacd.belongings.capabilities import scopes_of
from isaacd.context import Context
from isaacd.errors import IsaacError, PermissionDenied
from isaacd.plugin.isolation.office import METHODS, Office
from isaacd.tokens.scope import SCOPES
from tests.fakes import FakeServices

NEEDS = {
    "ai.chat": "ask",
    "ai.stream": "ask",
    "ai.models": "ask",
    "answers.chat": "ask",
    "answers.stream": "ask",
    "state.load": "state",
    "state.scan": "state",
    "state.apply": "state",
    "cache.get": "cache",
    "cache.set": "cache",
    "cache.delete": "cache",
    "cache.clear": "cache",
    "secrets.find": "secrets:TOKEN",
}
# `call` needs what the command does that it names: tests/integration/test_isolation_scopes.py.
FREE = {"emit", "read", "ask", "pieces", "piece", "call"}
ARGUMENTS: dict[str, list[Any]] = {
    "emit": ["delta", "x"],
    "read": [10],
    "ask": ["line", {"prompt": "?"}, None],
    "ai.chat": ["hello", {}],
    "ai.stream": ["hello", {}],
    "ai.models": ["offline"],
    "answers.chat": ["hello", None],
    "answers.stream": ["hello", None],
    "pieces": [1],
    "piece": [{"kind": "text", "text": "x"}],
    "state.load": [["k"]],
    "state.scan": ["", "", 10],
    "state.apply": [{}, {"k": b"v"}],
    "cache.get": ["k"],
    "cache.set": ["k", b"v", 1.0],
    "cache.delete": ["k"],
    "cache.clear": [],
    "secrets.find": ["TOKEN"],
    "call": ["anything", {}],
}
capabilities = st.sets(
    st.sampled_from(["ask", "state", "cache", "publish", "network", "run", "secrets:TOKEN", "secrets:OTHER"])
)


def test_every_request_that_there_is_has_its_law_here() -> None:
    assert set(METHODS) == FREE | set(NEEDS) == set(ARGUMENTS)


@pytest.mark.parametrize("method", sorted(NEEDS))
@given(declared=capabilities)
def test_what_was_not_declared_is_refused(method: str, declared: set[str]) -> None:
    needed = NEEDS[method]
    error = _ask(method, ARGUMENTS[method], declared - {needed})
    assert isinstance(error, PermissionDenied)
    assert needed.partition(":")[0] in (error.message + str(error.hint))


@pytest.mark.parametrize("method", sorted(name for name, needed in NEEDS.items() if needed == "ask"))
@given(granted=st.sets(st.sampled_from(["run:confirm", "admin"])))
def test_a_scope_that_was_declared_and_not_granted_is_refused(method: str, granted: set[str]) -> None:
    error = _ask(method, ARGUMENTS[method], set(NEEDS.values()), granted=granted)
    assert isinstance(error, PermissionDenied)
    assert "isaacctl plugins grant dice" in str(error.hint)


@given(
    method=st.sampled_from(sorted(ARGUMENTS)), number=st.integers(-(2**40), 2**40).filter(lambda n: n != 1)
)
def test_no_request_passes_for_a_call_that_is_not_under_way(method: str, number: int) -> None:
    assert isinstance(_ask(method, ARGUMENTS[method], set(NEEDS.values()), number), PermissionDenied)


@given(method=st.one_of(st.sampled_from(sorted(ARGUMENTS)), st.text()), data=st.binary(max_size=200))
def test_nonsense_is_refused_and_nothing_else_happens(method: str, data: bytes) -> None:
    assert isinstance(_raw(method, data, set()), IsaacError)


@given(
    kind=st.text().filter(lambda kind: kind not in ("delta", "progress", "log")),
    data=st.one_of(st.text(), st.binary(), st.none()),
)
def test_no_event_passes_that_would_reach_the_terminal_as_it_is(kind: str, data: object) -> None:
    assert isinstance(_ask("emit", [kind, data], set(NEEDS.values())), PermissionDenied)


def _ask(
    method: str,
    arguments: list[Any],
    declared: set[str],
    number: int = 1,
    granted: Collection[str] = SCOPES,
) -> IsaacError | None:
    try:
        data = msgspec.msgpack.encode([number, *arguments])
    except UnicodeEncodeError:
        return PermissionDenied("ask: it cannot even be sent")
    return _raw(method, data, declared, granted)


def _raw(
    method: str, data: bytes, declared: set[str], granted: Collection[str] = SCOPES
) -> IsaacError | None:
    async def main() -> IsaacError | None:
        services = FakeServices({"HOME": "/nonexistent"}, Path("/dev/null"))
        services.declared["dice"] = Declared(capabilities=tuple(declared))
        scopes = tuple(item for item in SCOPES if item in granted)
        office = Office(
            "dice",
            services,
            services.log,
            grace_s=1.0,
            scopes=lambda: scopes,
            wanted=scopes_of(declared),
        )
        async with office.call(Context(services)) as number:
            assert number == 1
            try:
                await office.answer(method, msgspec.Raw(data))
            except IsaacError as error:
                return error
        return None

    return anyio.run(main)
