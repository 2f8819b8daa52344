"""A daemon that is killed while everybody writes has lost nothing of what it had acknowledged, and keeps nothing torn."""

import contextlib
import json
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable

import pytest

from isaacctl.spool import append, record, spool_folder
from tests.daemon import Caller, Daemon, Home, a_home, eventually, running

KEEP = '''
from isaacd.api import Context, Plugin

plugin = Plugin("keep", summary="Keeps pairs.", capabilities=("state",))

@plugin.command
async def put(context: Context, key: str) -> str:
    """Keep both halves of a pair, or none."""
    async def both(transaction):
        transaction.set("a:" + key, key)
        transaction.set("b:" + key, key)
    await context.state.transaction(both)
    return key

@plugin.command
async def halves(context: Context, which: str) -> list[str]:
    """Give all first or all second halves."""
    return [value async for _, value in context.state.items(which + ":")]
'''
ROUNDS = 3
ENOUGH = 60
# Tasks start work of their own, and only so many are kept.
TASKS_A_ROUND = 15

Acknowledged = dict[str, list[str]]


def note(caller: Caller, text: str) -> None:
    caller.call("notes.add", {"text": text})


def pair(caller: Caller, text: str) -> None:
    caller.call("keep.put", text)


def task(caller: Caller, text: str) -> None:
    caller.call("tasks.run", {"line": ["greet"], "label": text})


def until_the_end(
    daemon: Daemon, write: Callable[[Caller, str], None], name: str, kept: list[str], most: int
) -> None:
    """Write as long as there is somebody to write to, and note what was acknowledged."""
    with contextlib.suppress(OSError, AssertionError), daemon.caller() as caller:
        for number in range(most):
            text = f"{name} {number}"
            write(caller, text)
            kept.append(text)


def commands(home: Home, name: str, kept: list[str], over: threading.Event) -> None:
    """Append to the history as shells do; what they appended is theirs to rely on."""
    number = 0
    folder = spool_folder(home.environ)
    while not over.is_set():
        text = f"{name} {number}"
        line = record(
            text, started_us=number, duration_us=1, exit_code=0, session=name, host="h", shell="bash", cwd="/"
        )
        if append(folder, line):
            kept.append(text)
        number += 1
        over.wait(0.002)


def load(daemon: Daemon, number: int, chance: random.Random) -> Acknowledged:
    """Write in all rooms at once, kill the daemon at some instant, and return what it had acknowledged by then."""
    kept: Acknowledged = {"note": [], "pair": [], "task": [], "command": []}
    over = threading.Event()
    writers = [
        threading.Thread(
            target=until_the_end, args=(daemon, note, f"note {number} {who}", kept["note"], 10_000)
        )
        for who in range(2)
    ]
    writers += [
        threading.Thread(
            target=until_the_end, args=(daemon, pair, f"pair {number} {who}", kept["pair"], 10_000)
        )
        for who in range(2)
    ]
    writers.append(
        threading.Thread(
            target=until_the_end, args=(daemon, task, f"task {number}", kept["task"], TASKS_A_ROUND)
        )
    )
    writers.append(
        threading.Thread(target=commands, args=(daemon.home, f"command {number}", kept["command"], over))
    )
    for writer in writers:
        writer.start()
    eventually(lambda: len(kept["note"]) + len(kept["pair"]) >= ENOUGH and all(kept.values()), "writes")
    time.sleep(chance.random() * 0.05)  # whatever it does then
    daemon.send_signal(signal.SIGKILL)
    daemon.wait()
    over.set()
    for writer in writers:
        writer.join()
    return kept


@pytest.mark.parametrize("seed", [1, 2])
def test_nothing_acknowledged_is_lost_by_kill_9_under_load(seed: int) -> None:
    chance = random.Random(seed)
    told: Acknowledged = {"note": [], "pair": [], "task": [], "command": []}
    with a_home() as home:
        home.write_plugin("keep", KEEP)
        for number in range(ROUNDS):
            with running(home=home) as daemon:
                for kind, texts in load(daemon, number, chance).items():
                    told[kind] += texts
        with running(home=home) as daemon, daemon.caller() as caller:
            notes = Counter(item["text"] for item in caller.call("notes.list", {"limit": 1_000_000}))
            first, second = (Counter(caller.call("keep.halves", which)) for which in "ab")
            tasks = Counter(
                item["label"] for item in caller.call("tasks.list", {"all": True, "limit": 1_000_000})
            )
            exported = home.isaacctl("history", "export").stdout.splitlines()
            history = Counter(json.loads(line)["command"] for line in exported)
        assert not home.isaacctl("stop").stderr
    found = {"note": notes, "pair": first, "task": tasks, "command": history}
    lost = {kind: [text for text in texts if text not in found[kind]] for kind, texts in told.items()}
    assert lost == {"note": [], "pair": [], "task": [], "command": []}
    assert first == second, "half of a transaction"
    assert all(count == 1 for kind in found.values() for count in kind.values()), "something was kept twice"
