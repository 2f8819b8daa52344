"""Inputs made of those that are kept: changed here and there, joined, or all new; Hypothesis makes failing ones small."""

import hashlib
import time
from collections.abc import Sequence
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.fuzz.targets import TARGETS, Target

CORPUS = Path(__file__).with_name("corpus")
_A_ROUND = 200
_MOST_BYTES = 20_000


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
            data[at:at] = draw(st.binary(min_size=1, max_size=8))
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


def fuzz(name: str, *, examples: int, number: int) -> None:
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


def fuzz_for(names: Sequence[str], seconds: float) -> dict[str, int]:
    """Fuzz these targets in turns for so long; return how many inputs each was given."""
    given_to = dict.fromkeys(names, 0)
    end = time.monotonic() + seconds
    number = time.time_ns()
    while time.monotonic() < end:
        for name in names:
            number += 1
            fuzz(name, examples=_A_ROUND, number=number)
            given_to[name] += _A_ROUND
            if time.monotonic() >= end:
                break
    return given_to


def replay(name: str, target: Target) -> int:
    """Give a target all that is kept for it; return how many that were."""
    kept = corpus(name)
    for data in kept:
        target(data)
    return len(kept)
