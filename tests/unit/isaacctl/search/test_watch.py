"""What changes is told once it has settled, whatever editors do with files; lines run in the person's own terminal."""

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from isaacctl.watch.tree import Tree

ENV = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[4]), "HOME": "/nonexistent"}


class Watched:
    """A watch that runs, and what it tells."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self.process = process
        self._told = b""
        self._allowed: set[tuple[str, str]] = set()
        self._poll = select.poll()  # any number of descriptor will do
        self._poll.register(self._output, select.POLLIN)

    def has_line(self, seconds: float) -> bool:
        """Wait until it has told something, or has ended."""
        return b"\n" in self._told or bool(self._poll.poll(seconds * 1000))

    def next(self) -> dict[str, Any]:
        while b"\n" not in self._told:
            more = os.read(self._output, 65536)
            assert more, "the watch has ended"
            self._told += more
        line, _, self._told = self._told.partition(b"\n")
        return dict(json.loads(line))

    @property
    def _output(self) -> int:
        assert self.process.stdout is not None
        return self.process.stdout.fileno()

    def tells(self, *wanted: tuple[str, str], also: Iterable[tuple[str, str]] = ()) -> None:
        """Read until all of this was told, in any order, and nothing else but `also`, now or later.

        Whoever writes a file opens it first: on a busy machine the watch looks in between, and tells a second time.
        """
        missing = set(wanted)
        self._allowed |= {*wanted, *also, *(("modified", path) for _, path in wanted)}
        while missing:
            item = self.next()
            seen = item["event"], item["path"]
            assert seen in self._allowed, seen
            missing.discard(seen)
        self._allowed -= {one for one in wanted if one[0] != "modified"}


@contextmanager
def watching(folder: Path, *paths: str, **options: Any) -> Iterator[Watched]:
    told = json.dumps({"paths": paths, "json": True, "debounce_ms": 20, "poll_s": 0.05, **options})
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "isaacctl.watch", told],
        cwd=folder,
        env=ENV,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    watched = Watched(process)
    fine = False
    try:
        # It watches once it tells of a file that did not matter.
        probe = folder / (paths[0] if paths and (folder / paths[0]).is_dir() else "") / "probe"
        for attempt in range(900):
            probe.write_text(str(attempt))
            ready = watched.has_line(0.1)
            if ready:
                break
        assert ready, "the watch tells nothing"
        # What it still tells of that one, however late, is no surprise.
        path = probe.relative_to(folder).as_posix()
        watched.tells(also=[("created", path), ("modified", path)])
        yield watched
        fine = True
    finally:
        process.send_signal(signal.SIGINT)
        code = process.wait(90)
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        process.stderr.close()
        assert not fine or code in (130, 0, 3)  # what failed before says more


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".gitignore").write_text("*.o\nbuild/\n")
    (tmp_path / "src").mkdir()
    (tmp_path / "src/a").write_text("a")
    return tmp_path


@pytest.mark.parametrize("poll", [False, True], ids=["inotify", "polling"])
def test_files_that_come_change_and_go_are_told(tree: Path, poll: bool) -> None:
    with watching(tree, "src", "later", poll=poll) as watched:
        (tree / "src/b").write_text("b")
        watched.tells(("created", "src/b"))
        (tree / "src/x.o").write_text("ignored")
        (tree / "src/new").write_text("2")
        (tree / "src/new").rename(tree / "src/a")  # as an editor saves
        watched.tells(("modified", "src/a"), also=[("created", "src/new"), ("deleted", "src/new")])
        (tree / "src/deep/er").mkdir(parents=True)
        (tree / "src/deep/er/c").write_text("c")
        watched.tells(("created", "src/deep/er/c"))
        (tree / "src/deep/er/d").write_text("d")
        watched.tells(("created", "src/deep/er/d"))
        (tree / "later").mkdir()
        (tree / "later/e").write_text("e")
        watched.tells(("created", "later/e"))
        (tree / "later/e").unlink()
        watched.tells(("deleted", "later/e"))


def test_a_folder_that_goes_and_comes_again_is_watched_again(tree: Path) -> None:
    with watching(tree, "src") as watched:
        (tree / "src").rename(tree / "elsewhere")
        watched.tells(("deleted", "src/a"), ("deleted", "src/probe"))
        (tree / "src").mkdir()
        (tree / "src/a").write_text("again")
        watched.tells(("created", "src/a"))
        (tree / "src/a").write_text("and again")
        watched.tells(("modified", "src/a"))


def test_a_file_alone_can_be_watched_before_it_is_there(tree: Path) -> None:
    with watching(tree, "probe", "note.txt") as watched:
        (tree / "other").write_text("x")
        (tree / "note.txt").write_text("x")
        watched.tells(("created", "note.txt"))


def test_a_change_of_what_is_ignored_counts_from_then_on(tree: Path) -> None:
    with watching(tree, ".") as watched:
        (tree / ".gitignore").write_text("*.tmp\n")
        (tree / "z").write_text("z")
        watched.tells(("created", "z"))
        (tree / "src/x.tmp").write_text("ignored")
        (tree / "src/x.o").write_text("not any more")
        watched.tells(("created", "src/x.o"))


def test_the_line_runs_at_each_change_with_its_exit_code_told(tree: Path) -> None:
    line = ["sh", "-c", "cat src/a >&2; exit 3"]
    with watching(tree, "src", argv=line) as watched:
        (tree / "src/a").write_text("changed")
        events = iter(watched.next, None)
        assert any(item.get("path") == "src/a" for item in events)
        ran = next(item for item in events if item["event"] == "ran")
        assert ran["exit"] == 3


def test_once_leaves_with_the_exit_code_of_the_line(tree: Path) -> None:
    told = json.dumps({"paths": ["src"], "once": True, "now": True, "argv": ["sh", "-c", "echo hi; exit 4"]})
    done = subprocess.run(
        [sys.executable, "-P", "-m", "isaacctl.watch", told],
        cwd=tree,
        env=ENV,
        capture_output=True,
        text=True,
        timeout=90,
    )
    assert (done.returncode, done.stdout) == (4, "hi\n")


@pytest.mark.parametrize("poll", [False, True], ids=["inotify", "polling"])
@pytest.mark.parametrize("slow_s", [0, 0.2])
def test_a_line_that_changes_what_it_is_run_for_does_not_run_for_ever(
    tree: Path, slow_s: float, *, poll: bool
) -> None:
    line = f"date +%N >> src/out; sleep {slow_s}"
    with watching(
        tree, "src", argv=["sh", "-c", line], poll=poll
    ) as watched:  # which changes something there
        told = watched.process.stderr
        assert told is not None
        assert b"the line changes what it is run for" in told.readline()


def test_looking_at_single_files_tells_the_same_as_looking_at_all(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tree)
    few, every = (Tree(["."], {}, {"HOME": "/x"}, None) for _ in range(2))
    assert [change.path for change in few.look()] == [change.path for change in every.look()] == ["src/a"]
    (tree / "src/b").write_text("b")
    (tree / "src/a").unlink()
    (tree / "src/c.o").write_text("c")
    (tree / ".hidden").write_text("h")
    touched = {"src/a", "src/b", "src/c.o", ".hidden"}
    found = few.look_at(touched)
    assert found is not None
    assert {(item.kind, item.path) for item in found} == {(item.kind, item.path) for item in every.look()}
    assert few.look_at({".gitignore"}) is None
