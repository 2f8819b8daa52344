"""Lines that fit a pattern, in files: read in pieces, so that a huge one needs no memory; binary and endless ones left out."""

import os
import sys
from collections import deque
from typing import Any

from isaacctl.search.lines import Pattern, TooSlow, Watch
from isaacctl.search.names import file_test, is_smart, seen_file_test
from isaacctl.search.out import Out, complain
from isaacctl.search.walk import Walk, Wishes, is_regular

PIECE_BYTES = 8 * 1024 * 1024
MAX_LINE_BYTES = 64 * 1024 * 1024
SNIFF_BYTES = 8192
SHOWN_CHARS = 2000
FOUND, NONE, FAILED = 0, 1, 2


class Grep:
    """One search: its pattern, what is shown, and what came of it."""

    def __init__(self, options: dict[str, Any], out: Out, environ: "dict[str, str]") -> None:
        self.options = options
        self.out = out
        self._environ = environ
        ignore_case = is_smart(options["pattern"], options.get("case", "smart"))
        self.pattern = Pattern(
            options["pattern"],
            fixed=bool(options.get("fixed")),
            words=bool(options.get("words")),
            ignore_case=ignore_case,
        )
        self.before, self.after = int(options.get("before", 0)), int(options.get("after", 0))
        self.invert = bool(options.get("invert"))
        self.only = options.get("show")  # files, missing or count instead of lines
        self.max_count = options.get("max_count")
        self.json = bool(options.get("json"))
        self._watch = Watch()
        self._found = self._failed = False
        self.named = True
        self.shown_any = False

    def run(self, paths: "list[str]") -> int:
        """Search files and folders; return the exit code that grep would have."""
        self._watch.start()
        options = self.options
        test = file_test(options.get("types", ()), options.get("not_types", ()), options.get("globs", ()))
        seen = seen_file_test(options)
        wishes = Wishes(
            hidden=bool(options.get("hidden")),
            ignore=not options.get("no_ignore"),
            follow=bool(options.get("follow")),
            max_depth=options.get("max_depth"),
        )
        walk = Walk(wishes, self._environ, self._unreadable)
        self.named = options.get("filename", len(paths) != 1 or os.path.isdir(paths[0]))
        for start in paths:
            if start == "-":
                self._search(0, "(standard input)")
            elif not os.path.isdir(start):
                self._open(start, seen, given=True)
            else:
                for entry in walk.entries(start):
                    if entry.is_file and (test is None or test(entry.name, entry.path)):
                        self._open(entry.path, seen, given=False)
                    self.out.tick()
        self.out.flush()
        return FAILED if self._failed else FOUND if self._found else NONE

    def _unreadable(self, path: str, error: OSError) -> None:
        self._failed = True
        complain(f"{path}: {error.strerror}")

    def _open(self, path: str, seen: Any, *, given: bool) -> None:
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        except (OSError, ValueError) as error:
            if given or not isinstance(error, FileNotFoundError):  # else it has just been deleted
                self._unreadable(
                    path, error if isinstance(error, OSError) else OSError(0, "no path can contain that")
                )
            return
        try:
            found = os.fstat(descriptor)
            if not is_regular(found):
                if given:
                    self._unreadable(path, OSError(0, "is no regular file; pipe it in to search it"))
            elif seen is None or seen(found):
                self._search(descriptor, path, found.st_size)
        finally:
            os.close(descriptor)

    def _search(self, descriptor: int, path: str, size: int = -1) -> None:
        """Search one file in pieces that end with a line; `size` is what it should have, if that is known."""
        report = _Report(self, path)
        rest, first, number = b"", True, 1
        try:
            while not report.is_done:
                # Room for a whole piece costs more than a small file takes to read.
                room = min(PIECE_BYTES, size + 1) if first and size > 0 else PIECE_BYTES
                data = os.read(descriptor, room)
                if first and b"\0" in data[:SNIFF_BYTES] and not self.options.get("text"):
                    return
                # Most files are one piece; the second look that would say so costs as much as the first.
                last = not data or (first and len(data) == size < PIECE_BYTES)
                first = False
                piece, rest = _cut(rest + data if rest else data, last=last)
                if piece:
                    number = self._piece(piece, number, report)
                if last:
                    break
        except OSError as error:
            self._unreadable(path, error)
        except TooSlow:
            self._failed = True
            complain(f"{path}: the pattern takes too long here; the rest of this file was left out")
        report.end()

    def _piece(self, data: bytes, number: int, report: "_Report") -> int:
        """Search whole lines, the first of which is `number`; return the number of the line that follows."""
        literal = self.pattern.literal
        quiet = literal is not None and literal not in data and not self.invert
        if quiet and not report.waits:
            return number + (data.count(b"\n") if self.before or self.after or self.only is None else 0)
        text = data.decode("utf-8", "surrogateescape")
        with self._watch:
            spans = [] if quiet else list(self.pattern.lines(text))
        if self.invert:
            spans = _others(text, spans)
        report.take(text, spans, number)
        return number + text.count("\n") + (not text.endswith("\n"))

    def hit(self) -> None:
        """Note that something was found."""
        self._found = True


