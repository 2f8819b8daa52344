"""What is sent to a peer keeps its order; behind a slow one text is joined, the rest dropped and told."""

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isaacd.server.outbox import MAX_QUEUED_BYTES, Outbox

pytestmark = pytest.mark.anyio


class Source:
    """A run that encodes its events as text."""

    def __init__(self, name: str = "r") -> None:
        self.name = name
        self.seq = 0

    def encode_event(self, kind: str, data: object) -> bytes:
        self.seq += 1
        return f"{self.name}{self.seq}:{kind}:{data};".encode()


async def test_events_and_frames_go_straight_through_while_the_peer_reads() -> None:
    written: list[bytes] = []
    outbox = Outbox(written.append)
    await outbox.event(Source(), "delta", "a")
    outbox.send(b"frame;")
    assert written == [b"r1:delta:a;", b"frame;"]


async def test_one_batch_is_one_write() -> None:
    written: list[bytes] = []
    outbox = Outbox(written.append)
    outbox.begin()
    outbox.send(b"a")
    outbox.send(b"b")
    assert written == []
    outbox.flush()
    assert written == [b"ab"]


async def test_an_empty_batch_writes_nothing() -> None:
    written: list[bytes] = []
    outbox = Outbox(written.append)
    outbox.begin()
    outbox.flush()
    assert written == []


async def test_neighbouring_text_is_joined_and_nothing_of_it_is_lost() -> None:
    written: list[bytes] = []
    outbox = Outbox(written.append)
    first, second = Source("a"), Source("b")
    outbox.pause()
    await outbox.event(first, "delta", "1")
    await outbox.event(first, "delta", "2")
    await outbox.event(second, "delta", "3")
    await outbox.event(first, "delta", "4")
    outbox.send(b"frame;")
    outbox.resume()
    assert b"".join(written) == b"a1:delta:12;b1:delta:3;a2:delta:4;frame;"
    assert outbox.queued_bytes == 0


async def test_text_waits_for_room_and_then_goes_on() -> None:
    written: list[bytes] = []
    outbox = Outbox(written.append)
    source = Source()
    outbox.pause()
    block = "x" * (MAX_QUEUED_BYTES // 2)
    done = anyio.Event()

    async def produce() -> None:
        for _ in range(4):
            await outbox.event(source, "delta", block)
        done.set()

    async with anyio.create_task_group() as group:
        group.start_soon(produce)
        await anyio.wait_all_tasks_blocked()
        assert not done.is_set()
        assert outbox.queued_bytes <= MAX_QUEUED_BYTES
        outbox.resume()
        with anyio.fail_after(60):
            await done.wait()
    assert b"".join(written).count(b"x") == 4 * len(block)


async def test_other_events_push_out_the_oldest_and_the_peer_is_told_how_many() -> None:
    written: list[bytes] = []
    outbox = Outbox(written.append)
    source = Source()
    outbox.pause()
    sent = 3 * MAX_QUEUED_BYTES // 256
    for number in range(sent):
        await outbox.event(source, "progress", number)
    assert outbox.queued_bytes <= MAX_QUEUED_BYTES
    outbox.resume()
    events = b"".join(written).decode().split(";")[:-1]
    kinds = [event.split(":")[1] for event in events]
    dropped = int(events[0].rpartition(" ")[2].rstrip("}"))
    assert kinds[0] == "dropped"
    assert set(kinds[1:]) == {"progress"}
    assert dropped + len(kinds) - 1 == sent
    assert events[-1].endswith(f":{sent - 1}")
    assert [int(event.split(":")[0][1:]) for event in events] == list(range(1, len(events) + 1))


async def test_those_who_wait_for_room_are_let_go_when_the_peer_leaves() -> None:
    outbox = Outbox(lambda data: None)
    outbox.pause()
    outbox.send(b"x" * MAX_QUEUED_BYTES)
    async with anyio.create_task_group() as group:
        group.start_soon(outbox.event, Source(), "delta", "text")
        await anyio.wait_all_tasks_blocked()
        outbox.close()
    assert outbox.queued_bytes == 0


async def test_a_peer_that_falls_behind_again_gets_the_rest_later() -> None:
    written: list[bytes] = []
    outbox = Outbox(written.append)

    def write(data: bytes) -> None:
        written.append(data)
        outbox.pause()

    outbox._write = write  # type: ignore[method-assign]
    outbox.pause()
    for frame in (b"1", b"2", b"3"):
        outbox.send(frame)
    outbox.resume()
    assert written == [b"1"]
    outbox.resume()
    outbox.resume()
    assert written == [b"1", b"2", b"3"]


@given(
    st.lists(st.tuples(st.sampled_from(["delta", "out", "frame", "pause", "resume"]), st.text(max_size=5)))
)
def test_lossless_text_and_frames_arrive_whole_and_in_order(steps: list[tuple[str, str]]) -> None:
    """Whatever the peer's pauses: joined per kind, the text that arrives is the text that was sent."""

    async def play() -> None:
        written: list[tuple[str, object]] = []

        class Run:
            def encode_event(self, kind: str, data: object) -> bytes:
                written.append((kind, data))
                return b""

        outbox = Outbox(lambda data: written.append(("frame", data)) if data else None)
        run = Run()
        for step, text in steps:
            if step == "pause":
                outbox.pause()
            elif step == "resume":
                outbox.resume()
            elif step == "frame":
                outbox.send(b"!" + text.encode())
            else:
                await outbox.event(run, step, text)
        outbox.resume()
        flat = [(kind, char) for kind, data in written for char in (data if kind != "frame" else [data])]
        sent = [
            item
            for step, text in steps
            if step not in ("pause", "resume")
            for item in (
                [("frame", b"!" + text.encode())] if step == "frame" else [(step, char) for char in text]
            )
        ]
        assert flat == sent

    anyio.run(play)
