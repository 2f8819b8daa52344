"""CacheWarmer: learns which queries come again and which come next, and has their answers ready in memory."""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import msgspec

from isaacd.cache.hot import HotQueries, HotQuery
from isaacd.cache.journal import Journal
from isaacd.cache.predictor import Guess, Learned, Predictor, line_of, nothing_known

Generator = Callable[[str], Awaitable[object]]
Price = Callable[[str], float | None]

# A snapshot this often keeps the journal, and with it the next start, short.
_RECORDS_A_SNAPSHOT = 2_000
_MAX_QUERY_CHARS = 4_096


class Warmed(msgspec.Struct, frozen=True):
    """What a warm-up did: how many queries it looked at, filled, and left out for the money; what it spent in USD."""

    tried: int = 0
    filled: int = 0
    too_dear: int = 0
    spent_usd: float = 0.0


class _State(msgspec.Struct, array_like=True):
    hot: HotQueries
    learned: Learned


def free(_: str) -> float | None:
    """Price a query that is answered on this machine."""
    return 0.0


class CacheWarmer:
    """Learns from each query; a query is any text that is asked again: a cache key, a command line.

    With a `path` what was learned outlives the process, also one that is killed. `history` off keeps nothing and
    removes what was kept. `target` is what `predict` says of the next query, by default all of it.
    """

    def __init__(
        self, path: Path | None = None, *, history: bool = True, target: Callable[[str], str] = line_of
    ) -> None:
        self._journal = Journal(path) if path is not None else None
        self._history = history
        self._target = target
        if not history and self._journal is not None:
            self._journal.erase()
        self._start()

    def track_query(self, query: str, session: str = "", place: str = "") -> None:
        """Learn that `query` was asked in `session` at `place`, a directory; one that is very long is not learned."""
        if not self._history or len(query) > _MAX_QUERY_CHARS:
            return
        self._learn(query, session, place)
        if self._journal is not None:
            self._journal.append([query, session, place])
            if self._journal.records >= _RECORDS_A_SNAPSHOT:
                self.save()

    def get_hot_queries(
        self, top_n: int = 100, min_count: int = 1, recency_weight: float = 0.5
    ) -> list[HotQuery]:
        """Return the queries most worth having ready, the hottest first."""
        return self._hot.top(top_n, min_count, recency_weight)

    def predict(
        self, context: Sequence[str] | None = None, n: int = 5, *, session: str = "", place: str = ""
    ) -> list[Guess]:
        """Return what probably comes next after the queries `context`, or after the session's own last ones."""
        return self._predictor.predict(n, session, place, context)

    async def warmup_cache(
        self, generator: Generator, top_n: int = 100, *, price: Price = free, budget_usd: float = 0.0
    ) -> Warmed:
        """Have `generator` make the answers of the hottest queries, the hottest last so that it is the newest.

        `generator` returns None for what it cannot make; it is never called for a query whose `price` is unknown
        (None) or would go beyond `budget_usd` in sum. What it raises passes through.
        """
        hottest = [item.query for item in self.get_hot_queries(top_n)]
        return await self._fill(hottest, generator, price, budget_usd)

    async def warm_ahead(
        self, generator: Generator, n: int = 3, *, session: str = "", least: float = 0.05
    ) -> Warmed:
        """Have `generator`, which must cost nothing, make the answers that are probably asked for next."""
        likely = [item.item for item in self.predict(n=n, session=session) if item.probability >= least]
        return await self._fill(likely, generator, free, 0.0)

    def forget(self, query: str) -> None:
        """Forget a query: it was a mistake, or its answer is gone."""
        self._hot.forget(query)
        self._predictor.forget(self._target(query))
        self.save()

    def save(self) -> None:
        """Write a snapshot; without one, the journal is replayed at the next start."""
        if self._journal is not None and self._history:
            self._journal.replace(msgspec.msgpack.encode(_State(self._hot, self._predictor.known)))

    def clear(self) -> None:
        """Forget everything, on the disk too."""
        if self._journal is not None:
            self._journal.erase()
        self._begin(_State(HotQueries(), nothing_known()))

    def close(self) -> None:
        """Save, and let go of the files."""
        if self._journal is not None and self._journal.records:
            self.save()
        if self._journal is not None:
            self._journal.close()

    def _start(self) -> None:
        state = None
        kept = self._journal.snapshot() if self._journal is not None and self._history else None
        if kept is not None:
            try:
                state = msgspec.msgpack.decode(kept, type=_State)
            except msgspec.DecodeError:
                # Another version's or damaged: what comes next is learned anew.
                state = None
        self._begin(state or _State(HotQueries(), nothing_known()))
        if self._journal is not None and self._history:
            for record in self._journal.replay():
                if len(record) == 3:
                    self._learn(*record)

    def _begin(self, state: _State) -> None:
        self._hot = state.hot
        self._predictor = Predictor(self._target, state.learned)

    def _learn(self, query: str, session: str, place: str) -> None:
        self._hot.track(query)
        self._predictor.observe(query, session, place)

    async def _fill(
        self, queries: Sequence[str], generator: Generator, price: Price, budget_usd: float
    ) -> Warmed:
        affordable = []
        spent = 0.0
        for query in queries:
            cost = price(query)
            if cost is not None and spent + cost <= budget_usd:
                spent += cost
                affordable.append(query)
        filled = 0
        for query in reversed(affordable):
            if await generator(query) is not None:
                filled += 1
        return Warmed(len(queries), filled, len(queries) - len(affordable), spent)
