"""What something weighs in memory: profile_memory for a piece of a test, deep_size for one value."""

import gc
import sys
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType

# Shared by everybody who uses them: no part of a value.
_SHARED = (type(None), bool, type(...), type, ModuleType, FunctionType, BuiltinFunctionType, MethodType)
_OWN = (tracemalloc.Filter(False, tracemalloc.__file__), tracemalloc.Filter(False, __file__))


@dataclass
class MemoryProfile:
    """What was allocated by Python between the begin and the end of `profile_memory`; all sizes are in bytes.

    `kept` and `blocks` are still there at the end, `peak` was there at most; garbage is collected first. `largest` are
    the lines that most of it is from, as ("file:line", bytes). `rss` and `pss` are how much the process has grown by the
    kernel's word, in pages and without what the tracing itself took; None where it does not tell.
    """

    kept: int = 0
    peak: int = 0
    blocks: int = 0
    largest: list[tuple[str, int]] = field(default_factory=list)
    rss: int | None = None
    pss: int | None = None

    def __str__(self) -> str:
        lines = [f"{self.kept:,} bytes kept in {self.blocks:,} blocks, {self.peak:,} at most"]
        if self.rss is not None and self.pss is not None:
            lines.append(f"the process has grown by {self.rss:,} bytes (RSS), {self.pss:,} (PSS)")
        return "\n".join([*lines, *(f"{size:>12,}  {where}" for where, size in self.largest)])


@contextmanager
def profile_memory(*, top: int = 10, frames: int = 1) -> Iterator[MemoryProfile]:
    """Measure what the block allocates and keeps; the profile is filled in when the block ends.

    Works around `await` as well; what other tasks allocate meanwhile counts too. Warm up first: imports and caches are
    allocated once. Everything runs some times slower, so take times elsewhere. `top` is how many lines are listed.
    """
    was_tracing = tracemalloc.is_tracing()
    if not was_tracing:
        tracemalloc.start(frames)
    profile = MemoryProfile()
    gc.collect()
    resident()  # what its first call imports is no part of the block
    first = tracemalloc.take_snapshot()
    tracemalloc.reset_peak()
    began, tracing = resident(), tracemalloc.get_tracemalloc_memory()
    before = tracemalloc.get_traced_memory()[0]
    try:
        yield profile
    finally:
        profile.peak = max(0, tracemalloc.get_traced_memory()[1] - before)
        gc.collect()
        now, tracing = resident(), tracemalloc.get_tracemalloc_memory() - tracing
        if began is not None and now is not None:
            # What the tracing itself keeps of each block is no part of the block.
            profile.rss, profile.pss = (
                last_bytes - first_bytes - max(0, tracing)
                for first_bytes, last_bytes in zip(began, now, strict=True)
            )
        last = tracemalloc.take_snapshot()
        if not was_tracing:
            tracemalloc.stop()
        # Not before: what is compiled and kept for a filter would count.
        changes = last.filter_traces(_OWN).compare_to(first.filter_traces(_OWN), "lineno")
        # A line that has less than before let go of what is older than the block, which is no merit of the block.
        profile.kept = sum(max(0, change.size_diff) for change in changes)
        profile.blocks = sum(max(0, change.count_diff) for change in changes)
        changes.sort(key=lambda change: -change.size_diff)
        profile.largest = [
            (f"{change.traceback[0].filename}:{change.traceback[0].lineno}", change.size_diff)
            for change in changes[:top]
            if change.size_diff > 0
        ]


def deep_size(*values: object) -> int:
    """Return how many bytes the values hold together with all that they refer to; what is shared counts once.

    Classes, functions and modules do not count, nor what C code holds without Python's knowledge.
    """
    seen: set[int] = set()
    pending: list[object] = list(values)
    total = 0
    while pending:
        value = pending.pop()
        if id(value) in seen or isinstance(value, _SHARED):
            continue
        seen.add(id(value))
        total += sys.getsizeof(value)
        pending += gc.get_referents(value)
        # A msgspec.Struct with gc=False tells the collector nothing.
        if not gc.is_tracked(value):
            pending += [getattr(value, name) for name in getattr(type(value), "__struct_fields__", ())]
    return total


def resident() -> tuple[int, int] | None:
    """Return RSS and PSS of this process, None where the kernel does not tell; PSS shares out pages that other processes have as well."""
    try:
        lines = Path("/proc/self/smaps_rollup").read_text(encoding="ascii").splitlines()[1:]
    except OSError:
        return None
    found = {line.partition(":")[0]: int(line.split()[1]) * 1024 for line in lines}
    return found["Rss"], found["Pss"]
