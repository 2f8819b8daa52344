"""What can be done to a shelf by hand: look, change, carry away, clean, examine."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import msgspec

from isaacd.answers.figures import Collected, Finding, Item, Moved, Report
from isaacd.answers.shelf import Shelf
from isaacd.cache.entry import Entry
from isaacd.cache.keys import has_secret
from isaacd.cache.multilevel import MultiLevelCache
from isaacd.cache.packing import raw_value
from isaacd.errors import InvalidParams, NotFound

_LISTED = 20


class Care:
    """The hands of the `cache` commands; `shelf` is open."""

    def __init__(self, shelf: Shelf, now: float) -> None:
        self._shelf = shelf
        self._now = now

    def report(self) -> Report:
        """Return all figures."""
        shelf = self._shelf
        return Report(
            shelf.cache.get_stats(),
            tuple(shelf.savings.days()),
            tuple(shelf.warmer.get_hot_queries(10, min_count=2)),
            tuple(shelf.troubles),
        )

    @property
    def cache(self) -> MultiLevelCache:
        """The cache itself."""
        return self._shelf.cache

    async def clear(self, *, learned: bool) -> int:
        """Forget all entries, and what was learned if asked to; return how many entries there were."""
        if learned:
            self._shelf.warmer.clear()
            self._shelf.savings.clear()
        return await self._shelf.cache.clear()

    async def items(self, glob: str) -> list[Item]:
        """Return the newest entries whose keys match, without their values; at most 20."""
        found = [entry async for entry in self._shelf.cache.export(glob)]
        found.sort(key=lambda entry: -entry.stored_at)
        return [self._item(entry) for entry in found[:_LISTED]]

    async def item(self, key: str) -> Item:
        """Return one entry with its value; raises NotFound with the nearest keys."""
        near = []
        async for entry in self._shelf.cache.export():
            if entry.key == key:
                return self._item(entry, msgspec.msgpack.decode(raw_value(entry)))
            near.append(entry.key)
        from difflib import get_close_matches

        match = get_close_matches(key, near, 1)
        hint = f"did you mean {match[0]}?" if match else "isaacctl cache get lists the newest keys"
        raise NotFound(f"nothing is kept under {key!r}", hint=hint)

    async def set(self, key: str, value: str, ttl_s: float | None, tags: list[str]) -> None:
        """Keep a text; raises InvalidParams for a secret, or for a key that answers use."""
        if key.startswith("ai:"):
            raise InvalidParams("keys that begin with ai: belong to answers", hint="take another key")
        if has_secret(value) or has_secret(key):
            raise InvalidParams("this looks like a secret, and secrets are not kept")
        await self._shelf.cache.set(key, value, ttl_s, tags=tags)

    async def export(self, glob: str) -> AsyncIterator[str]:
        """Give one line of JSON for each entry; the value is Base64 of its msgpack."""
        async for entry in self._shelf.cache.export(glob):
            yield msgspec.json.encode(entry).decode() + "\n"

    async def import_(self, text: str) -> Moved:
        """Take the lines of an export in; what is not an entry is left out and counted."""
        refused = 0

        def entries() -> Iterator[Entry]:
            nonlocal refused
            for line in text.splitlines():
                if not line.strip():
                    continue
                try:
                    entry = msgspec.json.decode(line, type=Entry)
                    msgspec.msgpack.decode(raw_value(entry))
                except (msgspec.DecodeError, ValueError):
                    refused += 1
                else:
                    yield entry

        known = list(entries())
        kept = await self._shelf.cache.import_(known)
        return Moved(kept, len(known) - kept, refused)

    async def warm(self, top: int) -> tuple[int, int]:
        """Bring the hottest answers into memory; return how many were looked for and how many found."""
        done = await self._shelf.warmer.warmup_cache(self._shelf.bring, top)
        return done.tried, done.filled

    async def collect(self) -> Collected:
        """Remove what is expired or has no room; raises NotFound where answers are kept in no file."""
        if self._shelf.local is None:
            raise NotFound("there is no file to clean", hint="isaacctl cache doctor says why")
        done = await self._shelf.local.collect()
        return Collected(done.expired, done.evicted, done.freed_bytes)

    async def examine(self) -> list[Finding]:
        """Look for everything that can be wrong."""
        shelf = self._shelf
        found = [Finding("start", ok=False, detail=text) for text in shelf.troubles]
        if shelf.local is not None:
            wrong = await shelf.local.check()
            found.append(Finding("file", wrong is None, wrong or f"{shelf.file} is sound"))
            mode = shelf.file.stat().st_mode & 0o777
            found.append(Finding("mode", mode == 0o600, f"{shelf.file} has mode {mode:o}"))
        stores = shelf.cache.get_stats().stores
        found += [Finding(item.name, item.writable and item.state == "ok", item.state) for item in stores]
        if not stores:
            found.append(Finding("disk", ok=False, detail="answers are kept in memory only"))
        return found

    def _item(self, entry: Entry, value: Any = None) -> Item:
        expires_s = None if entry.expires_at is None else entry.expires_at - self._now
        return Item(
            entry.key, entry.kind, self._now - entry.stored_at, expires_s, entry.size_bytes, entry.tags, value
        )
