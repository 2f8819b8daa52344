"""Weighs Python objects with all that they hold; what several share is weighed once, for the first."""

import gc
import operator
import sys
from collections.abc import Callable, Iterable
from types import BuiltinFunctionType, CodeType, FrameType, FunctionType, ModuleType
from typing import Any

# What pymalloc hands out is a multiple of this, up to 512 bytes.
_ALIGNMENT = 16
_SMALL = 512
_HEAP_TYPE = 1 << 9
_FLAGS = operator.attrgetter("__flags__")
_NOBODYS = (ModuleType, FrameType, BuiltinFunctionType)
# These hold nothing else; most objects are of them.
_PLAIN = frozenset({str, bytes, int, float, bool, complex, bytearray, type(None)})
_OF_CODE = (
    "co_consts",
    "co_names",
    "co_varnames",
    "co_freevars",
    "co_cellvars",
    "co_linetable",
    "co_exceptiontable",
)

Takes = Callable[[object], bool]


class Scales:
    """One weighing of everything. `apart` are objects at which it stops: they belong to nobody, or are weighed themselves."""

    def __init__(self, apart: Iterable[object] = ()) -> None:
        self._apart = {id(item) for item in apart}
        self._seen = set(self._apart)
        self._seen |= {id(self), id(self._seen), id(self._apart), id(self.__dict__)}

    def weigh(self, roots: Iterable[object], takes: Takes | None = None) -> tuple[int, int]:
        """Return the bytes and the number of objects that are reached from `roots`, without what was weighed before.

        Code (modules, classes, the code of functions) is no part of what holds data; `takes` says which classes and
        functions are weighed nevertheless.
        """
        # A root is weighed even where others stop at it.
        pending = [item for item in roots if item is not None]
        own = self._apart.intersection(map(id, pending))
        self._apart -= own
        self._seen -= own
        return self._weigh(pending, takes)

    def rest(self) -> tuple[int, int]:
        """Return the same of everything that the collector knows and nothing has led to, code included."""
        seen = self._seen
        return self._weigh([item for item in gc.get_objects() if id(item) not in seen], lambda _: True)

    def _weigh(self, pending: list[Any], takes: Takes | None) -> tuple[int, int]:
        seen = self._seen
        seen.add(id(pending))
        total = count = 0
        while pending:
            value = pending.pop()
            number = id(value)
            if number in seen:
                continue
            plain = type(value) in _PLAIN
            if not plain and not _is_data(value, takes):
                continue
            seen.add(number)
            total += _size(value)
            count += 1
            if not plain:
                pending += _parts(value)
        return total, count


def _is_data(value: object, takes: Takes | None) -> bool:
    kind = type(value)  # isinstance asks the object, and a proxy then looks for what may be gone
    if issubclass(kind, _NOBODYS):
        return False
    if issubclass(kind, type):
        return takes is not None and bool(_FLAGS(value) & _HEAP_TYPE) and takes(value)
    if kind is CodeType:
        return takes is not None
    if kind is FunctionType:
        return takes is None or takes(value)
    return True


def _parts(value: Any) -> list[Any]:
    if type(value) is CodeType:  # it tells the collector nothing
        return [getattr(value, name) for name in _OF_CODE]
    parts = gc.get_referents(value)
    if type(value) is FunctionType:
        return [part for part in parts if part is not value.__globals__]
    if not gc.is_tracked(value):  # neither does a msgspec.Struct with gc=False
        parts += [getattr(value, name, None) for name in getattr(type(value), "__struct_fields__", ())]
    return parts


def _size(value: object) -> int:
    try:
        size = sys.getsizeof(value)
    except Exception:  # noqa: BLE001 - a class of anybody's may say anything
        return 0
    return -(-size // _ALIGNMENT) * _ALIGNMENT if size <= _SMALL else size
