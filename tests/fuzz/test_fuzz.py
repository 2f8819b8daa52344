"""A short round of `make fuzz`: what once failed fails no more, and nothing else is found in a moment."""

import pytest

from tests.fuzz.engine import CORPUS, fuzz, replay
from tests.fuzz.targets import TARGETS


@pytest.mark.parametrize("name", TARGETS)
def test_what_is_kept_is_taken(name: str) -> None:
    assert replay(name, TARGETS[name]), f"nothing is kept for {name}"


@pytest.mark.parametrize("name", TARGETS)
def test_any_bytes_are_understood_or_refused_in_words(name: str) -> None:
    fuzz(name, examples=60, number=20261201)


def test_nothing_is_kept_for_what_is_not_fuzzed() -> None:
    assert {folder.name for folder in CORPUS.iterdir()} == set(TARGETS)
