"""A plugin's state: values by key that outlive the daemon, changed one at a time or several at once."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeVar, overload

import anyio
import msgspec

from isaacd.belongings.ports import StateKeeper
from isaacd.errors import InvalidParams, Overloaded, PluginFailed

MAX_KEY_CHARS = 512
_ROWS_A_PIECE = 256
_TRIES = 50
_PATIENCE_S = 5.0

T = TypeVar("T")
D = TypeVar("D")


class State:
    """The state of one plugin, durable once a call has returned.

    Values are whatever msgspec can encode: they come back as plain data, or as the type that is asked for. All methods
    raise StorageUnavailable when the disk is full or cannot be written, and QuotaExceeded over the quota.
    """

    def __init__(self, keeper: StateKeeper) -> None:
        self._keeper = keeper

    @overload
    async def get(self, key: str) -> Any: ...

    @overload
    async def get(self, key: str, kind: type[T]) -> T | None: ...

    @overload
    async def get(self, key: str, kind: type[T], default: D) -> T | D: ...

    async def get(self, key: str, kind: Any = Any, default: Any = None) -> Any:
        """Return the value of a key as a `kind`, or `default`; raises PluginFailed if it is none."""
        found = await self._keeper.load((_key(key),))
        return decoded(key, found[key], kind) if key in found else default

    async def set(self, key: str, value: object) -> None:
        """Keep a value in place of any other of its key; raises TypeError if it cannot be encoded."""
        await self._keeper.apply({}, {_key(key): encoded(value)})

    async def delete(self, key: str) -> bool:
        """Forget a key; say whether it had a value."""

        async def step(transaction: "Transaction") -> bool:
            there = await transaction.has(key)
            transaction.delete(key)
            return there

        return await self.transaction(step)

    @overload
    def items(self, prefix: str = "") -> AsyncIterator[tuple[str, Any]]: ...

    @overload
    def items(self, prefix: str, kind: type[T]) -> AsyncIterator[tuple[str, T]]: ...

    async def items(self, prefix: str = "", kind: Any = Any) -> Any:
        """Iterate over the keys that begin with `prefix`, in order, with their values, a few at a time."""
        after = ""
        while True:
            rows = await self._keeper.scan(prefix, after, _ROWS_A_PIECE)
            for key, value in rows:
                yield key, decoded(key, value, kind)
            if len(rows) < _ROWS_A_PIECE:
                return
            after = rows[-1][0]

    async def transaction(self, step: Callable[["Transaction"], Awaitable[T]]) -> T:
        """Do all of `step(transaction)`, or nothing, as if nobody else changed anything meanwhile; return its result.

        If somebody has, `step` is called again, so let it do nothing else. Nobody waits for it for longer than five seconds.
        """
        if not self._keeper.turn.locked():
            done, result = await self._tried(step)
            if done:
                return result
        # Those who were too late take turns; behind a step that takes long nobody waits for long.
        has_turn = False
        with anyio.move_on_after(_PATIENCE_S):
            await self._keeper.turn.acquire()
            has_turn = True
        try:
            for _ in range(_TRIES):
                done, result = await self._tried(step)
                if done:
                    return result
        finally:
            if has_turn:
                self._keeper.turn.release()
        raise Overloaded("the state was changed by others again and again", hint="try again")

    async def _tried(self, step: Callable[["Transaction"], Awaitable[T]]) -> tuple[bool, T]:
        """Do a step; say whether nobody was faster."""
        transaction = Transaction(self._keeper)
        result = await step(transaction)
        if not transaction.changes:
            return True, result
        return await self._keeper.apply(transaction.seen, transaction.changes), result


class Transaction:
    """Changes of several keys that are made together; `seen` is what was read, `changes` what is to be."""

    def __init__(self, keeper: StateKeeper) -> None:
        self.seen: dict[str, bytes | None] = {}
        self.changes: dict[str, bytes | None] = {}
        self._keeper = keeper

    @overload
    async def get(self, key: str) -> Any: ...

    @overload
    async def get(self, key: str, kind: type[T]) -> T | None: ...

    @overload
    async def get(self, key: str, kind: type[T], default: D) -> T | D: ...

    async def get(self, key: str, kind: Any = Any, default: Any = None) -> Any:
        """Return the value of a key, as this transaction has left it."""
        value = await self._value(key)
        return default if value is None else decoded(key, value, kind)

    async def has(self, key: str) -> bool:
        """Say whether a key has a value."""
        return await self._value(key) is not None

    def set(self, key: str, value: object) -> None:
        """Keep a value, if the transaction comes to its end."""
        self.changes[_key(key)] = encoded(value)

    def delete(self, key: str) -> None:
        """Forget a key, if the transaction comes to its end."""
        self.changes[_key(key)] = None

    async def _value(self, key: str) -> bytes | None:
        if key in self.changes:
            return self.changes[key]
        if key not in self.seen:
            self.seen[key] = (await self._keeper.load((_key(key),))).get(key)
        return self.seen[key]


def encoded(value: object) -> bytes:
    """Encode a value; raises TypeError with what cannot be encoded."""
    try:
        return msgspec.msgpack.encode(value)
    except (OverflowError, ValueError, RecursionError) as error:
        raise TypeError(f"this value cannot be kept: {error}") from None


def decoded(key: str, data: bytes, kind: Any) -> Any:
    """Decode a value as a `kind`; raises PluginFailed if it is none."""
    try:
        return msgspec.msgpack.decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise PluginFailed(f"what is kept under {key!r} is not what was asked for: {error}") from None


def _key(key: object) -> str:
    if not isinstance(key, str) or not 0 < len(key) <= MAX_KEY_CHARS or "\0" in key:
        raise InvalidParams(f"a key of the state is a text of 1 to {MAX_KEY_CHARS} characters, without NUL")
    try:
        key.encode()
    except UnicodeEncodeError:
        raise InvalidParams("a key of the state is UTF-8 text") from None
    return key
