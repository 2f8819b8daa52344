"""Conversations outside of the store: what is refused, and how they read."""

import json
from typing import Any

import msgspec
import pytest

from isaacd.ai.chat import Answer, Attachment, Message, Reasoning, ToolCall, Usage
from isaacd.chats import portable
from isaacd.chats.store import ChatStore
from isaacd.chats.turn import Settings, Source
from isaacd.errors import InvalidParams
from tests.fakes import FakeClock

pytestmark = pytest.mark.anyio


@pytest.fixture
async def store(tmp_path):
    made = ChatStore(tmp_path / "chats.sqlite", clock=FakeClock())
    yield made
    await made.aclose()


async def a_rich_one(store: ChatStore):
    chat = await store.create("trip", Settings(role="code", model="m", system="Be nice.", temperature=0.5))
    picture = Attachment(media_type="image/png", data=b"\x89PNG", name="a.png")
    chat = (await store.add(chat, Message("user", "look", (picture,)))).chat
    call = ToolCall("c1", "greet", '{"name": "ada"}')
    thought = Reasoning("hm", "sig", "anthropic")
    chat = (await store.add(chat, Message("assistant", "", tool_calls=(call,), reasoning=(thought,)))).chat
    chat = (await store.add(chat, Message("tool", "hello", tool_call_id="c1", is_error=True))).chat
    answer = Answer(
        text="done", provider="p", model="m", chosen="x", finish_reason="stop", elapsed_ms=1,
        usage=Usage(10, 5), cost_usd=0.25,
    )  # fmt: skip
    chat = (await store.add(chat, Message("assistant", "done"), Source.of(answer))).chat
    turns = await store.path(chat)
    await store.summarise(turns[1], "they looked")
    chat = await store.move(chat, turns[0].id)
    return (await store.add(chat, Message("assistant", "other"), Source(broken="stopped"))).chat


async def test_everything_survives_export_and_import(store):
    chat = await a_rich_one(store)
    first = portable.exported(chat, await store.turns(chat), await store.summaries(chat))
    text = msgspec.json.encode(first)
    store._clock.advance(1000)
    name, settings, copy = portable.imported(text)
    made = await store.restore(name, settings, copy)
    assert made.name == "trip-2"
    second = portable.exported(made, await store.turns(made), await store.summaries(made))
    before, after = (json.loads(msgspec.json.encode(item)) for item in (first, second))
    for item in (before, after):
        del item["name"]
    assert before == after
    assert [turn.message() for turn in await store.turns(chat)] == [
        turn.message() for turn in await store.turns(made)
    ]


async def test_markdown_shows_the_branch_and_what_is_not_whole(store):
    chat = await a_rich_one(store)
    text = portable.to_markdown(chat, await store.path(chat))
    assert text.startswith("# trip\n")
    assert "## 1. You\n\nlook\n" in text
    assert "- attached: a.png" in text
    assert "## 5. Assistant, broken off: stopped\n\nother\n" in text
    assert "done" not in text


def whole(**changes: Any) -> str:
    turns = [
        {"number": 1, "role": "user", "content": "a", "at": 1},
        {"number": 2, "role": "assistant", "content": "b", "at": 2, "parent": 1},
    ]
    found = {"format": "isaac-chat", "version": 1, "name": "x", "created_at": 1, "turns": turns, "head": 2}
    return json.dumps({**found, **changes})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no exported conversation"),
        ("[]", "no exported conversation"),
        ('{"format": "other"}', "no exported conversation"),
        (whole(version=2), "newer Isaac"),
        (whole(head=7), "turns that it does not have"),
        (whole(summaries={"9": "x"}), "turns that it does not have"),
        (whole(name="\x1b[2J"), "no name"),
        (whole(turns=[{"number": 1, "role": "robot", "content": "", "at": 1}], head=1), "role 'robot'"),
        (whole(turns=[{"number": 1, "role": "user", "content": "", "at": 1, "parent": 1}]), "not before it"),
        (whole(turns=[{"number": 0, "role": "user", "content": "", "at": 1}]), "no number"),
        (whole(turns=[{"number": 1, "role": "user", "content": "", "at": 1}] * 2), "twice"),
    ],
)
def test_what_is_no_exported_conversation_is_refused(text, said):
    with pytest.raises(InvalidParams, match=said):
        portable.imported(text)


def test_a_small_one_written_by_hand_is_taken():
    name, _, copy = portable.imported(whole())
    assert (name, len(copy.turns), copy.head) == ("x", 2, 2)


async def test_a_conversation_cannot_begin_later_than_now(store):
    chat = await a_rich_one(store)
    whole = portable.exported(chat, await store.turns(chat), {})
    for begun in (1e300, -5.0):
        text = msgspec.json.encode(msgspec.structs.replace(whole, created_at=begun))
        assert (await store.restore(*portable.imported(text))).created_at == store._clock.now()
