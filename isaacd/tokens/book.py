"""The tokens that there are: only hashes of them, looked up in memory, kept in a private file."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import aiosqlite
import anyio
import msgspec

from isaacd.clock import Clock
from isaacd.database import Database, Schema
from isaacd.errors import InvalidParams, IsaacError, NotFound, PermissionDenied
from isaacd.log import Log
from isaacd.tokens.cards import NewToken, TokenCard
from isaacd.tokens.grant import Grant
from isaacd.tokens.scope import parse_scopes

FILE_NAME = "tokens.sqlite"
TOKEN_BYTES = 32
PREFIX = "isaac_"
MAX_TOKENS = 1000
# A token in use is noted as used at most this often.
NOTE_USE_S = 60.0
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}\Z")
# Callers that are no tokens: budgets and reports would take one for the other.
RESERVED = frozenset({"isaacctl", "isaacd", "socket", "http", "mcp", "schedules", "admin"})
_HOW = "isaacctl token new makes one"
_LONGEST = len(PREFIX) + 2 * TOKEN_BYTES

_SCHEMA = Schema(
    what="the list of tokens",
    number=21,
    versions=(
        (
            """CREATE TABLE tokens (
                name TEXT PRIMARY KEY, digest BLOB NOT NULL UNIQUE, scopes TEXT NOT NULL,
                created_at REAL NOT NULL, expires_at REAL, used_at REAL
            ) STRICT, WITHOUT ROWID""",
        ),
    ),
)


class _Held(msgspec.Struct):
    """One token, by its digest."""

    digest: bytes
    grant: Grant
    created_at: float
    expires_at: float | None
    used_at: float | None
    noted_at: float | None


class TokenBook:
    """All tokens of one daemon, which alone writes their file.

    `open` has to be awaited before the first `check`, which then waits for nothing; until it has been, nobody is let
    in. What `new` and `revoke` have done counts at once, and is on disk when they return.
    """

    def __init__(
        self,
        file: Path,
        *,
        clock: Clock,
        log: Log,
        spawn: Callable[..., Any],
        random: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self._database = Database(file, _SCHEMA, clock=clock, log=log)
        self._clock = clock
        self._log = log
        self._spawn = spawn
        self._random = random
        self._by_digest: dict[bytes, _Held] = {}
        self._is_open = False
        self._opening = anyio.Lock()
        self._told: list[Callable[[str], None]] = []

    async def open(self) -> None:
        """Read the file, if that has not been done; raises StorageUnavailable if it cannot be read."""
        if self._is_open:
            return
        async with self._opening:  # who waited here finds it done
            if not self._is_open:
                await self._read()
                await self._database.aclose()  # it is seldom changed, and opens itself for that
                self._is_open = True

    async def _read(self) -> None:
        rows = await self._database.read(
            "SELECT name, digest, scopes, created_at, expires_at, used_at FROM tokens"
        )
        for name, digest, scopes, created_at, expires_at, used_at in rows:
            with suppress(InvalidParams):  # a scope that this version does not know lets nobody in
                grant = Grant(name, parse_scopes(scopes.split()))
                self._by_digest[digest] = _Held(digest, grant, created_at, expires_at, used_at, used_at)

    def check(self, token: str) -> Grant:
        """Return what somebody with this token may do; raises PermissionDenied if that is nothing.

        It takes the same time whatever is wrong with the token, and what it raises tells nothing but that it is no good.
        """
        digest = _digest(token)
        held = self._by_digest.get(digest)
        # The digest of what was sent tells nothing of how near it came, and the comparison takes one time for all.
        is_known = hmac.compare_digest(digest, bytes(32) if held is None else held.digest)
        if held is None or not is_known:
            raise PermissionDenied("this token is not known, or was revoked", hint=_HOW)
        now = self._clock.now()
        if held.expires_at is not None and held.expires_at <= now:
            raise PermissionDenied(f"the token {held.grant.name} has expired", hint=_HOW)
        held.used_at = now
        if held.noted_at is None or not 0 <= now - held.noted_at < NOTE_USE_S:
            held.noted_at = now
            self._spawn(self._note_use, held)
        return held.grant

    async def new(self, name: str, scopes: Sequence[str], life_s: float | None) -> NewToken:
        """Make a token; raises InvalidParams for a name that is taken or none, for scopes that are none, or too many."""
        await self.open()
        if not _NAME.match(name):
            raise InvalidParams(
                f"{name[:80]!r} is no name for a token",
                hint="take a-z, 0-9, dots, dashes and underscores, at most 40",
            )
        if name in RESERVED:
            raise InvalidParams(f"a token cannot be called {name}: reports name another caller so")
        kept = parse_scopes(scopes)
        if any(held.grant.name == name for held in self._by_digest.values()):
            raise InvalidParams(
                f"there is a token {name} already", hint=f"isaacctl token revoke {name}, or take another name"
            )
        if len(self._by_digest) >= MAX_TOKENS:
            raise InvalidParams(f"there are {MAX_TOKENS} tokens already", hint="revoke some of them")
        now = self._clock.now()
        expires_at = None if life_s is None else now + life_s
        token = PREFIX + self._random(TOKEN_BYTES).hex()
        digest = _digest(token)

        async def step(connection: aiosqlite.Connection) -> None:
            await connection.execute("DELETE FROM tokens WHERE name = ?", (name,))  # of a scope unknown to us
            await connection.execute(
                "INSERT INTO tokens (name, digest, scopes, created_at, expires_at) VALUES (?, ?, ?, ?, ?)",
                (name, digest, " ".join(kept), now, expires_at),
            )

        await self._database.write(step)
        self._by_digest[digest] = _Held(digest, Grant(name, kept), now, expires_at, None, None)
        self._log.info("a capability was granted", name=name, scopes=list(kept))
        return NewToken(name=name, scopes=kept, expires_at=expires_at, token=token)

    async def cards(self) -> list[TokenCard]:
        """Describe all tokens, by name."""
        await self.open()
        now = self._clock.now()
        return [
            TokenCard(
                name=held.grant.name,
                scopes=held.grant.scopes,
                state="expired" if held.expires_at is not None and held.expires_at <= now else "valid",
                created_at=held.created_at,
                expires_at=held.expires_at,
                used_at=held.used_at,
            )
            for held in sorted(self._by_digest.values(), key=lambda held: held.grant.name)
        ]

    async def revoke(self, name: str) -> None:
        """Make a token good for nothing, at once and for good; raises NotFound if there is none of this name.

        It counts for this daemon even if the file cannot be written, of which StorageUnavailable then tells.
        """
        await self.open()
        held = next((held for held in self._by_digest.values() if held.grant.name == name), None)
        if held is None:
            raise NotFound(f"there is no token {name[:80]!r}", hint="isaacctl token list shows them")
        del self._by_digest[held.digest]
        for tell in tuple(self._told):
            tell(name)
        self._log.info("a capability was revoked", name=name)
        await self._database.execute("DELETE FROM tokens WHERE name = ?", (name,))

    def on_revoked(self, tell: Callable[[str], None]) -> None:
        """Have `tell` called with the name of each token that is revoked, to end what is under way for it."""
        self._told.append(tell)

    async def _note_use(self, held: _Held) -> None:
        """Keep when a token was last used; that it cannot be kept is no reason to refuse anybody."""
        with suppress(IsaacError):
            await self._database.execute(
                "UPDATE tokens SET used_at = ? WHERE digest = ?", (held.used_at, held.digest)
            )

    async def aclose(self) -> None:
        """Let go of the file."""
        await self._database.aclose()


def _digest(token: str) -> bytes:
    # What is no token is not worth more than a moment's work.
    return hashlib.sha256(token[: _LONGEST + 1].encode("utf-8", "surrogatepass")).digest()
