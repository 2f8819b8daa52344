"""The store of conversations does what a plain dictionary of trees would do, whatever is done to it in any order."""

import asyncio
import tempfile
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from isaacd.ai.chat import Message
from isaacd.chats import portable
from isaacd.chats.store import ChatStore
from isaacd.chats.turn import Chat, Settings
from isaacd.errors import InvalidParams, NotFound
from tests.fakes import FakeClock

NAMES = st.sampled_from(["trip", "trip-2", "ümlaut", "a b", "x"])
TEXTS = st.one_of(
    st.sampled_from(["night train", 'say "it" *now*', "漢字", "100% of_it", "\x00 null", "NEAR( OR"]),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
)
ROLES = st.sampled_from(["user", "assistant"])


class Model:
    """One conversation as a dictionary: number of a turn -> (number of its parent, role, text)."""

    def __init__(self) -> None:
        self.turns: dict[int, tuple[int | None, str, str]] = {}
        self.head: int | None = None

    def add(self, parent: int | None, role: str, text: str) -> int:
        number = max(self.turns, default=0) + 1
        self.turns[number] = (parent, role, text)
        return number

    def path(self, at: int | None) -> list[int]:
        found: list[int] = []
        while at is not None:
            found.append(at)
            at = self.turns[at][0]
        return found[::-1]

    def copy(self, at: int | None) -> "Model":
        made = Model()
        made.turns = {number: self.turns[number] for number in self.path(at)}
        made.head = at
        return made


