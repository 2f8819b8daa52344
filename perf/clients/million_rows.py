"""Run a batch of many tiny rows with answers that cost nothing, and print the memory on the way: `million_rows.py DIR ROWS`."""

import asyncio
import json
import resource
import sys
import time
from pathlib import Path

from isaacd.ai.chat import Answer
from isaacd.batch.cards import Running, Wishes
from isaacd.batch.question import Question
from isaacd.batch.source import FileSource
from isaacd.batch.store import BatchStore, Ports
from isaacd.clock import SystemClock
from isaacd.log import open_log


def rss() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


async def main(directory: Path, count: int) -> None:
    file = directory / "rows.txt"
    with file.open("w") as out:
        out.writelines(f"row {number}\n" for number in range(count))
    store = BatchStore(
        directory / "batches.sqlite", SystemClock(), open_log(directory / "log", level="error")
    )
    written, asked, seen = 0, 0, {}
    slow = asyncio.Event()

    async def ask(question: Question) -> Answer:
        nonlocal asked
        asked += 1
        if asked == 2:
            await slow.wait()  # one row is slower than half of all others together
        if asked == count // 2:
            slow.set()
        return Answer(text="yes", provider="p", model="m", chosen="", finish_reason="stop", elapsed_ms=0.1)

    async def emit(text: str) -> None:
        nonlocal written
        written += text.count("\n")

    async def show(data: dict[str, object]) -> None:
        done = int(str(data["done"]))
        for tenth in range(1, 11):
            if done >= tenth * count // 10:
                seen.setdefault(tenth, rss())

    async def say(text: str) -> None:
        print(text, file=sys.stderr)

    began = time.perf_counter()
    summary = await store.run(
        FileSource(file), Wishes(), Running(concurrency=256), Ports(ask, emit, show, say)
    )
    took_s = time.perf_counter() - began
    seen[10] = rss()
    assert summary.ok == written == count, (summary, written)
    await store.aclose()
    print(json.dumps({"took_s": took_s, "rss": [seen[tenth] for tenth in sorted(seen)]}))


asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
