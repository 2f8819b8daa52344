"""Law: a plugin's state is a dict that outlives its process, whatever is done to it and whenever it is killed."""

import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isaacd.belongings.state import State, Transaction
from isaacd.belongings.state_file import StateFile
from isaacd.errors import QuotaExceeded
from isaacd.log import open_log
from tests.fakes import FakeClock

QUOTA_BYTES = 400
KEYS = st.sampled_from(["a", "b", "ab", "a%", "a_", "ä", "b:1", "B"])
VALUES = st.one_of(
    st.none(),
    st.integers(-(2**63), 2**63 - 1),
    st.text(max_size=60),
    st.binary(max_size=60),
    st.lists(st.booleans(), max_size=3),
    st.dictionaries(st.text(max_size=3), st.floats(allow_nan=False), max_size=3),
)
STEPS = st.one_of(
    st.tuples(st.just("set"), KEYS, VALUES),
    st.tuples(st.just("delete"), KEYS),
    st.tuples(st.just("get"), KEYS),
    st.tuples(st.just("items"), st.sampled_from(["", "a", "b", "b:", "%", "ä"])),
    st.tuples(st.just("together"), st.lists(st.tuples(KEYS, st.none() | VALUES), max_size=4), st.booleans()),
    st.tuples(st.just("reopen")),
)


@settings(max_examples=60)
@given(st.lists(STEPS, max_size=25))
def test_state_equals_a_dict_under_any_sequence(steps: list[Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        anyio.run(_play, Path(folder), steps)


async def _play(folder: Path, steps: list[Any]) -> None:
    model: dict[str, Any] = {}
    keeper = _keeper(folder)
    state = State(keeper)
    try:
        for step, *given in steps:
            if step == "reopen":
                await keeper.aclose()
                keeper = _keeper(folder)
                state = State(keeper)
            elif step == "together":
                await _together(state, model, *given)
            else:
                await _one(state, model, step, *given)
        assert {key: value async for key, value in state.items()} == model
    finally:
        await keeper.aclose()


async def _one(state: State, model: dict[str, Any], step: str, key: str, value: Any = None) -> None:
    if step == "get":
        assert await state.get(key, Any, "nothing") == model.get(key, "nothing")
    elif step == "items":
        found = [item async for item in state.items(key)]
        assert found == sorted((item for item in model.items() if item[0].startswith(key)), key=_order)
    elif step == "delete":
        assert await state.delete(key) == (key in model)
        model.pop(key, None)
    else:
        try:
            await state.set(key, value)
        except QuotaExceeded:
            assert await state.get(key, Any, "nothing") == model.get(key, "nothing")
        else:
            model[key] = value


async def _together(state: State, model: dict[str, Any], changes: list[tuple[str, Any]], fail: bool) -> None:
    async def step(transaction: Transaction) -> None:
        for key, value in changes:
            if value is None:
                transaction.delete(key)
                assert not await transaction.has(key)
            else:
                transaction.set(key, value)
                assert await transaction.get(key) == value
        if fail:
            raise LookupError

    try:
        await state.transaction(step)
    except (LookupError, QuotaExceeded):
        return
    for key, value in changes:
        if value is None:
            model.pop(key, None)
        else:
            model[key] = value


def _order(item: tuple[str, Any]) -> bytes:
    return item[0].encode()


def _keeper(folder: Path) -> StateFile:
    return StateFile(
        "p",
        folder / "state.sqlite",
        clock=FakeClock(),
        log=open_log(folder / "log"),
        quota_bytes=QUOTA_BYTES,
    )


@pytest.mark.parametrize("after", [1, 7, 40])
def test_what_was_acknowledged_is_there_after_kill_9_and_nothing_half(tmp_path: Path, after: int) -> None:
    file = tmp_path / "state.sqlite"
    writer = subprocess.Popen(
        [sys.executable, "-m", "tests.state_writer", str(file)],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert writer.stdout is not None
    with writer, writer.stdout as said:
        for _ in range(after):
            last = int(said.readline())
        writer.send_signal(signal.SIGKILL)
        rest = said.read().split()
    acknowledged = int(rest[-1]) if rest else last

    async def look() -> dict[str, Any]:
        keeper = StateFile("p", file, clock=FakeClock(), log=open_log(tmp_path / "log"))
        found = {key: value async for key, value in State(keeper).items()}
        await keeper.aclose()
        return found

    found = anyio.run(look)
    kept = found.pop("last")
    assert kept in (acknowledged, acknowledged + 1)
    assert found == {f"{side}:{n}": n if side == "a" else -n for n in range(kept + 1) for side in "ab"}
