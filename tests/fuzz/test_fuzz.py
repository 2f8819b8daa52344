"""A short round of `make fuzz`: what once failed fails no more, and nothing else is found in a moment."""

import os
import signal

import pytest

from tests.fuzz import engine
from tests.fuzz.engine import CORPUS, fuzz, fuzz_apart, replay
from tests.fuzz.targets import TARGETS


@pytest.mark.parametrize("name", TARGETS)
def test_what_is_kept_is_taken(name: str) -> None:
    assert replay(name, TARGETS[name]), f"nothing is kept for {name}"


@pytest.mark.parametrize("name", TARGETS)
def test_any_bytes_are_understood_or_refused_in_words(name: str) -> None:
    fuzz(name, examples=60, number=20261201)


def test_nothing_is_kept_for_what_is_not_fuzzed() -> None:
    assert {folder.name for folder in CORPUS.iterdir()} == set(TARGETS)


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_an_input_that_ends_the_process_is_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(engine, "CORPUS", tmp_path)
    monkeypatch.setitem(
        TARGETS, "deadly", lambda data: os.kill(os.getpid(), signal.SIGKILL) if data else None
    )
    assert fuzz_apart(["deadly"], 60) == signal.SIGKILL
    (kept,) = (tmp_path / "deadly").iterdir()
    assert kept.read_bytes()
