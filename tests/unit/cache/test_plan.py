"""Where an answer is looked up and kept, and which answers never are."""

from typing import Any

import msgspec
import pytest

from isaacd.cache.keys import Request
from isaacd.cache.plan import Kept, plan, recall

WHOLE = Kept(text="Shows 'thesis.md' page by page.", provider="p", model="m", finish_reason="stop")


def asked(line: str, **changes: Any) -> Request:
    return Request(
        **{"turns": [("system", "s"), ("user", f"explain this command: {line}")], "model": "m", **changes}
    )


def kept_of(line: str, answer: Kept = WHOLE) -> dict[str, Kept]:
    return {key: value for _, key, value in plan(asked(line)).entries(answer)}


def test_the_same_question_hits_exactly() -> None:
    hit = recall(plan(asked("less thesis.md")), kept_of("less thesis.md").get)
    assert hit == ("exact", WHOLE)


def test_a_like_line_hits_by_slots() -> None:
    hit = recall(plan(asked("less novel.md")), kept_of("less thesis.md").get)
    assert hit is not None
    assert (hit[0], hit[1].text) == ("slot", "Shows 'novel.md' page by page.")


def test_without_slots_a_like_line_misses() -> None:
    assert recall(plan(asked("less novel.md"), slots=False), kept_of("less thesis.md").get) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"turns": [("user", "hi"), ("assistant", "yes"), ("user", "explain this command: less novel.md")]},
        {"tools": [{"name": "run"}]},
        {"turns": [("system", "other"), ("user", "explain this command: less novel.md")]},
        {"model": "n"},
    ],
)
def test_another_context_is_another_question(changes: dict[str, Any]) -> None:
    assert recall(plan(asked("less novel.md", **changes)), kept_of("less thesis.md").get) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"finish_reason": "length"},
        {"finish_reason": "content_filter"},
        {"text": "  \n"},
        {"text": "x" * (1024 * 1024 + 1)},
        {"text": "use sk-proj-abcdefghij0123456789"},
    ],
)
def test_an_answer_that_is_cut_empty_too_long_or_secret_is_not_kept(changes: dict[str, Any]) -> None:
    assert kept_of("less thesis.md", msgspec.structs.replace(WHOLE, **changes)) == {}


def test_what_must_not_be_kept_is_not_looked_up_either() -> None:
    found = plan(asked("less novel.md", parameters={"temperature": 1.0}))
    assert found.exact is None
    assert recall(found, {"": WHOLE}.get) is None
    assert found.entries(WHOLE) == []
