"""A disk that refuses to sync, or to take another page of the log: what was acknowledged is there after kill -9, and only that.

The faults are made by strace, which has the kernel's calls fail.
"""

import shutil
import signal
from collections.abc import Sequence

import pytest

from tests.daemon import Daemon, a_home, running

pytestmark = pytest.mark.system


def can_inject() -> bool:
    return shutil.which("strace") is not None


# Of these calls the first ones succeed, so that there is something to lose.
FAULTS = {
    "fsync, no room": ("fsync,fdatasync", "error=ENOSPC"),
    "fsync, a failing disk": ("fsync,fdatasync", "error=EIO"),
    "writes, no room": ("pwrite64", "error=ENOSPC:when=120+2"),
    "writes, a failing disk": ("pwrite64", "error=EIO:when=120+3"),
}


def strace(calls: str, fault: str) -> Sequence[str]:
    # -D: the daemon is the process that was started, and strace its grandchild.
    return [
        "strace",
        "-D",
        "-f",
        "-qq",
        "-o",
        "/dev/null",
        "-e",
        f"trace={calls}",
        "-e",
        f"inject={calls}:{fault}",
    ]


@pytest.mark.skipif(not can_inject(), reason="strace is missing; make test-system installs it")
@pytest.mark.parametrize("fault", FAULTS)
def test_nothing_acknowledged_is_lost(fault: str) -> None:
    kept: list[str] = []
    refused: list[str] = []
    with a_home() as home:
        with running(home=home) as daemon, daemon.caller() as caller:
            caller.call("notes.add", {"text": "before"})
        with running(home=home, prefix=strace(*FAULTS[fault])) as daemon:
            write(daemon, kept, refused)
            daemon.send_signal(signal.SIGKILL)
            daemon.wait()
        with running(home=home) as daemon, daemon.caller() as caller:
            found = [note["text"] for note in caller.call("notes.list", {"limit": 10_000})]
            tasks = [task["label"] for task in caller.call("tasks.list", {"all": True, "limit": 10_000})]
    assert "before" in found
    assert [text for text in kept if text not in found + tasks] == []
    assert len(found) == len(set(found))
    assert len(kept) + len(refused) == 120
    # Without a single sync no log is begun, and all is refused; of writes the first ones have succeeded.
    assert refused if fault.startswith("fsync") else kept


def write(daemon: Daemon, kept: list[str], refused: list[str]) -> None:
    """Write notes and tasks; what is refused must be said in words, and others are answered meanwhile."""
    with daemon.caller() as caller:
        for number in range(60):
            for method, params in (
                ("notes.add", {"text": f"note {number}"}),
                ("tasks.run", {"line": ["greet"], "label": f"task {number}"}),
            ):
                kind, _, said = caller.answer(caller.ask(method, params))
                text = str(params.get("text") or params.get("label"))
                (kept if kind == "reply" else refused).append(text)
                assert kind == "reply" or said.startswith(("storage_unavailable: ", "overloaded: ")), said
        assert caller.call("greet") == "hello world"
