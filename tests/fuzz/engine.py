"""Inputs made of those that are kept: changed here and there, joined, or all new; Hypothesis makes failing ones small."""

import hashlib
import mmap
import os
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.fuzz.targets import TARGETS, Target

CORPUS = Path(__file__).with_name("corpus")
_A_ROUND = 200
_MOST_BYTES = 20_000
# As often from beyond the first plane as from it: what looks characters up in tables may not expect those.
_CHARACTERS = st.one_of(st.characters(codec="utf-8"), st.characters(min_codepoint=0x10000)).map(str.encode)


def corpus(name: str) -> list[bytes]:
    """Return the inputs that are kept for a target."""
    return [file.read_bytes() for file in sorted((CORPUS / name).glob("*"))]


@st.composite
def changed(draw: st.DrawFn, kept: Sequence[bytes]) -> bytes:
    """Make an input of one that is kept."""
    data = bytearray(draw(st.sampled_from(kept)))
    for _ in range(draw(st.integers(0, 8))):
        at = draw(st.integers(0, len(data)))
        how = draw(st.sampled_from(["put", "cut", "set", "again", "other", "many"]))
        size = draw(st.integers(1, 40))
        if how == "put":
            data[at:at] = draw(st.one_of(st.binary(min_size=1, max_size=8), _CHARACTERS))
        elif how == "cut":
            del data[at : at + size]
        elif how == "set" and at < len(data):
            data[at] = draw(st.integers(0, 255))
        elif how == "again":
            data[at:at] = data[at : at + size]
        elif how == "other":
            other = draw(st.sampled_from(kept))
            begin = draw(st.integers(0, len(other)))
            data[at:at] = other[begin : begin + size]
        elif how == "many":
            data[at:at] = data[at : at + 4] * draw(st.integers(1, 200))
    return bytes(data[:_MOST_BYTES])


def inputs(name: str) -> st.SearchStrategy[bytes]:
    """Return all inputs of a target."""
    kept = corpus(name)
    return st.one_of(changed(kept), st.binary(max_size=400)) if kept else st.binary(max_size=400)


class Witness:
    """The input under way, in memory that outlives a process which it ends."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, 2 * _MOST_BYTES)

    def note(self, name: str, data: bytes) -> None:
        """Note what is tried next."""
        head = f"{name} {len(data)} ".encode()
        self._memory[: len(head) + len(data)] = head + data

    def last(self) -> tuple[str, bytes]:
        """Return the target and the input that were noted last."""
        name, size, rest = self._memory[:].split(b" ", 2)
        return name.decode(), rest[: int(size)]


def fuzz(name: str, *, examples: int, number: int, witness: Witness | None = None) -> None:
    """Try so many inputs; one that fails is made small, kept in the corpus, and raised."""
    target = TARGETS[name]
    last = b""

    @seed(number)
    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(inputs(name))
    def run(data: bytes) -> None:
        nonlocal last
        last = data
        if witness is not None:
            witness.note(name, data)
        target(data)

    try:
        run()
    except BaseException:
        keep(name, last)
        raise


def keep(name: str, data: bytes) -> Path:
    """Keep an input for good."""
    folder = CORPUS / name
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / hashlib.sha256(data).hexdigest()[:12]
    file.write_bytes(data)
    return file


def fuzz_for(names: Sequence[str], seconds: float, witness: Witness | None = None) -> dict[str, int]:
    """Fuzz these targets in turns for so long; return how many inputs each was given."""
    given_to = dict.fromkeys(names, 0)
    end = time.monotonic() + seconds
    number = time.time_ns()
    while time.monotonic() < end:
        for name in names:
            number += 1
            fuzz(name, examples=_A_ROUND, number=number, witness=witness)
            given_to[name] += _A_ROUND
            if time.monotonic() >= end:
                break
    return given_to


def fuzz_apart(names: Sequence[str], seconds: float) -> int:
    """Fuzz in a process of its own and say what was tried; return its exit status.

    An input that ends the process by a signal is kept as it was, not made small: nobody is left to do that.
    """
    witness = Witness()
    sys.stdout.flush()
    child = os.fork()
    if not child:
        status = 1
        try:
            for name, count in fuzz_for(names, seconds, witness).items():
                print(f"{name:<22}{count:>9,} inputs")
            status = 0
        except BaseException:  # noqa: BLE001 - the child does not come back from here
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            os._exit(status)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status < 0:
        name, data = witness.last()
        print(f"{name}: signal {-status} ended the process; kept as {keep(name, data)}", file=sys.stderr)
    return abs(status)


def replay(name: str, target: Target) -> int:
    """Give a target all that is kept for it; return how many that were."""
    kept = corpus(name)
    for data in kept:
        target(data)
    return len(kept)
