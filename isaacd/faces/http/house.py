"""What all connections of HTTP share: who answers for whom, the tokens, and what has to be there before the first one."""

import itertools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from isaacd.ai.router import AIRouter
from isaacd.answers.answers import Answers
from isaacd.answers.telling import Telling
from isaacd.clock import Clock
from isaacd.config import Config
from isaacd.context import Services
from isaacd.faces.http.completions import Question
from isaacd.faces.http.reply import date_of
from isaacd.log import Log
from isaacd.tokens.book import TokenBook

if TYPE_CHECKING:
    from isaacd.faces.http.ports import Session, Shared

# Keys may be stored at any time; who may answer is looked at anew this often.
LOOK_AGAIN_S = 1.0
CONFIG_S = 0.02
_MAX_CALLERS = 256
_MAX_HELD = 64
_MAX_HELD_BYTES = 8 * 1024


class Questions:
    """Bodies that were read not long ago: programs ask the same again and again, and the answer is kept then."""

    def __init__(self) -> None:
        self._held: dict[bytes, Question] = {}

    def get(self, body: bytes) -> Question | None:
        """Return what this very body asks."""
        return self._held.get(body)

    def put(self, body: bytes, question: Question) -> Question:
        """Remember what a body asks, unless that would take much room."""
        if len(body) <= _MAX_HELD_BYTES:
            if len(self._held) >= _MAX_HELD:
                del self._held[next(iter(self._held))]
            self._held[body] = question
        return question


class _Seen(msgspec.Struct):
    """What one caller asks, and since when it is so."""

    answers: Answers
    router: AIRouter
    config: Config
    at: float


class House:
    """Shared by all connections; `open` has to be awaited before the first request is let in."""

    def __init__(self, shared: "Shared") -> None:
        self.shared = shared
        self.services: Services = shared.services
        self.log: Log = shared.services.log
        self.clock: Clock = shared.services.clock
        self.sessions: set[Session] = set()
        self.is_open = False
        self.questions = Questions()
        self.mcp: Any = None  # the sessions of hosts, once there is the first
        self._seen: dict[str, _Seen] = {}
        self._numbers = itertools.count(1)
        self._dated_at, self._date = -1, ""
        self._config: Config | None = None
        self._config_at = 0.0

    @property
    def tokens(self) -> TokenBook:
        """The tokens of programs."""
        return self.services.tokens

    @property
    def config(self) -> Config:
        """The configuration; nobody who asks here can lay anything over it. Many requests at once look at its file once."""
        now = self.clock.monotonic()
        if self._config is None or not 0 <= now - self._config_at < CONFIG_S:
            self._config, self._config_at = self.services.loaded({}, ()).config, now
        return self._config

    def new_name(self) -> str:
        """Name a request, so that no other of this machine is called so."""
        return f"{self.shared.traces.prefix}h{next(self._numbers):x}"

    def date(self) -> str:
        """Return the time as answers tell it; it is written once a second."""
        now = int(self.clock.now())
        if now != self._dated_at:
            self._dated_at, self._date = now, date_of(now)
        return self._date

    async def open(self) -> None:
        """Wait for the list of tokens, and for the plugins that could be providers."""
        if self.is_open:
            return
        await self.tokens.open()
        wait = self.shared.catalog.waiting()
        if wait is not None:
            await wait()
        if not self.is_open:
            self.is_open = True
            self.tokens.on_revoked(self._revoked)

    def answers(self, caller: str) -> Answers:
        """Return who answers a caller."""
        return self._of(caller).answers

    def router(self, caller: str) -> AIRouter:
        """Return the router of a caller."""
        return self._of(caller).router

    def _of(self, caller: str) -> _Seen:
        config, now = self.config, self.clock.monotonic()
        seen = self._seen.get(caller)
        if seen is not None and seen.config is config and now - seen.at < LOOK_AGAIN_S:
            return seen
        if len(self._seen) >= _MAX_CALLERS:
            self._seen.clear()
        # What a program sends is all that it wants said: no instructions of ours come before it.
        ai = msgspec.structs.replace(config.ai, system="")
        router = self.services.router(msgspec.structs.replace(config, ai=ai), self._environ, caller)
        telling = Telling(caller, lambda: self.services.ledger, self.services.publish)
        answers = Answers(
            router,
            self.services.shelf,
            config.cache,
            clock=self.clock,
            on_hit=telling.hit,
            on_answer=telling.answered,
            learns=False,  # what programs ask says nothing of what a person will
        )
        seen = self._seen[caller] = _Seen(answers, router, config, now)
        return seen

    @property
    def _environ(self) -> Mapping[str, str]:
        return self.services.environ

    def _revoked(self, token: str) -> None:
        for session in tuple(self.sessions):
            session.revoked(token)