class Chats(RuleBasedStateMachine):
    """Drives the store and the model alike; a bundle holds what clients remember of conversations."""

    seen = Bundle("seen")

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.runner = asyncio.Runner()
        self.clock = FakeClock()
        self.models: dict[int, Model] = {}
        self.names: dict[str, int] = {}
        self.ids: dict[int, dict[int, int]] = {}  # conversation -> id of a turn -> its number
        self.open()

    def open(self) -> None:
        self.store = ChatStore(Path(self.folder.name) / "chats.sqlite", clock=self.clock)

    def do(self, coroutine):
        return self.runner.run(coroutine)

    def learn(self, chat: Chat) -> None:
        """Read the ids that the store gave."""
        turns = self.do(self.store.turns(chat))
        self.ids[chat.id] = {turn.id: turn.number for turn in turns}

    def number(self, chat: Chat, head: int | None) -> int | None:
        return None if head is None else self.ids[chat.id][head]

    @rule(target=seen, name=st.none() | NAMES, about=TEXTS)
    def create(self, name, about):
        try:
            chat = self.do(self.store.create(name, Settings(role="code"), about=about))
        except InvalidParams:
            assert name in self.names
            return None
        assert chat.name not in self.names
        assert name is None or chat.name == name
        self.names[chat.name] = chat.id
        self.models[chat.id] = Model()
        self.learn(chat)
        return chat

    @rule(target=seen, chat=seen, role=ROLES, text=TEXTS)
    def add(self, chat, role, text):
        """Add behind what the client saw, which may be long gone."""
        if chat is None:
            return None
        self.clock.advance(1)
        try:
            added = self.do(self.store.add(chat, Message(role, text)))
        except NotFound:
            assert chat.id not in self.models
            return chat
        model = self.models[chat.id]
        parent = self.number(chat, chat.head)
        if parent == model.head:
            assert added.chat.id == chat.id
            assert not added.branched
            model.head = model.add(parent, role, text)
        elif role == "user":
            assert added.branched
            assert added.chat.name not in self.names
            branch = model.copy(parent)
            branch.head = branch.add(parent, role, text)
            self.models[added.chat.id] = branch
            self.names[added.chat.name] = added.chat.id
        else:
            assert not added.branched
            model.add(parent, role, text)
        self.learn(added.chat)
        return added.chat

    @rule(target=seen, chat=seen, choice=st.integers(min_value=0))
    def move(self, chat, choice):
        if chat is None or chat.id not in self.models:
            return None
        places = [None, *self.ids[chat.id]]
        head = places[choice % len(places)]
        self.models[chat.id].head = self.number(chat, head)
        return self.do(self.store.move(chat, head))

    @rule(target=seen, chat=seen, name=st.none() | NAMES)
    def fork(self, chat, name):
        if chat is None or chat.id not in self.models:
            return None
        try:
            made = self.do(self.store.fork(chat, name=name))
        except InvalidParams:
            assert name in self.names
            return None
        self.models[made.id] = self.models[chat.id].copy(self.number(chat, chat.head))
        self.names[made.name] = made.id
        self.learn(made)
        return made

    @rule(old=NAMES, new=NAMES)
    def rename(self, old, new):
        try:
            self.do(self.store.rename(old, new))
        except (NotFound, InvalidParams):
            assert old not in self.names or (new in self.names and new != old)
            return
        self.names[new] = self.names.pop(old)

    @rule(chat=consumes(seen))
    def delete(self, chat):
        name = next((name for name, ident in self.names.items() if chat and ident == chat.id), None)
        if name is None:
            return
        assert self.do(self.store.delete(name)) == len(self.models.pop(chat.id).turns)
        del self.names[name]

    @rule(target=seen, name=NAMES)
    def carry_over(self, name):
        """Export and import: the same conversation under another name."""
        if name not in self.names:
            return None
        chat = self.do(self.store.find(name))
        whole = portable.exported(chat, self.do(self.store.turns(chat)), self.do(self.store.summaries(chat)))
        own, how, copy = portable.imported(msgspec.json.encode(whole))
        made = self.do(self.store.restore(own, how, copy))
        assert made.settings == chat.settings
        twin = Model()
        twin.turns = dict(self.models[chat.id].turns)
        twin.head = self.models[chat.id].head
        self.models[made.id] = twin
        self.names[made.name] = made.id
        self.learn(made)
        return made

    @rule(words=TEXTS)
    def search(self, words):
        """Whatever is typed is looked for, and what is found is there."""
        for found in self.do(self.store.search(words, 50)):
            assert found.chat in self.names
            assert found.turn in self.models[self.names[found.chat]].turns

    @rule()
    def search_whole_turns(self):
        for chat in self.models.values():
            for _, _, text in chat.turns.values():
                if any(char.isalnum() for char in text) and "\x00" not in text:
                    assert self.do(self.store.search(text, 1)), text

    @rule()
    def open_again(self):
        self.do(self.store.aclose())
        self.open()

    @invariant()
    def same(self):
        assert {item.name for item in self.do(self.store.listed(1000))} == set(self.names)
        for name, ident in self.names.items():
            chat = self.do(self.store.find(name))
            model = self.models[ident]
            path = self.do(self.store.path(chat))
            assert [turn.number for turn in path] == model.path(model.head)
            turns = self.do(self.store.turns(chat))
            numbers = {turn.id: turn.number for turn in turns}
            assert {
                turn.number: (numbers.get(turn.parent), turn.role, turn.content) for turn in turns
            } == model.turns

    def teardown(self):
        self.do(self.store.aclose())
        assert not self.store.notices
        self.runner.close()
        self.folder.cleanup()


Chats.TestCase.settings = settings(
    max_examples=40, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)


class TestChats(Chats.TestCase):  # type: ignore[misc]
    """Run by pytest."""


@pytest.mark.parametrize("name", ["", " ", "-x", "a\nb", "x" * 81, "\x1b[2J"])
def test_a_name_that_could_mislead_is_refused(name, tmp_path):
    async def create():
        store = ChatStore(tmp_path / "chats.sqlite", clock=FakeClock())
        try:
            await store.create(name)
        finally:
            await store.aclose()

    with pytest.raises(InvalidParams, match="no name"):
        asyncio.run(create())
