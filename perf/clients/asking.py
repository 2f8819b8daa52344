"""Ask through the client library, and print how long each call took; run in the clean environment, over one connection.

`asking.py ROUNDS TOKEN NAME=PROMPTS:CONCURRENCY:WAY ...` asks a batch of so many prompts for each name in turns;
`asking.py ROUNDS TOKEN stream:MODEL` has one answer streamed.
"""

import json
import sys
import time

from isaacctl.client import Answer, Client


def main(rounds: int, token: str, *wanted: str) -> None:
    found: dict[str, list[float]] = {}
    with Client(start=False) as client:
        for number in range(rounds):
            for item in wanted:
                began = time.perf_counter()
                if item.startswith("stream:"):
                    name = item
                    with client.stream(
                        "ask", question=f"{token} {number}", model=f"fake/{item[7:]}", cache=False
                    ) as stream:
                        pieces = sum(1 for _ in stream.deltas())
                    assert pieces
                else:
                    name, _, numbers = item.partition("=")
                    prompts, concurrency, way = numbers.split(":")
                    given = [f"{token} {name} {number} {index}" for index in range(int(prompts))]
                    _ask(client, way, given, int(concurrency))
                found.setdefault(name, []).append(time.perf_counter() - began)
    print(json.dumps(found))


def _ask(client: Client, way: str, given: list[str], concurrency: int) -> None:
    """Ask by `query` (answers come back, nothing is kept) or by the `command` that a crash cannot make pay twice."""
    if way == "query":
        answers = client.batch_query(given, concurrency=concurrency, model="fake/delay-100", use="none")
        assert all(isinstance(answer, Answer) for answer in answers), answers
        return
    summary = client.call("batch", prompt=given, concurrency=concurrency, model="fake/delay-100", cache=False)
    assert summary["ok"] == len(given), summary


main(int(sys.argv[1]), *sys.argv[2:])
