"""Conversations as one caller has them: the store, who answers, and the roles of the person."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

import msgspec

from isaacd.chats import portable
from isaacd.chats.cards import Listed, RoleCard, TurnCard
from isaacd.chats.dialogue import Answers, Dialogue, Show
from isaacd.chats.roles import all_roles, find_role
from isaacd.chats.store import ChatStore
from isaacd.chats.turn import Chat, Settings
from isaacd.config import ChatConfig
from isaacd.errors import NotFound

Format = Literal["md", "json"]


class Conversations:
    """What commands do with conversations; `roles` is the folder of the person's own roles."""

    def __init__(
        self,
        store: ChatStore,
        answers: Callable[[], Answers],
        config: ChatConfig,
        *,
        roles: Path,
        variables: Mapping[str, str],
        tell: Show,
    ) -> None:
        self.store = store
        self._answers = answers
        self._config = config
        self._roles = roles
        self._variables = variables
        self._tell = tell

    async def roles(self) -> list[RoleCard]:
        """Return all roles."""
        return await all_roles(self._roles)

    async def role(self, name: str) -> RoleCard:
        """Return one role; raises NotFound or ConfigInvalid."""
        return await find_role(self._roles, name)

    async def dialogue(
        self,
        *,
        name: str | None = None,
        last: bool = False,
        role: str | None = None,
        model: str | None = None,
    ) -> Dialogue:
        """Open the conversation of that name, or the `last` one, or begin one; role and model hold from now on."""
        chat = await self._chat(name, last=last)
        dialogue = Dialogue(
            self.store,
            self._answers(),
            self._config,
            tell=self._tell,
            variables=self._variables,
            chat=chat,
            name=name,
        )
        if role is not None:
            await self.take_role(dialogue, role)
        if model is not None:
            await dialogue.lead(msgspec.structs.replace(dialogue.settings, model=model))
        return dialogue

    async def take_role(self, dialogue: Dialogue, name: str) -> RoleCard:
        """Let a conversation go on in a role."""
        role = await self.role(name)
        await dialogue.lead(
            Settings(
                role=role.name,
                system=role.text,
                model=role.model or dialogue.settings.model,
                temperature=role.temperature,
            )
        )
        return role

    async def shown(self, name: str | None, *, every: bool = False) -> list[TurnCard]:
        """Return the turns of a conversation (None: the last one), with `every` those on other branches too."""
        chat = await self.one(name)
        turns = await (self.store.turns(chat) if every else self.store.path(chat))
        numbers = {turn.id: turn.number for turn in turns}
        return [
            TurnCard(
                number=turn.number,
                follows=None if turn.parent is None else numbers[turn.parent],
                role=turn.role,
                text=turn.content,
                at=turn.at,
                by="/".join(part for part in (turn.source.provider, turn.source.model) if part),
                broken=turn.source.broken,
            )
            for turn in turns
        ]

    async def exported(self, name: str | None, form: Format) -> str:
        """Write a conversation as Markdown (the branch it is on) or JSON (everything)."""
        chat = await self.one(name)
        if form == "md":
            return portable.to_markdown(chat, await self.store.path(chat))
        whole = portable.exported(chat, await self.store.turns(chat), await self.store.summaries(chat))
        return msgspec.json.format(msgspec.json.encode(whole), indent=2).decode() + "\n"

    async def imported(self, text: str, name: str | None = None) -> Chat:
        """Take in what was exported as JSON, here or by another program; a name that is taken gets a number."""
        own, settings, copy = portable.imported(text, self.store.now())
        return await self.store.restore(name or own, settings, copy)

    async def fork(self, name: str | None, at: int | None, new: str | None) -> Chat:
        """Copy a conversation up to the turn of number `at` into a new one; raises NotFound if either is not there."""
        chat = await self.one(name)
        if at is None:
            return await self.store.fork(chat, name=new)
        for turn in await self.store.turns(chat):
            if turn.number == at:
                return await self.store.fork(chat, turn.id, new)
        raise NotFound(f"{chat.name} has no turn {at}", hint=f"see: isaacctl chat show {chat.name}")

    async def one(self, name: str | None) -> Chat:
        """Return a conversation by its name, or the one that was used last; raises NotFound."""
        try:
            chat = await (self.store.latest() if name is None else self.store.find(name))
        finally:
            await self._warn()
        if chat is None:
            raise NotFound("there is no conversation yet", hint="begin one: isaacctl chat")
        return chat

    async def listed(self, limit: int) -> list[Listed]:
        """Return the conversations used last."""
        found = await self.store.listed(limit)
        await self._warn()
        return found

    async def _warn(self) -> None:
        """Say what has become of the file; before its first use nobody knows."""
        for notice in self.store.notices:
            await self._tell(notice)

    async def _chat(self, name: str | None, *, last: bool) -> Chat | None:
        if name is not None:
            try:
                return await self.one(name)
            except NotFound:
                return None  # it begins with its first question
        return await self.one(None) if last else None