class _Report:
    """What is shown of one file; lines around a match may come from the piece before or after."""

    def __init__(self, grep: Grep, path: str) -> None:
        self._grep = grep
        self._path = path
        self._count = 0
        self._after_left = 0
        self._last_shown = 0
        self._behind: deque[tuple[int, str]] = deque(maxlen=grep.before or 1)
        self.is_done = False

    @property
    def waits(self) -> bool:
        """Whether lines without a match are wanted too."""
        return self._after_left > 0 or self._grep.before > 0

    def take(self, text: str, spans: "list[tuple[int, int]]", number: int) -> None:
        """Show the matching lines of a piece, whose first line is `number`."""
        grep = self._grep
        around = bool(grep.before or grep.after)
        at = 0
        for start, end in spans:
            if around:
                self._pass(text, at, start, number)
            number += text.count("\n", at, start)
            self._count += 1
            grep.hit()
            if grep.only in ("files", "missing"):
                self.is_done = True
                return
            if grep.only is None:
                self._match(number, text[start:end])
            self._after_left = grep.after
            at = end
            if grep.max_count is not None and self._count >= grep.max_count:
                self.is_done = True
                return
            if at < len(text):
                at, number = at + 1, number + 1
        if around:
            self._pass(text, at, len(text), number)

    def _pass(self, text: str, at: int, end: int, number: int) -> None:
        """Go over lines without a match: show those after one, keep those before the next."""
        if at >= end:
            return
        lines = text[at:end].removesuffix("\n").split("\n")
        for line in lines:
            if self._after_left:
                self._after_left -= 1
                self._show(number, line, match=False)
            elif self._grep.before:
                self._behind.append((number, line))
            number += 1

    def _match(self, number: int, line: str) -> None:
        if self._grep.before:
            for earlier, text in self._behind:
                self._show(earlier, text, match=False)
            self._behind.clear()
        self._show(number, line, match=True)

    def _show(self, number: int, line: str, *, match: bool) -> None:
        grep, out = self._grep, self._grep.out
        line = line.removesuffix("\r")
        if grep.json:
            places = [] if grep.invert else [found.span() for found in grep.pattern.regex.finditer(line)]
            row: dict[str, object] = {"path": self._path, "line": number, "text": line}
            if match:
                row |= {
                    "column": places[0][0] + 1 if places else 1,
                    "matches": [list(span) for span in places],
                }
            else:
                row["context"] = True
            out.row(row)
            return
        if (grep.before or grep.after) and grep.shown_any and number != self._last_shown + 1:
            out.write("--\n")
        grep.shown_any = True
        self._last_shown = number
        sign = ":" if match else "-"
        name = out.paint(out.show(self._path), "35") + sign if grep.named else ""
        head = f"{name}{out.paint(str(number), '32')}{sign}" if grep.options.get("numbers", True) else name
        out.write(
            f"{head}{self._text(line) if match else out.show(line[:SHOWN_CHARS] if out.terminal else line)}\n"
        )

    def _text(self, line: str) -> str:
        """Return a line with its matches in bold; a very long one is cut around the first on a terminal."""
        grep, out = self._grep, self._grep.out
        if out.terminal and len(line) > SHOWN_CHARS:
            found = grep.pattern.regex.search(line)
            begin = max(0, (found.start() if found else 0) - SHOWN_CHARS // 2)
            line = ("…" if begin else "") + line[begin : begin + SHOWN_CHARS] + "…"
        if not out.color or grep.invert:
            return out.show(line)
        parts, at = [], 0
        for found in grep.pattern.regex.finditer(line):
            parts += [out.show(line[at : found.start()]), out.paint(out.show(found[0]), "1;31")]
            at = found.end()
        return "".join([*parts, out.show(line[at:])])

    def end(self) -> None:
        """Show what is known only at the end of the file."""
        grep, out = self._grep, self._grep.out
        only = grep.only
        if only == "missing":
            if not self._count:
                grep.hit()
                self._name_only()
        elif only == "files" and self._count:
            self._name_only()
        elif only == "count" and self._count:
            if grep.json:
                out.row({"path": self._path, "count": self._count})
            else:
                name = out.paint(out.show(self._path), "35") + ":" if grep.named else ""
                out.write(f"{name}{self._count}\n")
        out.tick()

    def _name_only(self) -> None:
        out = self._grep.out
        if self._grep.json:
            out.row({"path": self._path})
        else:
            out.write(out.paint(out.show(self._path), "35") + "\n")


def _cut(data: bytes, *, last: bool) -> "tuple[bytes, bytes]":
    """Cut data behind its last whole line; a line that does not end for too long is cut anywhere."""
    if last:
        return data, b""
    at = data.rfind(b"\n") + 1
    if not at and len(data) > MAX_LINE_BYTES:
        return data, b""
    return data[:at], data[at:]


def _others(text: str, spans: "list[tuple[int, int]]") -> "list[tuple[int, int]]":
    """Return the lines that are not among `spans`."""
    having = {start for start, _ in spans}
    found, at = [], 0
    for line in text.removesuffix("\n").split("\n") if text else []:
        if at not in having:
            found.append((at, at + len(line)))
        at += len(line) + 1
    return found


def standard_input_is_given() -> bool:
    """Tell whether something is piped or redirected into this process."""
    import stat

    try:
        mode = os.fstat(0).st_mode
    except OSError:
        return False
    return stat.S_ISFIFO(mode) or (stat.S_ISREG(mode) and not sys.stdin.closed)
