"""Times as people say them."""

import time

import pytest

from isaacd.errors import InvalidParams
from isaacd.history.moments import moment

NOW = 1_764_560_000.0


@pytest.fixture(autouse=True)
def _zone(monkeypatch):
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()


@pytest.mark.parametrize(
    ("text", "starts", "ends"),
    [
        ("2h", NOW - 7200, NOW - 7200),
        ("7d", NOW - 604_800, NOW - 604_800),
        ("now", NOW, NOW),
        ("2025-12-01", 1_764_547_200, 1_764_633_600),
        ("today", 1_764_547_200, 1_764_633_600),
        ("Yesterday", 1_764_460_800, 1_764_547_200),
        ("2025-11", 1_761_955_200, 1_764_547_200),
        ("2025-12-01 03:33", 1_764_559_980, 1_764_559_980),
        ("2025-12-01T03:33:20", NOW, NOW),
        ("1764560000", NOW, NOW),
    ],
)
def test_moments(text, starts, ends):
    assert moment(text, NOW) == starts
    assert moment(text, NOW, ends=True) == pytest.approx(ends, abs=0.001)


@pytest.mark.parametrize("text", ["", "soon", "2025-13-01", "-2h", "99999999d x", "0000"])
def test_what_is_no_time_says_what_is(text):
    with pytest.raises(InvalidParams, match="is no time"):
        moment(text, NOW)
