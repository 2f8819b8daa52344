"""Says which command probably comes next: sequences of none to three before it and the place, of this session and of all."""

from collections.abc import Callable, Iterator, Sequence
from hashlib import blake2b
from heapq import nlargest

import msgspec

from isaacd.cache.counts import Table
from isaacd.cache.mixture import Mixture, Opinion

ORDERS = 3
_SESSION_DECAY = 0.9
_SHARED_DECAY = 0.98
_SESSIONS = 64
_SESSION_CONTEXTS = 1_000
_SHARED_CONTEXTS = 12_000
_ITEMS = 64
_SEPARATOR = "\x1f"


def name_of(line: str) -> str:
    """Return the first word of a command line."""
    return line.split(None, 1)[0] if line.strip() else ""


def line_of(line: str) -> str:
    """Return a whole command line, without blanks around it."""
    return line.strip()


class Guess(msgspec.Struct, frozen=True):
    """Something that may come next; probabilities of all guesses add up to at most 1."""

    item: str
    probability: float


class Session(msgspec.Struct, array_like=True):
    """What one shell has done: its last lines, and a table of its own."""

    table: Table
    last: list[str] = []


class Learned(msgspec.Struct, array_like=True):
    """All that a predictor has learned; plain data that can be written down."""

    shared: Table
    mixture: Mixture
    sessions: dict[str, Session] = {}


def nothing_known() -> Learned:
    """Return what is known at first."""
    return Learned(Table(_SHARED_DECAY, _SHARED_CONTEXTS, _ITEMS), Mixture())


class Predictor:
    """Learns from one line after another, and predicts the next by `target` (its name, or the whole line).

    A session is any stream of lines that belong together: a shell, or a user. What a session did itself and what all
    sessions did are separate experts, for each order of context. The hour of the day is no context: on the sessions of
    perf/replay_next.py it changed nothing.
    """

    def __init__(self, target: Callable[[str], str] = line_of, known: Learned | None = None) -> None:
        self._target = target
        self.known = known or nothing_known()

    def observe(self, line: str, session: str = "", place: str = "") -> None:
        """Learn from a line, and from whether it had been expected; `place` is the directory it was typed in."""
        item = self._target(line)
        state = self._session(session)
        contexts = tuple(_contexts(state.last, place))
        opinions = self._opinions(contexts, state.table)
        if opinions:
            self.known.mixture.learn(opinions, item)
        for context in contexts:
            state.table.add(context, item)
            self.known.shared.add(context, item)
        state.last = [*state.last, line_of(line)][-ORDERS:]

    def predict(
        self, count: int = 5, session: str = "", place: str = "", last: Sequence[str] | None = None
    ) -> list[Guess]:
        """Return the most probable next items, best first; `last` replaces the session's own last lines."""
        state = self.known.sessions.get(session)
        lines = (
            [line_of(line) for line in last][-ORDERS:] if last is not None else state.last if state else []
        )
        opinions = self._opinions(tuple(_contexts(lines, place)), state.table if state else None)
        mixed = self.known.mixture.blend(opinions) if opinions else {}
        return [
            Guess(item, share) for item, share in nlargest(count, mixed.items(), key=lambda pair: pair[1])
        ]

    def forget(self, item: str) -> None:
        """Never guess `item` again, until it comes anew."""
        self.known.shared.forget(item)
        for state in self.known.sessions.values():
            state.table.forget(item)

    def _session(self, name: str) -> Session:
        sessions = self.known.sessions
        found = sessions.pop(name, None) or Session(Table(_SESSION_DECAY, _SESSION_CONTEXTS, _ITEMS))
        sessions[name] = found
        if len(sessions) > _SESSIONS:
            sessions.pop(next(iter(sessions)))
        return found

    def _opinions(self, contexts: Sequence[str], own: Table | None) -> list[Opinion]:
        found = []
        for number, context in enumerate(contexts):
            for scope, table in enumerate((own, self.known.shared)):
                counts = table.get(context) if table is not None else None
                if counts is not None and counts.total > 0:
                    found.append(Opinion(2 * number + scope, counts))
        return found


def _contexts(last: Sequence[str], place: str) -> Iterator[str]:
    """Give the keys of all contexts: none, one to three lines, one and two names, the place, the place and a line.

    Where a session is younger than an order, its beginning is the context. Keys are hashes, so that a long line weighs
    no more than a short one.
    """
    yield ""
    for order in range(1, ORDERS + 1):
        yield _key("lines" if len(last) >= order else "first lines", order, last[-order:])
    for order in (1, 2):
        names = [name_of(line) for line in last[-order:]]
        yield _key("names" if len(last) >= order else "first names", order, names)
    if place:
        yield _key("place", 0, (place,))
        yield _key("place", 1, (place, *last[-1:]))


def _key(kind: str, order: int, parts: Sequence[str]) -> str:
    text = _SEPARATOR.join((kind, str(order), *parts))
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
