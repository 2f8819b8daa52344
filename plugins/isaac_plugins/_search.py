"""What `find` and `grep` have in common: their options, and the process that carries a search out."""

import asyncio
import json
import re
import sys
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import anyio
import msgspec

from isaacd.api import Context, Handover, InvalidParams

PROGRAM = (sys.executable, "-P", "-m", "isaacctl.search")
MAX_ROWS = 1000
MAX_ROW_BYTES = 1024 * 1024
_REAPED_WITHIN_S = 5.0
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?\Z", re.IGNORECASE)
_AGE = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|min|h|d|w|mo|y)[a-z]*\Z")
_SECONDS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400, "w": 604800, "mo": 2629800, "y": 31557600}


def size_of(text: str | None, option: str) -> float | None:
    """Read a size such as 10M or 1.5GB, in bytes; raises InvalidParams."""
    if text is None:
        return None
    found = _SIZE.match(text.strip())
    if found is None:
        raise InvalidParams(f"{option} {text[:40]!r} is no size", hint="write it as 500k, 10M or 2G")
    power = " kmgt".index(found[2].lower() or " ")
    return float(found[1]) * float(1024**power)


def moment_of(text: str | None, option: str, now: float) -> float | None:
    """Read an age such as 2d, or a date, as seconds since the epoch; raises InvalidParams."""
    if text is None:
        return None
    age = _AGE.match(text.strip().lower())
    if age is not None:
        return now - float(age[1]) * _SECONDS[age[2]]
    try:
        moment = datetime.fromisoformat(text.strip())
        return moment.timestamp() if moment.tzinfo else moment.astimezone().timestamp()
    except (ValueError, OverflowError):
        if text.strip().lower() in ("today", "yesterday"):
            begin = (
                datetime.fromtimestamp(now).astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
            )
            return (begin - timedelta(days=text.strip().lower() == "yesterday")).timestamp()
        raise InvalidParams(
            f"{option} {text[:40]!r} is no age and no date", hint="write it as 2h, 3d, 1w or 2026-12-24"
        ) from None


def plan(options: Mapping[str, object]) -> Handover:
    """Have the client carry a search out, in its own terminal and directory."""
    told = json.dumps({name: value for name, value in options.items() if value not in (None, False, [])})
    as_json = json.dumps({**json.loads(told), "json": True})
    return Handover(argv=(*PROGRAM, told), always=True, json=(*PROGRAM, as_json))


async def rows(context: Context, options: Mapping[str, object]) -> list[dict[str, Any]]:
    """Carry a search out for a program: each row as an event, and the first thousand together.

    It runs in a process of its own, so that neither a large tree nor a bad pattern holds up the daemon; that is ended
    when the caller leaves.
    """
    if context.cwd is None:
        raise InvalidParams("the caller has told no directory", hint="send `cwd` in `_meta`")
    told = json.dumps({**options, "json": True, "program": True})
    with anyio.CancelScope(shield=True):  # one that is half begun could not be ended
        process = await asyncio.create_subprocess_exec(
            *PROGRAM,
            told,
            cwd=context.cwd,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=MAX_ROW_BYTES,
        )
    assert process.stdout is not None
    assert process.stderr is not None
    kept: list[dict[str, Any]] = []
    complaints = asyncio.ensure_future(process.stderr.read(65536))
    try:
        while True:
            try:
                line = await process.stdout.readline()
            except ValueError:
                continue  # a row that is longer than anybody wants to read
            if not line:
                break
            await context.emit("row", line.decode("utf-8", "replace"))
            if len(kept) < MAX_ROWS:
                kept.append(msgspec.json.decode(line))
        code = await process.wait()
        said = (await complaints).decode("utf-8", "replace").strip()
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        # Nothing of it outlives the call: neither the process, unreaped, nor its pipes.
        with anyio.move_on_after(_REAPED_WITHIN_S, shield=True):
            await asyncio.wait([complaints])
            await process.communicate()
    if code not in (0, 1) and not kept:
        raise InvalidParams(said.removeprefix("error: ")[:2000] or f"the search ended with {code}")
    if said:
        await context.emit("log", said[:2000])
    return kept
