"""Keep the same things in one way, and print what that weighs: `structures.py traced|resident WAY COUNT`.

`process` prints RSS and PSS of the whole process instead of its growth, and the deep size of what is kept. `traced` prints, by tracemalloc, what is kept, its blocks and the peak of making it, and the deep size of it; `resident`
what the process grew by (RSS, PSS), and the time, without tracemalloc, which would count and cost as well.
"""

import dataclasses
import gc
import importlib
import json
import random
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import anyio
import msgspec

from isaacd.cache.multilevel import MultiLevelCache
from isaacd.cache.plan import Kept
from isaacd.command.outline import Outline, outline_of
from isaacd.command.outlined import LazyCommand
from isaacd.history.records import Reader, Run
from isaacd.testing import deep_size, profile_memory
from isaacd.testing.memory import resident

WAYS: dict[str, Callable[[int], Any]] = {}


def way(make: Callable[[int], Any]) -> Callable[[int], Any]:
    WAYS[make.__name__] = make
    return make


# History: 60-byte lines, few hosts, shells, sessions and folders, each string made anew as it comes from a file.


def _fields(count: int) -> Iterator[dict[str, Any]]:
    chance = random.Random(1)
    for number in range(count):
        folder = chance.randrange(200)
        yield {
            "command": f"git commit --amend --no-edit && make target-{number % (count // 2 or 1)}",
            "started_us": 1_700_000_000_000_000 + number,
            "duration_us": 1_000_000 + number,
            "exit_code": 0,
            "session": f"{folder % 40:08d}-session",
            "host": "".join(("a-", "host")),
            "shell": "".join(("ba", "sh")),
            "cwd": f"/home/ada/projects/number-{folder}/source",
        }


_RUN_FIELDS = [
    ("command", str), ("started_us", int), ("duration_us", int), ("exit_code", int), ("session", str), ("host", str),
    ("shell", str), ("cwd", str),
]  # fmt: skip
_Plain = dataclasses.make_dataclass("_Plain", _RUN_FIELDS)
_Slots = dataclasses.make_dataclass("_Slots", _RUN_FIELDS, slots=True)
_Tuple = NamedTuple("_Tuple", _RUN_FIELDS)  # type: ignore[misc]
_Closed = msgspec.defstruct("_Closed", _RUN_FIELDS, gc=False)


@way
def rows_dict(count: int) -> Any:
    return list(_fields(count))


@way
def rows_dataclass(count: int) -> Any:
    return [_Plain(**fields) for fields in _fields(count)]


@way
def rows_slots(count: int) -> Any:
    return [_Slots(**fields) for fields in _fields(count)]


@way
def rows_namedtuple(count: int) -> Any:
    return [_Tuple(**fields) for fields in _fields(count)]


@way
def rows_struct(count: int) -> Any:
    return [Run(**fields) for fields in _fields(count)]


@way
def rows_struct_without_gc(count: int) -> Any:
    return [_Closed(**fields) for fields in _fields(count)]


def _spool(count: int) -> bytes:
    names = ("started_us", "duration_us", "exit_code", "session", "host", "shell", "cwd", "command")
    lines = ("\t".join(["\x1e1", *(str(fields[name]) for name in names)]) for fields in _fields(count))
    return ("\n".join(lines) + "\n").encode()


@way
def rows_read(count: int) -> Any:
    """What the house itself makes of a spool."""
    found = list(Reader().feed(_spool(count)))
    assert len(found) == count
    return found


@way
def rows_streamed(count: int) -> Any:
    """A generator: the same rows, of which no two are there at once."""
    assert sum(1 for _ in _fields(count)) == count


@way
def rows_listed(count: int) -> Any:
    """The same, put into a list first."""
    assert len(list(_fields(count))) == count


# The cache: answers in L2, and what a dict of objects with their moments takes.


def _answers(count: int, chars: int) -> Iterator[tuple[str, dict[str, Any]]]:
    chance = random.Random(2)
    pages = sorted((Path(__file__).resolve().parents[2] / "docs").rglob("*.md"))
    text = "\n".join(page.read_text(encoding="utf-8") for page in pages)
    for _ in range(count):
        start = chance.randrange(len(text) - chars)
        # Encoded and decoded, as it comes from a service: nobody else has these strings.
        piece = text[start : start + chars].encode("ascii", "replace").decode()
        answer = msgspec.structs.asdict(
            Kept(text=piece, provider="p", model="m", finish_reason="stop", cost_usd=0.01)
        )
        yield f"ai:exact:{chance.getrandbits(128):032x}", answer


def _table(count: int) -> Iterator[tuple[str, dict[str, Any]]]:
    for key, _ in _answers(count, 10):
        yield (
            key,
            {
                "rows": [
                    {"id": n, "name": f"name {n}", "size": n * 1.5, "tags": ["a", "b"]}
                    for n in range(100, 130)
                ]
            },
        )


def _straight(items: Iterator[tuple[str, Any]]) -> Any:
    """A cache as it is written at first: values, when they end, and their order of use."""
    from collections import OrderedDict

    return OrderedDict(
        (key, {"value": value, "expires_at": 1e9 + number}) for number, (key, value) in enumerate(items)
    )


def _level_two(items: Iterator[tuple[str, Any]], count: int, *, read: bool = False) -> Any:
    cache = MultiLevelCache(l1_size=0, l2_size=count)

    async def fill() -> None:
        keys = []
        for key, value in items:
            keys.append(key)
            await cache.set(key, value, ttl=86400)
        for key in keys if read else ():
            assert await cache.get(key) is not None

    anyio.run(fill)
    assert sum(level.entries for level in cache.get_stats().levels) == count
    return cache


