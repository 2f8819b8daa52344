"""A conversation going on: what is kept, what is sent, and what happens when something goes wrong."""

import contextlib
from pathlib import Path

import anyio
import pytest

from isaacd.ai.chat import Attachment, Message, Usage
from isaacd.chats.conversations import Conversations
from isaacd.chats.dialogue import Dialogue
from isaacd.chats.store import ChatStore
from isaacd.chats.turn import MAX_KEPT_BYTES, Settings
from isaacd.config import ChatConfig
from isaacd.errors import InvalidParams, NotFound, ProviderUnavailable, RateLimited
from tests.fake_answers import FakeAnswers
from tests.fakes import FakeClock

pytestmark = pytest.mark.anyio


class Person:
    """Somebody with a conversation, in a store of their own."""

    def __init__(self, tmp_path: Path, answers: FakeAnswers, **options) -> None:
        self.clock = FakeClock()
        self.store = ChatStore(tmp_path / "chats.sqlite", clock=self.clock)
        self.answers = answers
        self.told: list[str] = []
        self.shown = ""
        self.config = options.pop("config", ChatConfig())
        self.dialogue = self.open(**options)

    def open(self, **options) -> Dialogue:
        return Dialogue(
            self.store, self.answers, self.config, tell=self.tell, variables={"cwd": "/src"}, **options
        )

    async def tell(self, text: str) -> None:
        self.told.append(text)

    async def show(self, text: str) -> None:
        self.shown += text

    async def ask(self, text: str, **options):
        self.clock.advance(1)
        return await self.dialogue.ask(text, self.show, **options)

    async def said(self) -> list[tuple[str, str, str | None]]:
        return [(turn.role, turn.content, turn.source.broken) for turn in await self.dialogue.turns()]


@pytest.fixture
def answers() -> FakeAnswers:
    return FakeAnswers()


@pytest.fixture
async def person(tmp_path, answers):
    made = Person(tmp_path, answers)
    yield made
    await made.store.aclose()


async def test_a_conversation_is_stored_from_its_first_question_on_and_named_by_it(person, answers):
    assert await person.store.listed(9) == []
    await person.ask("Find BIG files, please!")
    assert person.shown == "re: Find BIG files, please!"
    assert person.dialogue.name == "find-big-files-please"
    assert await person.said() == [
        ("user", "Find BIG files, please!", None),
        ("assistant", "re: Find BIG files, please!", None),
    ]


async def test_what_was_said_before_is_sent_again(person, answers):
    await person.ask("one")
    await person.ask("two")
    assert answers.sent() == [("user", "one"), ("assistant", "re: one"), ("user", "two")]


async def test_a_conversation_goes_on_in_another_process(person, answers, tmp_path):
    await person.ask("one")
    other = ChatStore(tmp_path / "chats.sqlite", clock=person.clock)
    chat = await other.find("one")
    again = Dialogue(other, answers, ChatConfig(), tell=person.tell, variables={}, chat=chat)
    await again.ask("two", person.show)
    assert answers.sent() == [("user", "one"), ("assistant", "re: one"), ("user", "two")]
    await other.aclose()


async def test_a_question_is_on_disk_before_anybody_is_asked(person, answers):
    seen = []

    class Spy(FakeAnswers):
        def next(self, messages):
            seen.append(Path(person.store._database.file).read_bytes())
            seen.append(Path(f"{person.store._database.file}-wal").read_bytes())
            return ["ok"]

    person.dialogue = Dialogue(person.store, Spy(), ChatConfig(), tell=person.tell, variables={})
    await person.ask("remember the milk")
    assert any(b"remember the milk" in data for data in seen)


@pytest.mark.parametrize("error", [RateLimited("slow down"), ProviderUnavailable("gone")])
async def test_a_question_that_got_no_answer_is_kept_and_can_be_asked_again(person, answers, error):
    answers.lines = [[error]]
    with pytest.raises(type(error)):
        await person.ask("why?")
    assert await person.said() == [("user", "why?", None)]
    assert await person.dialogue.waits()
    await person.dialogue.retry(person.show)
    assert await person.said() == [("user", "why?", None), ("assistant", "re: why?", None)]
    assert answers.asked[-1][1].use == "refresh"


async def test_an_answer_that_breaks_off_is_kept_as_such(person, answers):
    answers.lines = [["half an ", ProviderUnavailable("provider fake broke off")]]
    with pytest.raises(ProviderUnavailable):
        await person.ask("why?")
    assert await person.said() == [
        ("user", "why?", None),
        ("assistant", "half an ", "provider fake broke off"),
    ]
    assert await person.dialogue.waits()


