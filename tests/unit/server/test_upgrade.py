"""Which of two versions is the newer one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isaacd.server.upgrade import is_newer


@pytest.mark.parametrize(
    ("newer", "older"),
    [
        ("0.1.1", "0.1.0"),
        ("0.10.0", "0.9.9"),
        ("1", "0.99"),
        ("1.0.1", "1"),
        ("2.0.0+local", "1.9"),
        ("0.1.0", ""),
    ],
)
def test_numbers_count(newer: str, older: str) -> None:
    assert is_newer(newer, older)
    assert not is_newer(older, newer)


@pytest.mark.parametrize("same", ["1.0", "1", "1.0.0", "1+abc", "1.0-dirty7"])
def test_the_same_numbers_are_the_same_version(same: str) -> None:
    assert not is_newer(same, "1.0.0")
    assert not is_newer("1.0.0", same)


@given(st.text(max_size=200), st.text(max_size=200))
def test_whatever_a_client_calls_itself_only_one_of_two_is_newer(one: str, other: str) -> None:
    assert not (is_newer(one, other) and is_newer(other, one))