def _cache_ways(name: str, items: Callable[[int], Iterator[tuple[str, Any]]]) -> None:
    WAYS[f"cache_{name}_objects"] = lambda count: _straight(items(count))
    WAYS[f"cache_{name}_level_two"] = lambda count: _level_two(items(count), count)


_cache_ways("short", lambda count: _answers(count, 500))
_cache_ways("long", lambda count: _answers(count, 8000))
_cache_ways("table", _table)
WAYS["cache_long_read"] = lambda count: _level_two(_answers(count, 8000), count, read=True)


# The catalog: commands of plugins, as they are imported, and as they are known without that.

PLUGIN = '''
from typing import Annotated, Literal
import msgspec
from isaacd.plugin import Plugin
from isaacd.context import Context
plugin = Plugin("gen{number}")

class Answer(msgspec.Struct):
    number: int
    text: str = "answer"

@plugin.command
def gen{number}(context: Context, count: int = 1, name: str = "", kind: Literal["a", "b"] = "a") -> Answer:
    """Give answer {number}.

    Examples:
        isaacctl gen{number}
    """
    return Answer({number})
'''


def _commands(number: int) -> list[Any]:
    space: dict[str, Any] = {"__name__": f"gen{number}"}
    exec(compile(PLUGIN.format(number=number), f"gen{number}.py", "exec"), space)
    return [space, *space["plugin"].commands]


def _outlines(count: int) -> bytes:
    """Return the outlines of many commands as the index keeps them."""
    (one,) = (outline_of(item) for item in _commands(0)[1:])
    made = [
        msgspec.structs.replace(one, name=f"gen{number}", doc=f"{one.doc} {number}")
        for number in range(count)
    ]
    return msgspec.msgpack.encode(made)


@way
def catalog_imported(count: int) -> Any:
    return [_commands(number) for number in range(count)]


async def _nobody() -> Any:
    raise AssertionError


@way
def catalog_outlined(count: int) -> Any:
    return [
        LazyCommand(outline, _nobody)
        for outline in msgspec.msgpack.decode(_outlines(count), type=list[Outline])
    ]


@way
def catalog_dicts(count: int) -> Any:
    outlines = msgspec.msgpack.decode(_outlines(count), type=list[Outline])
    return msgspec.json.decode(msgspec.json.encode([_as_map(outline) for outline in outlines]))


def _as_map(outline: Outline) -> dict[str, Any]:
    def named(struct: msgspec.Struct) -> dict[str, Any]:
        return {name: getattr(struct, name) for name in struct.__struct_fields__}

    schema = msgspec.json.decode(outline.schema)
    return named(outline) | {"parameters": [named(item) for item in outline.parameters], "schema": schema}


# Strings that are the same.


def _same(count: int, *, interned: bool) -> list[str]:
    share = sys.intern if interned else str
    return [share("".join(("/home/ada/", "projects/", str(number % 50)))) for number in range(count)]


@way
def strings_fresh(count: int) -> Any:
    return _same(count, interned=False)


@way
def strings_interned(count: int) -> Any:
    return _same(count, interned=True)


# All of it at once, beside a daemon's imports: as it is here, and as it would be written at first.

# Of each 1000: rows of the history, tables and answers in the cache, commands that are known.
_ALL = ((10_000, "rows_read", "rows_dict"), (1000, "cache_table_level_two", "cache_table_objects"),
        (1000, "cache_long_level_two", "cache_long_objects"), (200, "catalog_outlined", "catalog_imported"))  # fmt: skip
_LATE = ("aiohttp", "aiosqlite", "click", "tree_sitter", "tree_sitter_bash")


@way
def all_ours(count: int) -> Any:
    importlib.import_module("isaacd.app")
    return [WAYS[ours](many * count // 1000) for many, ours, _ in _ALL]


@way
def all_straight(count: int) -> Any:
    for name in ("isaacd.app", *_LATE):
        importlib.import_module(name)
    return [WAYS[straight](many * count // 1000) for many, _, straight in _ALL]


def bytes_of(count: int) -> dict[str, int]:
    """Return how long the outlines of commands are as arrays and as maps."""
    outlines = msgspec.msgpack.decode(_outlines(count), type=list[Outline])
    return {
        "array": len(msgspec.msgpack.encode(outlines)),
        "map": len(
            msgspec.msgpack.encode([_as_map(outline) | {"schema": outline.schema} for outline in outlines])
        ),
    }


def main(mode: str, name: str, count: int) -> dict[str, float]:
    if mode == "encoded":
        return dict(bytes_of(count))
    if mode == "process":
        kept = WAYS[name](count)
        gc.collect()
        rss, pss = resident() or (0, 0)
        return {"rss": rss, "pss": pss, "deep": deep_size(kept)}
    WAYS[name](2)  # what is allocated once does not count
    gc.collect()
    if mode == "traced":
        with profile_memory() as memory:
            kept = WAYS[name](count)
        return {"kept": memory.kept, "peak": memory.peak, "blocks": memory.blocks, "deep": deep_size(kept)}
    before = resident() or (0, 0)
    begun = time.perf_counter()
    kept = WAYS[name](count)
    took_s = time.perf_counter() - begun
    gc.collect()
    after = resident() or (0, 0)
    del kept
    return {"rss": after[0] - before[0], "pss": after[1] - before[1], "took_s": took_s}


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], sys.argv[2], int(sys.argv[3]))))
