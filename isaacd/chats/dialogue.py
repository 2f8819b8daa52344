"""Dialogue: one conversation going on, turn by turn; whatever happens to an answer, the question is kept."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

import anyio
import msgspec

from isaacd.ai.chat import Answer, Attachment, Message, TextDelta
from isaacd.answers.asking import Asking
from isaacd.chats.cards import Tokens
from isaacd.chats.roles import filled
from isaacd.chats.store import ChatStore
from isaacd.chats.turn import Chat, Settings, Source, Turn
from isaacd.chats.window import Fit, Window, limit_of
from isaacd.config import ChatConfig
from isaacd.errors import InvalidParams, IsaacError, NotFound

if TYPE_CHECKING:
    from isaacd.ai.router import PieceStream

_SUMMARISE = (
    "Summarise the conversation that follows for somebody who has to continue it: what was asked, what was found and "
    "decided, names, numbers, commands and open questions. At most {words} words, no introduction."
)
_STOPPED = "stopped"


class Answers(Protocol):
    """Whoever answers."""

    def stream(self, messages: Sequence[Message], asking: Asking | None = None) -> "PieceStream":
        """Answer piece by piece."""
        ...


Show = Callable[[str], Awaitable[None]]


class Dialogue:
    """A conversation and the one who answers in it.

    It is stored from its first question on: before that `chat` is None, and `name` what it will be called. `tell` gets
    what the person has to know beside the answer. `variables` are those of roles.
    """

    def __init__(
        self,
        store: ChatStore,
        answers: Answers,
        config: ChatConfig,
        *,
        tell: Show,
        variables: Mapping[str, str],
        chat: Chat | None = None,
        name: str | None = None,
        settings: Settings | None = None,
    ) -> None:
        self.chat = chat
        self.name = chat.name if chat is not None else name
        self.settings = settings or (chat.settings if chat is not None else Settings())
        self._store = store
        self._answers = answers
        self._config = config
        self._tell = tell
        self._variables = variables

    async def ask(
        self, text: str, show: Show, attachments: Sequence[Attachment] = (), files: Sequence[str] = ()
    ) -> Answer:
        """Ask, show the answer as it comes, and keep both; raises what the provider raises.

        `files` are where the attachments come from: large ones are read there again for the next question.
        """
        if self.chat is None:
            self.chat = await self._created(text)
        before = self.chat
        added = await self._store.add(before, Message("user", text, tuple(attachments)), files=files)
        self._at(added.chat)
        if added.branched:
            await self._tell(
                f"{before.name!r} went on elsewhere meanwhile; this branch of it is called {added.chat.name!r}"
            )
            await self._store.lead(self._begun(), self.settings)
        return await self._reply(show, "normal")

    async def retry(self, show: Show) -> Answer:
        """Ask the last question again, whether it was answered or not; an earlier answer stays on its own branch."""
        question = await self._last_question()
        self._at(await self._store.move(self._begun(), question.id))
        return await self._reply(show, "refresh")

    async def edit(self, text: str, show: Show) -> Answer:
        """Ask something else in place of the last question."""
        question = await self._last_question()
        self._at(await self._store.move(self._begun(), question.parent))
        return await self.ask(text, show)

    async def undo(self) -> str:
        """Go back to before the last question and return it; it stays on its own branch."""
        question = await self._last_question()
        self._at(await self._store.move(self._begun(), question.parent))
        return question.content

    async def last_question(self) -> str:
        """Return the last question; raises NotFound if there is none."""
        return (await self._last_question()).content

    async def waits(self) -> bool:
        """Tell whether the last question has no whole answer."""
        turns = await self.turns()
        return bool(turns) and (turns[-1].role != "assistant" or turns[-1].source.broken is not None)

    async def branch(self, name: str | None) -> None:
        """Go on in a copy of the conversation."""
        self._at(await self._store.fork(self._begun(), name=name))

    async def save(self, name: str) -> None:
        """Give the conversation a name."""
        if self.chat is None:
            self.name = name
        else:
            self._at(await self._store.rename(self.chat.name, name))

    async def lead(self, settings: Settings) -> None:
        """Change the role, the model or the instructions from the next question on."""
        if self.chat is not None:
            self.chat = await self._store.lead(self.chat, settings)
        self.settings = settings

    async def turns(self) -> list[Turn]:
        """Return the turns so far."""
        return await self._store.path(self.chat) if self.chat is not None else []

    async def tokens(self) -> Tokens:
        """Say how long the conversation is."""
        fit = await self._fit()
        return Tokens(
            tokens=fit.tokens,
            limit=fit.limit,
            turns=len(await self.turns()),
            summarised=bool(fit.summary),
            left_out=len(fit.dropped),
        )

    async def _fit(self) -> Fit:
        turns = await self.turns()
        summaries = await self._store.summaries(self.chat) if self.chat is not None else {}
        return self._window(turns).fit(self._system(), turns, summaries)

    async def _created(self, text: str) -> Chat:
        """Begin the conversation; if another client was faster with its name, what is said here will branch off."""
        try:
            return await self._store.create(self.name, self.settings, about=text)
        except InvalidParams as taken:
            try:
                found = await self._store.find(self.name or "")
            except NotFound:
                raise taken from None
            return msgspec.structs.replace(found, head=None)

    async def _reply(self, show: Show, use: str) -> Answer:
        with self._store.answering(self._begun().head):
            return await self._answer(show, use)

    async def _answer(self, show: Show, use: str) -> Answer:
        chat = self._begun()
        fit = await self._fitted()
        text: list[str] = []
        try:
            asking = Asking(
                model=self.settings.model,
                temperature=self.settings.temperature,
                conversation=f"chat-{chat.id}-{chat.created_at:.0f}",
                cheap=False,
                use="refresh" if use == "refresh" else "normal",
            )
            async with self._answers.stream(fit.messages, asking) as stream:
                async for piece in stream:
                    if isinstance(piece, TextDelta):
                        text.append(piece.text)
                        await show(piece.text)
                answer = stream.answer
            assert answer is not None, "a stream that ends without an answer raises"
        except BaseException as error:
            reason = error.message if isinstance(error, IsaacError) else _STOPPED
            with suppress(IsaacError):  # that one is told, not what follows from it
                await self._keep(Message("assistant", "".join(text)), Source(broken=reason))
            raise
        message = Message("assistant", answer.text, tool_calls=answer.tool_calls, reasoning=answer.reasoning)
        await self._keep(message, Source.of(answer))
        return answer

    async def _keep(self, message: Message, source: Source) -> None:
        """Store an answer, even while everything else is being stopped; of nothing, nothing is kept."""
        if not message.content and not message.tool_calls:
            return
        with anyio.CancelScope(shield=True):
            self._at((await self._store.add(self._begun(), message, source)).chat)

    async def _fitted(self) -> Fit:
        fit = await self._fit()
        if not fit.dropped:
            return fit
        if fit.summarise:
            try:
                await self._tell(
                    f"summarising {_turns(fit)}, because the conversation is too long for the model"
                )
                summary = await self._summary(fit)
                await self._store.summarise(fit.dropped[-1], summary)
                return await self._fit()
            except IsaacError as error:
                await self._tell(f"no summary could be made ({error.message})")
        await self._tell(f"left out {_turns(fit)}: the conversation is too long for the model")
        return fit

    async def _summary(self, fit: Fit) -> str:
        told = [f"Summary so far: {fit.summary}"] if fit.summary else []
        told += [f"{turn.role}: {turn.content}" for turn in fit.dropped]
        # Should it be too long even for this, its middle is the least.
        transcript = _shortened("\n\n".join(told), (fit.limit - fit.summary_tokens) * 2)
        instructions = _SUMMARISE.format(words=fit.summary_tokens // 2)
        asking = Asking(model=self.settings.model, max_tokens=fit.summary_tokens, cheap=False, use="none")
        messages = [Message("system", instructions), Message("user", transcript)]
        async with self._answers.stream(messages, asking) as stream:
            text = "".join([piece.text async for piece in stream if isinstance(piece, TextDelta)])
        return _shortened(text.strip(), fit.summary_tokens * 4)

    def _window(self, turns: Sequence[Turn]) -> Window:
        answered = (turn.source.model for turn in reversed(turns) if turn.source.model)
        model = self.settings.model or next(answered, None)
        return Window(limit_of(self._config.context_tokens, model), self._config.overflow)

    def _system(self) -> str | None:
        return filled(self.settings.system, self._variables) if self.settings.system else None

    async def _last_question(self) -> Turn:
        for turn in reversed(await self.turns()):
            if turn.role == "user":
                return turn
        raise NotFound("there is no question in this conversation yet")

    def _begun(self) -> Chat:
        if self.chat is None:
            raise NotFound("there is no question in this conversation yet")
        return self.chat

    def _at(self, chat: Chat) -> None:
        self.chat = msgspec.structs.replace(chat, settings=self.settings)
        self.name = chat.name


def _turns(fit: Fit) -> str:
    count = len(fit.dropped)
    return f"the oldest {count} turns" if count > 1 else "the oldest turn"


def _shortened(text: str, chars: int) -> str:
    if len(text) <= chars:
        return text
    half = max(1, chars // 2)
    return f"{text[:half]} … {text[-half:]}"
