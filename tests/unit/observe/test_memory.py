"""What is weighed counts once, all of it counts somewhere, and a copy of the process ends whatever happens in it."""

import os
import threading
import types
import weakref
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isaacd.errors import InternalError
from isaacd.observe.memory.copied import in_a_copy
from isaacd.observe.memory.mapped import (
    ANONYMOUS,
    FILES,
    LIBRARIES,
    SQLITE,
    STACK,
    kind_of,
    mapped,
    sqlite_used,
)
from isaacd.observe.memory.scales import Scales

JSON = st.recursive(
    st.integers(min_value=2**70) | st.text(min_size=40), lambda inner: st.lists(inner) | st.tuples(inner)
)
SMAPS = """\
55d0-55d1 r--p 00000000 08:01 42 /usr/bin/python3.11
Size:                100 kB
Rss:                  40 kB
Pss:                  10 kB
Private_Clean:         4 kB
Swap:                  1 kB
VmFlags: rd mr mw me sd
55d2-55d3 rw-p 00000000 00:00 0
Rss:                   8 kB
Private_Dirty:         8 kB
7f00-7f01 rw-s 00000000 08:01 43 /home/ada lovelace/x.sqlite-shm
Rss:                  32 kB
"""


@given(st.lists(JSON, max_size=4))
def test_parts_add_up_to_the_whole_in_any_order(values: list[object]) -> None:
    whole, objects = Scales().weigh(values)
    forth, back = Scales(), Scales()
    assert sum(forth.weigh([value])[0] for value in values) == whole
    assert sum(back.weigh([value])[1] for value in reversed(values)) == objects


def test_what_two_share_counts_for_the_first_and_what_is_apart_for_nobody() -> None:
    shared, apart = ["s" * 5000], ["a" * 90_000]
    scales = Scales([apart])
    assert 5000 < scales.weigh([[shared, apart]])[0] < 6000
    assert scales.weigh([[shared, apart]])[0] < 200
    assert scales.weigh([apart])[0] > 90_000  # until its own turn comes


class Row(msgspec.Struct, gc=False):
    text: str


def test_structs_that_hide_from_the_collector_are_looked_into() -> None:
    assert Scales().weigh([Row("x" * 7000)])[0] > 7000


def test_a_proxy_whose_object_is_gone_is_no_trouble() -> None:
    module = types.ModuleType("gone")
    proxy = weakref.proxy(module)
    del module
    assert Scales().weigh([[proxy]])[1] == 2


def test_code_is_weighed_where_it_was_made_only() -> None:
    def function(value: object = "d" * 3000) -> object:
        return value

    module = types.ModuleType("weighed")
    module.__dict__.update(function=function, Row=Row, os=os)
    data, _ = Scales().weigh([vars(module)])
    ours, _ = Scales().weigh([vars(module)], lambda item: getattr(item, "__module__", "") == __name__)
    others, _ = Scales().weigh([vars(module)], lambda item: False)
    assert others < 3000 < data < ours < 50_000  # the whole of `os` is far more


def test_maps_are_summed_by_what_they_are(tmp_path: Path) -> None:
    (tmp_path / "smaps").write_text(SMAPS)
    found = mapped(tmp_path)
    assert (found.rss, found.pss, found.private, found.swapped) == (80, 10, 12, 1)
    assert found.kinds == {LIBRARIES: 40, ANONYMOUS: 8, SQLITE: 32}


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ([], ANONYMOUS),
        (["[heap]"], ANONYMOUS),
        (["[anon:glibc: malloc]"], ANONYMOUS),
        (["[stack]"], STACK),
        (["[vdso]"], FILES),
        (["/lib/libc.so.6"], LIBRARIES),
        (["/x/ext.cpython-311.so (deleted)"], LIBRARIES),
        (["/x/chats.sqlite"], SQLITE),
        (["/usr/lib/locale/C.utf8"], FILES),
    ],
)
def test_a_map_is_known_by_its_path(path: list[str], kind: str) -> None:
    assert kind_of(path) == kind


def test_where_the_kernel_tells_nothing_there_is_nothing(tmp_path: Path) -> None:
    assert mapped(tmp_path).rss == 0
    assert sqlite_used() >= 0


@pytest.mark.anyio
async def test_a_copy_sees_what_is_here_and_changes_nothing() -> None:
    here = [1]

    def work() -> bytes:
        here.append(2)
        return bytes(here) * 100_000

    assert await in_a_copy(work) == bytes((1, 2)) * 100_000
    assert here == [1]


@pytest.mark.anyio
async def test_a_copy_that_fails_or_hangs_is_told_and_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    fork = os.fork

    def noted() -> int:
        made.append(pid := fork())
        return pid

    monkeypatch.setattr(os, "fork", noted)

    def broken() -> bytes:
        raise RuntimeError

    with pytest.raises(InternalError):
        await in_a_copy(broken)
    with pytest.raises(InternalError):
        await in_a_copy(lambda: bytes(threading.Event().wait()), limit_s=0.05)
    assert len(made) == 2
    for pid in made:
        with pytest.raises(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)  # noqa: ASYNC222 - nobody is left to be seen off
