"""Waits for changes, lets them settle, tells them, and runs the line."""

import os
import select
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

from isaacctl.search.out import Out, complain
from isaacctl.watch.inotify import Inotify, Unavailable
from isaacctl.watch.tree import Change, Tree

# Of runs whose only reason is what changed while the one before ran, so many in a row are taken to cause themselves.
MAX_ECHOES = 3
_SHOWN = 3
_CLEAR = "\x1b[H\x1b[2J\x1b[3J"
EXIT_NOT_FOUND = 127


class Loop:
    """One watch."""

    def __init__(self, options: Mapping[str, Any], tree: Tree, out: Out) -> None:
        self._options = options
        self._tree = tree
        self._out = out
        self._argv: list[str] = list(options.get("argv") or ())
        self._settle_s = float(options.get("debounce_ms", 100)) / 1000
        self._poll_s = float(options.get("poll_s", 1.0))
        self._inotify: Inotify | None = None

    def run(self) -> int:
        """Watch until interrupted, or with `once` until the first change; return the exit code."""
        self._begin()
        meanwhile: dict[str, Change] = {}
        if self._options.get("now") and self._argv:
            code = self._execute()
            if self._options.get("once"):
                return code
            meanwhile = self._changed_meanwhile()
        echoes = 0
        while True:
            echoes = echoes + 1 if meanwhile else 0
            changes = self._wait(meanwhile)
            if echoes > MAX_ECHOES:
                complain("the line changes what it is run for; what changed during its last run is left out")
                meanwhile = {}
                continue
            self._tell(changes)
            code = self._execute() if self._argv else 0
            if self._options.get("once"):
                return code
            meanwhile = self._changed_meanwhile() if self._argv else {}

    def _changed_meanwhile(self) -> dict[str, Change]:
        """Return what has changed while the line ran."""
        changes: dict[str, Change] = {}
        if self._inotify is None or self._something(0):
            _add(changes, self._look())
        return changes

    def _begin(self) -> None:
        self._tree.look()
        if not self._options.get("poll"):
            try:
                self._inotify = Inotify()
                self._inotify.watch(self._tree.folders)
                # What happened between the look and the watch would be lost.
                self._tree.look()
            except Unavailable as error:
                self._give_up(error)
        if self._inotify is None:
            began = time.monotonic()
            self._tree.look()
            self._poll_s = max(self._poll_s, 10 * (time.monotonic() - began))
        if not self._options.get("json"):
            what = "run" if self._argv else "tell"
            complain(
                self._dim(f"watching {len(self._tree.folders)} folders, to {what} when something changes")
            )

    def _give_up(self, error: Unavailable) -> None:
        """Look now and then instead of being told."""
        if self._inotify is not None:
            self._inotify.close()
            self._inotify = None
        if not self._options.get("poll"):
            complain(f"{error}; looking every {self._poll_s:g} s instead")

    def _wait(self, changes: dict[str, Change]) -> list[Change]:
        """Wait for changes, beside those that there are, and until no more come for a moment; return them."""
        deadline = time.monotonic() + 20 * self._settle_s if changes else float("inf")
        while True:
            quiet = not self._something(self._settle_s if changes else None)
            if quiet and changes:
                return list(changes.values())
            _add(changes, self._look())
            if changes and deadline == float("inf"):
                deadline = time.monotonic() + 20 * self._settle_s
            if changes and time.monotonic() > deadline:
                return list(changes.values())  # it never settles, such as a log that grows

    def _something(self, timeout_s: float | None) -> bool:
        """Wait until something may have changed; False if nothing did within the time."""
        if self._inotify is None:
            time.sleep(self._poll_s if timeout_s is None else timeout_s)
            return timeout_s is None
        ready, _, _ = select.select([self._inotify.descriptor], [], [], timeout_s)
        return bool(ready)

    def _look(self) -> list[Change]:
        if self._inotify is None:
            return self._tree.look()
        names, tree = self._inotify.changes()
        changes = None if tree else self._tree.look_at(names)
        if changes is None:
            changes = self._tree.look()
            try:
                self._inotify.watch(self._tree.folders)
            except Unavailable as error:
                self._give_up(error)
            # A folder that has just come may have got files before it was watched.
            changes += self._tree.look()
        return changes

    def _tell(self, changes: Sequence[Change]) -> None:
        if self._options.get("json"):
            for change in changes:
                self._out.row({"event": change.kind, "path": change.path, "at": round(time.time(), 3)})
            self._out.flush()
        elif not self._argv:
            for change in changes:
                self._out.write(f"{self._out.paint(change.kind, '2')} {self._out.show(change.path)}\n")
            self._out.flush()
        else:
            if self._options.get("clear") and self._out.terminal:
                self._out.write(_CLEAR)
                self._out.flush()
            shown = ", ".join(f"{change.path} {change.kind}" for change in changes[:_SHOWN])
            more = f" and {len(changes) - _SHOWN} more" if len(changes) > _SHOWN else ""
            complain(self._dim(f"> {shown}{more}"))

    def _execute(self) -> int:
        """Run the line in this terminal, and return its exit code."""
        began = time.monotonic()
        to = sys.stderr if self._options.get("json") else None  # standard output is for the events then
        try:
            given = None if os.isatty(0) else subprocess.DEVNULL
            code = subprocess.run(self._argv, stdin=given, stdout=to, check=False).returncode
        except OSError as error:
            complain(f"cannot run {self._argv[0]}: {error.strerror}")
            return EXIT_NOT_FOUND
        code = code if code >= 0 else 128 - code
        took_s = time.monotonic() - began
        if self._options.get("json"):
            self._out.row({"event": "ran", "exit": code, "seconds": round(took_s, 3)})
            self._out.flush()
        else:
            complain(self._dim(f"> {'done' if not code else f'exit code {code}'} in {took_s:.1f} s"))
        return code

    def _dim(self, text: str) -> str:
        return f"\x1b[2m{text}\x1b[0m" if self._out.color and os.isatty(2) else text


def _add(changes: dict[str, Change], more: Sequence[Change]) -> None:
    """Join what has changed with what has changed before, by path."""
    for change in more:
        before = changes.get(change.path)
        if before is not None and before.kind == "created" and change.kind == "deleted":
            del changes[change.path]  # a file that came and went says nothing
        elif before is not None and before.kind == "deleted" and change.kind == "created":
            changes[change.path] = Change("modified", change.path)  # an editor has put another in its place
        elif before is None or before.kind != "created":
            changes[change.path] = change
