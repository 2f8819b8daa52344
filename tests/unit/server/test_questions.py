"""Questions to a person: asked only where they can be answered, answered once, and never by another's answer."""

from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from isaacd.context import Context
from isaacd.server.question import MAX_ANSWER_BYTES, Questions
from tests.fakes import Conversation

pytestmark = pytest.mark.anyio


class Asked:
    """A run that remembers its events."""

    def __init__(self) -> None:
        self.events: list[tuple[str, object]] = []
        self.questions = Questions(self.emit)
        self.answers: list[bytes] = []
        self.sent = anyio.Event()

    async def emit(self, kind: str, data: object) -> None:
        self.events.append((kind, data))
        self.sent.set()

    async def ask(self, timeout_s: float | None = None) -> None:
        self.answers.append(await self.questions.ask("confirm", {"prompt": "?"}, timeout_s))


async def test_an_answer_belongs_to_its_question():
    asked = Asked()
    async with anyio.create_task_group() as group:
        group.start_soon(asked.ask)
        await asked.sent.wait()
        assert not asked.questions.answer(2, b"y\n")
        assert not asked.questions.answer(1, b"y" * (MAX_ANSWER_BYTES + 1))
        assert asked.questions.answer(1, b"n\n")
        assert not asked.questions.answer(1, b"y\n")
    assert asked.answers == [b"n\n"]


async def test_a_late_yes_is_not_taken_for_the_next_question():
    asked = Asked()
    await asked.ask(timeout_s=0)
    assert not asked.questions.answer(1, b"y\n")
    asked.sent = anyio.Event()
    async with anyio.create_task_group() as group:
        group.start_soon(asked.ask)
        await asked.sent.wait()
        assert not asked.questions.answer(1, b"y\n")
        asked.questions.answer(2, b"n\n")
    assert asked.answers == [b"", b"n\n"]


async def test_one_question_at_a_time():
    asked = Asked()
    async with anyio.create_task_group() as group:
        group.start_soon(asked.ask)
        group.start_soon(asked.ask)
        for number in (1, 2):
            with anyio.fail_after(90):
                while len(asked.events) < number:
                    await anyio.lowlevel.checkpoint()
            await anyio.wait_all_tasks_blocked()
            assert len(asked.events) == number
            asked.questions.answer(number, b"%d\n" % number)
    assert asked.answers == [b"1\n", b"2\n"]


async def test_who_has_gone_answers_nothing():
    asked = Asked()
    async with anyio.create_task_group() as group:
        group.start_soon(asked.ask)
        await asked.sent.wait()
        asked.questions.end()
    await asked.ask()
    assert asked.answers == [b"", b""]


async def sure(context: Context) -> list[object]:
    """Ask for a line and a yes."""
    line = await context.ask_line("name? ", history=Path("/h"), text="x", words=["a"])
    return [line, await context.confirm("sure?")]


async def patient(context: Context) -> str:
    """Do something that can be stopped, and go on."""
    with context.interruptible() as scope:
        await context.emit("log", "waiting")
        await anyio.sleep_forever()
    return "stopped" if scope.cancelled_caught else "done"


async def heard(talk: Conversation) -> Any:
    """Return the next message, which is the only one."""
    (message,) = await talk.hear_until(lambda _: True)
    return message


async def test_who_cannot_ask_a_person_gets_no_for_an_answer():
    async with anyio.create_task_group() as group:
        talk = Conversation(sure, group=group)
        talk.request(1, "sure", {"_meta": {"stream": True}})
        assert await heard(talk) == ("reply", 1, [None, False])


async def test_a_client_that_says_so_is_asked():
    async with anyio.create_task_group() as group:
        talk = Conversation(sure, group=group)
        talk.request(1, "hello", {"caps": ["line"]})
        await heard(talk)
        talk.request(2, "sure", {"_meta": {"stream": True}})
        _, _, (run, seq, kind, data) = await heard(talk)
        assert (run, seq, kind) == (2, 0, "line")
        assert data == {
            "prompt": "name? ", "multiline": False, "history": "/h", "text": "x", "words": ["a"], "question": 1
        }  # fmt: skip
        talk.notify("$/input", 2, b"ada\n", 1)
        _, _, (run, seq, kind, data) = await heard(talk)
        assert (kind, data["prompt"], data["question"]) == ("confirm", "sure? [y/N] ", 2)
        talk.notify("$/input", 2, b"Yes\n", 2)
        assert await heard(talk) == ("reply", 2, ["ada", True])


async def test_an_interrupt_stops_what_is_marked_and_nothing_else():
    async with anyio.create_task_group() as group:
        talk = Conversation(patient, group=group)
        talk.request(1, "patient", {"_meta": {"stream": True}})
        await heard(talk)
        talk.notify("$/interrupt", 7)
        talk.notify("$/interrupt", 1)
        assert await heard(talk) == ("reply", 1, "stopped")
