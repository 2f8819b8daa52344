"""The daemon's end of a conversation with an isolated process: no bytes do more than end it."""

import asyncio
import contextlib

import anyio
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isaacd.errors import IsaacError, PluginFailed
from isaacd.plugin.isolation.link import Link
from isaacd.wire import NativeCodec

frames = st.one_of(
    st.binary(max_size=64),
    st.tuples(
        st.integers(0, 3),
        st.integers(0, 5),
        st.one_of(st.none(), st.text(), st.binary()),
        st.integers(0, 9),
    ).map(msgspec.msgpack.encode),
    st.tuples(st.just(0), st.integers(0, 70), st.text(max_size=5), st.just([])).map(msgspec.msgpack.encode),
    st.tuples(st.just(2), st.text(max_size=8), st.lists(st.integers(0, 9), max_size=2)).map(
        msgspec.msgpack.encode
    ),
)


class Wire:
    """A transport that keeps what is written."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.aborted = False

    def is_closing(self) -> bool:
        return False

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def abort(self) -> None:
        self.aborted = True

    def set_write_buffer_limits(self, high: int) -> None:
        pass

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass


class Who:
    """Answers everything with nothing."""

    def __init__(self) -> None:
        self.reasons: list[str] = []

    async def answer(self, method: str, params: msgspec.Raw) -> object:
        return method

    def told(self, method: str, params: msgspec.Raw) -> None:
        pass

    def lost(self, error: Exception | None) -> None:
        pass

    def ended(self, reason: str) -> None:
        self.reasons.append(reason)


@given(st.lists(frames, max_size=20))
def test_whatever_comes_the_link_goes_on_or_ends_once(pieces: list[bytes]) -> None:
    async def main() -> None:
        who, wire = Who(), Wire()
        link = Link(who)
        link.connection_made(wire)  # type: ignore[arg-type]
        asked = asyncio.ensure_future(link.call("anything"))
        await asyncio.sleep(0)
        for piece in pieces:
            link.data_received(piece)
            await asyncio.sleep(0)
        assert wire.aborted == link.closed == bool(who.reasons)
        link.close("over")
        assert len(who.reasons) == 1
        with contextlib.suppress(IsaacError):
            await asked

    anyio.run(main)


def test_a_call_that_is_cancelled_says_so_and_its_late_answer_counts_for_nothing() -> None:
    async def main() -> None:
        who, wire = Who(), Wire()
        link = Link(who)
        link.connection_made(wire)  # type: ignore[arg-type]
        asked = asyncio.ensure_future(link.call("anything"))
        await asyncio.sleep(0)
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        assert b"cancel" in wire.written[-1]
        assert list(link.abandoned) == [1]
        link.data_received(NativeCodec().encode_result(1, "late"))
        assert not link.abandoned
        assert not link.closed
        link.data_received(NativeCodec().encode_result(1, "again"))
        assert link.closed
        with pytest.raises(PluginFailed, match="nobody made"):
            await link.call("more")

    anyio.run(main)