async def test_what_arrived_before_the_person_stopped_it_is_kept(person, answers):
    answers.lines = [["half an ", None]]
    async with anyio.create_task_group() as group:
        group.start_soon(person.ask, "why?")
        await answers.waiting.wait()
        group.cancel_scope.cancel()
    assert await person.said() == [("user", "why?", None), ("assistant", "half an ", "stopped")]


async def test_a_question_without_any_answer_is_not_sent_with_the_next_one(person, answers):
    answers.lines = [[RateLimited("slow down")]]
    with pytest.raises(RateLimited):
        await person.ask("lost")
    await person.ask("next")
    assert answers.sent() == [("user", "next")]


async def test_asking_again_keeps_the_earlier_answer_on_its_own_branch(person, answers):
    answers.lines = [["first"], ["second"]]
    await person.ask("why?")
    await person.dialogue.retry(person.show)
    assert [text for _, text, _ in await person.said()] == ["why?", "second"]
    every = await person.store.turns(person.dialogue.chat)
    assert [turn.content for turn in every] == ["why?", "first", "second"]


async def test_a_question_can_be_taken_back_and_changed(person, answers):
    await person.ask("one")
    await person.ask("tow")
    await person.dialogue.edit("two", person.show)
    assert answers.sent() == [("user", "one"), ("assistant", "re: one"), ("user", "two")]
    assert await person.dialogue.undo() == "two"
    assert await person.dialogue.undo() == "one"
    assert await person.said() == []
    with pytest.raises(NotFound):
        await person.dialogue.undo()


async def test_two_who_go_on_from_the_same_place_get_a_branch_each(person, answers):
    await person.ask("one")
    other = person.open(chat=person.dialogue.chat)
    await person.ask("mine")
    await other.ask("theirs", person.show)
    assert other.name == "one-2"
    assert "went on elsewhere" in person.told[-1]
    assert [turn.content for turn in await other.turns()] == ["one", "re: one", "theirs", "re: theirs"]
    assert [text for _, text, _ in await person.said()] == ["one", "re: one", "mine", "re: mine"]


async def test_who_asks_while_another_is_being_answered_gets_a_branch_from_before_that_question(
    person, answers
):
    await person.ask("one")

    async def ask_meanwhile(_: str) -> None:
        if not person.told:
            other = person.open(chat=await person.store.find("one"))
            await other.ask("mine", person.show)

    await person.dialogue.ask("theirs", ask_meanwhile)
    assert [text for _, text, _ in await person.said()] == ["one", "re: one", "theirs", "re: theirs"]
    assert answers.sent() == [("user", "one"), ("assistant", "re: one"), ("user", "mine")]
    assert person.told == ["'one' went on elsewhere meanwhile; this branch of it is called 'one-2'"]


async def test_who_begins_under_a_name_that_was_taken_meanwhile_gets_the_next_one_and_keeps_the_role(person):
    first, second = (
        person.open(name="trip", settings=Settings(role=role, system=role)) for role in ("code", "brief")
    )
    await first.ask("a", person.show)
    await second.ask("b", person.show)
    assert [turn.content for turn in await second.turns()] == ["b", "re: b"]
    assert (await person.store.find("trip-2")).settings.role == "brief"
    assert person.told == ["'trip' went on elsewhere meanwhile; this branch of it is called 'trip-2'"]


async def test_a_damaged_file_is_told_to_whoever_lists_opens_or_misses_a_conversation(
    person, answers, tmp_path
):
    (tmp_path / "chats.sqlite").write_bytes(b"no database " * 100)
    chats = Conversations(
        person.store, lambda: answers, ChatConfig(), roles=tmp_path, variables={}, tell=person.tell
    )
    assert await chats.listed(9) == []
    await chats.dialogue(name="trip")
    with pytest.raises(NotFound):
        await chats.shown("trip")
    assert len(person.told) == 3
    assert all("was damaged" in told and "begun anew" in told for told in person.told)


async def test_a_role_is_filled_in_and_sent_first(person, answers):
    await person.dialogue.lead(Settings(role="x", system="You are in {cwd}; keep {braces}.", temperature=0.3))
    await person.ask("one")
    assert answers.sent()[0] == ("system", "You are in /src; keep {braces}.")
    assert answers.asked[0][1].temperature == 0.3
    assert (await person.store.find("one")).settings.role == "x"


