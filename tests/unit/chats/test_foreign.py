"""Conversations of other programs are taken over: the forms are those that llm 0.36 and shell-gpt 1.5 write."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isaacd.chats import portable
from isaacd.errors import InvalidParams

NOW = 1_800_000_000.0
LLM = {
    "id": "01m8rt8w4qns95404j77der1qk",
    "model": "gpt-4o",
    "resolved_model": None,
    "options_json": {},
    "conversation_id": "01m8rt8w4mm6pvs0mnwyk6rrk5",
    "duration_ms": 468,
    "datetime_utc": "2026-12-01T12:46:30.039777+00:00",
    "input_tokens": 12,
    "output_tokens": 5,
    "conversation_name": "where to?",
    "conversation_model": "gpt-4o",
    "prompt": "where to?",
    "system": "Be brief.",
    "response": "to the sea",
    "response_json": {"content": "to the sea"},
    "attachments": [],
}
SGPT = [
    {"role": "system", "content": "You are ShellGPT"},
    {"role": "user", "content": "where to?"},
    {"role": "assistant", "content": "to the sea"},
    {"role": "user", "content": "and then?"},
    {"role": "assistant", "content": "home"},
]


def logged(**changes: Any) -> dict[str, Any]:
    return {**LLM, **changes}


def said(text: str) -> list[tuple[str, str]]:
    _, _, copy = portable.imported(text, NOW)
    return [(turn.role, turn.content) for turn in copy.turns]


def test_what_llm_logged_becomes_a_conversation_with_times_and_tokens() -> None:
    text = json.dumps([LLM, logged(prompt="and then?", response="home", datetime_utc="2026-12-01T12:47:00")])
    name, settings, copy = portable.imported(text, NOW)
    assert (name, settings.system, copy.head) == ("where to?", "Be brief.", 4)
    assert said(text) == [(item["role"], item["content"]) for item in SGPT[1:]]
    assert [turn.parent for turn in copy.turns] == [None, 1, 2, 3]
    assert copy.begun == pytest.approx(1_796_129_190.04, abs=0.01)
    assert copy.turns[2].at == 1_796_129_220
    assert (copy.turns[1].source.model, copy.turns[1].source.input_tokens) == ("gpt-4o", 12)


def test_what_shell_gpt_kept_becomes_a_conversation_named_by_its_first_words() -> None:
    name, settings, copy = portable.imported(json.dumps(SGPT), NOW)
    assert (name, settings.system, copy.head) == ("where-to", "You are ShellGPT", 4)
    assert said(json.dumps(SGPT)) == [(item["role"], item["content"]) for item in SGPT[1:]]
    assert {turn.at for turn in copy.turns} == {NOW}


def test_what_is_empty_is_no_turn() -> None:
    assert said(json.dumps([logged(prompt=None)])) == [("assistant", "to the sea")]


def test_several_conversations_at_once_are_refused_with_the_way_to_take_one() -> None:
    with pytest.raises(InvalidParams, match="several") as refused:
        portable.imported(json.dumps([LLM, logged(conversation_id="other")]), NOW)
    assert "--cid" in (refused.value.hint or "")


@given(st.text())
def test_every_name_and_text_gives_a_name_that_is_allowed(text: str) -> None:
    for data in ([logged(conversation_name=text, prompt=text)], [{"role": "user", "content": text}]):
        name, _, copy = portable.imported(json.dumps(data), NOW)
        portable.check_name(name)
        assert copy.head == (len(copy.turns) or None)
