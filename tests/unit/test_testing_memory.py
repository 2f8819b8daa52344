"""A profile counts what a block has allocated and kept, and a deep size all that a value holds, once."""

import sys
import tracemalloc
from pathlib import Path

import anyio
import msgspec
import pytest

from isaacd.testing import deep_size, profile_memory


class Closed(msgspec.Struct, gc=False):
    text: str
    more: "Closed | None" = None


class Open(msgspec.Struct):
    text: str


def text(number: int) -> str:
    """Make a string that is nobody else's."""
    return f"{number} " + "x" * 1000


def test_what_is_kept_is_counted_and_what_is_let_go_is_the_peak() -> None:
    with profile_memory() as memory:
        kept = [bytearray(10_000) for _ in range(10)]
        thrown = bytearray(1_000_000)
        del thrown
    assert 100_000 <= memory.kept < 150_000
    assert memory.peak >= 1_100_000
    assert memory.blocks >= 20
    assert memory.largest[0][0].startswith(__file__)
    assert memory.largest[0][1] >= 100_000
    assert "bytes kept in" in str(memory)
    assert len(kept) == 10


def test_a_block_that_keeps_nothing_weighs_next_to_nothing() -> None:
    with profile_memory() as memory:
        sum(len(text(number)) for number in range(100))
    assert memory.kept < 2_000


def test_garbage_in_circles_is_not_kept() -> None:
    with profile_memory() as memory:
        circle: list[object] = [bytearray(1_000_000)]
        circle.append(circle)
        del circle
    assert memory.kept < 10_000


def test_a_profile_within_another_stops_neither() -> None:
    with profile_memory() as outer:
        with profile_memory() as inner:
            kept = bytearray(50_000)
        assert tracemalloc.is_tracing()
    assert not tracemalloc.is_tracing()
    assert inner.kept >= 50_000
    assert outer.kept >= 50_000
    assert kept


def test_it_ends_with_its_block_even_if_that_fails() -> None:
    with pytest.raises(KeyError), profile_memory():
        raise KeyError
    assert not tracemalloc.is_tracing()


def test_it_works_around_await() -> None:
    async def run() -> int:
        with profile_memory() as memory:
            await anyio.lowlevel.checkpoint()
            kept = bytearray(70_000)
        assert kept
        return memory.kept

    assert anyio.run(run) >= 70_000


def test_a_deep_size_goes_into_containers_and_counts_what_is_shared_once() -> None:
    one = text(1)
    assert deep_size(one) == sys.getsizeof(one)
    assert deep_size([one, one]) == sys.getsizeof([one, one]) + sys.getsizeof(one)
    assert deep_size([one], [one]) == 2 * sys.getsizeof([one]) + sys.getsizeof(one)
    assert deep_size(text) == deep_size(sys) == deep_size(str) == 0


def test_a_deep_size_sees_into_structs_whatever_the_collector_knows_of_them() -> None:
    one, two = text(1), text(2)
    for value in (Open(one), Closed(one)):
        assert deep_size(value) == sys.getsizeof(value) + sys.getsizeof(one)
    assert deep_size(Closed(one, Closed(two))) > sys.getsizeof(one) + sys.getsizeof(two)


def test_a_deep_size_ends_where_values_go_in_circles() -> None:
    circle: list[object] = []
    circle.append(circle)
    assert deep_size(circle) == sys.getsizeof(circle)


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="the kernel does not tell")
def test_growth_is_that_of_the_block_and_not_of_its_tracing() -> None:
    """Tracing keeps more of 200,000 small blocks than these take themselves."""
    with profile_memory() as memory:
        rows = list(map(str, range(200_000)))
    assert rows
    assert memory.rss is not None
    assert memory.rss < 2.5 * memory.kept