async def test_a_large_attachment_is_kept_by_its_file_and_said_when_it_is_gone(person, answers, tmp_path):
    picture = tmp_path / "plot.png"
    data = b"\x89PNG" + b"x" * MAX_KEPT_BYTES
    picture.write_bytes(data)
    sent = Attachment(media_type="image/png", data=data, name="plot.png")
    await person.ask("what is this?", attachments=[sent], files=[str(picture)])
    await person.ask("and now?")
    assert answers.asked[-1][0][0].attachments == (sent,)
    assert b"x" * 1000 not in (tmp_path / "chats.sqlite-wal").read_bytes()
    picture.write_bytes(b"another")
    await person.ask("still?")
    first = answers.asked[-1][0][0]
    assert first.attachments == ()
    assert "plot.png is not there any more" in first.content


async def full(person: Person) -> None:
    for number in range(6):
        await person.ask(f"question {number} " + "x" * 400)


async def test_a_conversation_that_is_too_long_is_summarised_once(tmp_path, answers):
    person = Person(tmp_path, answers, config=ChatConfig(context_tokens=800))
    await full(person)
    summaries = [asking for messages, asking in answers.asked if "Summarise" in messages[0].content]
    assert len(summaries) == len(person.told) > 0
    assert all("summarising the oldest" in line for line in person.told)
    assert answers.sent()[0][1].startswith("[Summary of the conversation so far: re: ")
    asked = len(answers.asked)
    await person.dialogue.retry(person.show)
    assert len(answers.asked) == asked + 1
    # All turns are still there; only what is sent is shorter.
    assert len(await person.dialogue.turns()) == 12
    await person.store.aclose()


async def test_a_summary_that_cannot_be_had_leaves_turns_out_and_says_so(tmp_path):
    class NoSummary(FakeAnswers):
        def next(self, messages):
            if "Summarise" in messages[0].content:
                return [RateLimited("slow down")]
            return super().next(messages)

    person = Person(tmp_path, NoSummary(), config=ChatConfig(context_tokens=800))
    await full(person)
    assert any("no summary could be made (slow down)" in line for line in person.told)
    assert any(line.startswith("left out the oldest") for line in person.told)
    await person.store.aclose()


async def test_truncating_leaves_out_the_oldest_and_says_so(tmp_path, answers):
    person = Person(tmp_path, answers, config=ChatConfig(context_tokens=800, overflow="truncate"))
    await full(person)
    assert any("left out the oldest" in line for line in person.told)
    assert answers.sent()[-1][1].startswith("question 5")
    assert not any("Summarise" in messages[0].content for messages, _ in answers.asked)
    await person.store.aclose()


async def test_refusing_keeps_the_question(tmp_path, answers):
    person = Person(tmp_path, answers, config=ChatConfig(context_tokens=800, overflow="refuse"))
    with pytest.raises(InvalidParams, match="tokens"):
        await full(person)
    assert (await person.said())[-1][0] == "user"
    await person.store.aclose()


async def test_a_question_that_is_too_long_alone_is_refused(tmp_path, answers):
    person = Person(tmp_path, answers, config=ChatConfig(context_tokens=800))
    with pytest.raises(InvalidParams, match="question alone"):
        await person.ask("x" * 4000)
    assert answers.asked == []
    await person.store.aclose()


async def test_what_the_provider_counted_counts_more_than_the_estimate(tmp_path, answers):
    person = Person(tmp_path, answers, config=ChatConfig(context_tokens=8000))
    await person.ask("x" * 4000)
    guessed = (await person.dialogue.tokens()).tokens
    answers.usage = Usage(input_tokens=1600, output_tokens=20)
    await person.dialogue.retry(person.show)
    await person.ask("y")
    counted = (await person.dialogue.tokens()).tokens
    assert guessed < 1100
    assert 1500 < counted < 1800
    await person.store.aclose()


async def test_messages_that_are_sent_never_have_two_questions_in_a_row(tmp_path, answers):
    person = Person(tmp_path, answers, config=ChatConfig(context_tokens=800))
    answers.lines = [["a"], [RateLimited("no")], ["half", ProviderUnavailable("gone")]]
    for text in ("one", "two", "three", "four", "five"):
        with contextlib.suppress(RateLimited, ProviderUnavailable):
            await person.ask(text)
    roles = [role for role, _ in answers.sent()]
    assert roles == ["user", "assistant"] * (len(roles) // 2) + ["user"]
    await person.store.aclose()


async def test_a_tool_call_without_its_result_is_never_sent_again(person, answers):
    await person.ask("one")
    chat = person.dialogue.chat
    from isaacd.ai.chat import ToolCall

    added = await person.store.add(chat, Message("user", "use a tool"))
    added = await person.store.add(
        added.chat, Message("assistant", "let me see", tool_calls=(ToolCall("1", "t"),))
    )
    person.dialogue.chat = added.chat
    await person.ask("next")
    assert answers.sent() == [("user", "one"), ("assistant", "re: one"), ("user", "next")]
