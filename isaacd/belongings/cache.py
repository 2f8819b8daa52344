"""A plugin's cache: values that may be forgotten at any time, and are after their time to live."""

from typing import Any, TypeVar, overload

import msgspec

from isaacd.belongings.ports import CacheKeeper
from isaacd.belongings.state import encoded

T = TypeVar("T")
D = TypeVar("D")


class PluginCache:
    """The cache of one plugin: what is kept under a key here, no other plugin sees.

    Values are whatever msgspec can encode, up to a mebibyte; they come back as plain data, or as the type that is asked for.
    """

    def __init__(self, keeper: CacheKeeper) -> None:
        self._keeper = keeper

    @overload
    async def get(self, key: str) -> Any: ...

    @overload
    async def get(self, key: str, kind: type[T]) -> T | None: ...

    @overload
    async def get(self, key: str, kind: type[T], default: D) -> T | D: ...

    async def get(self, key: str, kind: Any = Any, default: Any = None) -> Any:
        """Return the value of a key; `default` if there is none, if its time is over, or if it is not a `kind`."""
        data = await self._keeper.get(key)
        if data is None:
            return default
        try:
            return msgspec.msgpack.decode(data, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return default  # an older version of the plugin has kept something else

    async def set(self, key: str, value: object, ttl_s: float | None = None) -> None:
        """Keep a value for `ttl_s` seconds, or until its room is needed; raises TypeError if it cannot be encoded."""
        await self._keeper.set(key, encoded(value), ttl_s)

    async def delete(self, key: str) -> bool:
        """Forget a key; say whether it had a value."""
        return await self._keeper.delete(key)

    async def clear(self) -> int:
        """Forget all keys of this plugin; say how many there were."""
        return await self._keeper.clear()
