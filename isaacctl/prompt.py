"""A person at a terminal: lines with history and editing, and yes or no; imported when the daemon first asks."""

import gc
import os
import select
import signal
import sys
import time
from types import FrameType

from isaacctl.talk import EXIT_CANCELLED, pack

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from isaacctl.talk import Unpacked

    Question = Mapping[Unpacked, Unpacked]

TWICE_S = 1.0
MAX_LINE_BYTES = 1024 * 1024
_MORE = "... "
_QUOTES = '"""'


class _Left(Exception):
    """Ctrl-C where there was nothing to discard."""


class Person:
    """Who sits at the terminal.

    Once a line was asked for that says so, the conversation `stays`: Ctrl-C stops an answer and not the whole.
    `interrupted` says that Ctrl-C came while it could not be acted on.
    """

    def __init__(self) -> None:
        self.stays = False
        self.interrupted = False
        self._last_interrupt_s = float("-inf")
        self._history: History | None = None

    def answer(self, kind: bytes, question: "Unpacked") -> bytes:
        """Ask, and return the message that answers: a line with its end, or no bytes at all."""
        if not isinstance(question, dict):
            raise TypeError("a question is no map")
        number = question[b"question"]
        if not isinstance(number, int):
            raise TypeError("a question has no number")
        if kind == b"line" and not question.get(b"hidden"):
            self.stays = self.stays or bool(question.get(b"stays"))
            said = self._line(question)
        else:
            said = self._at_terminal(question)
        return pack([2, "$/input", [1, said, number]])

    def interrupts(self, sending: bool) -> bool:
        """Note a Ctrl-C while an answer comes; True if the daemon is to be told now. The second in a second leaves."""
        now_s = time.monotonic()
        if now_s - self._last_interrupt_s < TWICE_S:
            os._exit(EXIT_CANCELLED)
        self._last_interrupt_s = now_s
        self.interrupted = self.interrupted or sending
        return not sending

    def _line(self, question: "Question") -> bytes:
        if not os.isatty(0):
            return b""
        self._last_interrupt_s = float("-inf")
        ask: Callable[[str, str], str] = _plain_line
        if os.isatty(1):
            if self._history is None:
                self._history = History(_text(question.get(b"history")))
            self._history.complete(question.get(b"words"))
            ask = self._history.line
        while True:
            try:
                said = _whole(ask, _text(question.get(b"prompt")), _text(question.get(b"text")), question)
            except KeyboardInterrupt:
                _newline()
                continue
            except (EOFError, _Left) as left:
                _newline()
                self.interrupted = isinstance(left, _Left) and not self.stays
                return b""
            data = (said + "\n").encode("utf-8", "surrogateescape")
            if len(data) > MAX_LINE_BYTES:
                os.write(2, b"that is longer than 1 MiB; put it into a file\n")
                continue
            if self._history is not None:
                self._history.add(said)
            return data

    def _at_terminal(self, question: "Question") -> bytes:
        """Ask on the terminal itself, because standard input may be a pipe; what was typed before does not count.

        A hidden line is read without echo.
        """
        import termios

        try:
            terminal = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
        except OSError:
            return b""
        timeout_ms = question.get(b"timeout_ms")
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        modes = termios.tcgetattr(terminal)
        try:
            if question.get(b"hidden"):
                termios.tcsetattr(
                    terminal, termios.TCSAFLUSH, [*modes[:3], modes[3] & ~termios.ECHO, *modes[4:]]
                )
            termios.tcflush(terminal, termios.TCIFLUSH)
            os.write(terminal, _bytes(question.get(b"prompt")))
            patience_s = timeout_ms / 1000 if isinstance(timeout_ms, int) else None
            if not select.select([terminal], [], [], patience_s)[0]:
                os.write(terminal, b"\n")
                return b""
            said = os.read(terminal, 4096)
        except KeyboardInterrupt:
            self.interrupted = True
            os.write(terminal, b"\n")
            return b""
        except OSError:
            return b""
        finally:
            signal.signal(signal.SIGINT, before)
            termios.tcsetattr(terminal, termios.TCSADRAIN, modes)
            os.close(terminal)
        if question.get(b"hidden") or not said.endswith(b"\n"):
            _newline()  # without echo, or after Ctrl-D
        return said


class History:
    """Lines with the editing that the person's other programs have, and those typed before."""

    KEPT = 1000

    def __init__(self, file: str) -> None:
        import readline

        self._readline = readline
        self._file = file
        readline.parse_and_bind("set enable-bracketed-paste on")
        readline.set_auto_history(False)
        for line in self._read():
            readline.add_history(line)

    def line(self, prompt: str, text: str) -> str:
        """Read a line; raises KeyboardInterrupt for Ctrl-C, or _Left if there was nothing to discard."""
        readline = self._readline

        def interrupted(_signum: int, _frame: FrameType | None) -> None:
            raise KeyboardInterrupt if readline.get_line_buffer() else _Left

        if text:
            readline.set_startup_hook(lambda: readline.insert_text(text))
        before = signal.signal(signal.SIGINT, interrupted)
        # What a signal raises while the collector runs is dropped, and Ctrl-C would have done nothing.
        gc.disable()
        try:
            return input(prompt)
        finally:
            gc.enable()
            signal.signal(signal.SIGINT, before)
            readline.set_startup_hook(None)

    def complete(self, words: "Unpacked") -> None:
        """Let the tabulator complete these words at the beginning of a line."""
        known = [_text(word) for word in words] if isinstance(words, list) else []

        def completer(begun: str, state: int) -> str | None:
            found = [word for word in known if begun and word.startswith(begun)]
            return found[state] if state < len(found) else None

        self._readline.set_completer_delims("\n")
        self._readline.set_completer(completer)
        self._readline.parse_and_bind("tab: complete")

    def add(self, line: str) -> None:
        """Remember a line, in the file too; what is there twice in a row is kept once."""
        readline = self._readline
        count = readline.get_current_history_length()
        if not line.strip() or (count and readline.get_history_item(count) == line):
            return
        readline.add_history(line)
        self._write(os.O_APPEND, [line])

    def _read(self) -> list[str]:
        try:
            descriptor = os.open(self._file, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            with open(descriptor, encoding="utf-8", errors="surrogateescape", newline="\n") as file:
                lines = [_unescaped(line) for line in file.read().split("\n") if line]
        except OSError:
            return []
        if len(lines) > 2 * self.KEPT:
            self._write(os.O_TRUNC, lines[-self.KEPT :])
        return lines[-self.KEPT :]

    def _write(self, how: int, lines: list[str]) -> None:
        data = "".join(_escaped(line) + "\n" for line in lines).encode("utf-8", "surrogateescape")
        try:
            os.makedirs(os.path.dirname(self._file), 0o700, exist_ok=True)
            descriptor = os.open(
                self._file, os.O_WRONLY | os.O_CREAT | how | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600
            )
        except OSError:
            return  # a history that cannot be kept must not keep anybody from talking
        try:
            os.fchmod(descriptor, 0o600)
            os.write(descriptor, data)
        except OSError:
            pass
        finally:
            os.close(descriptor)


def _whole(ask: "Callable[[str, str], str]", prompt: str, text: str, question: "Question") -> str:
    """Read a line and those that belong to it: after a backslash at the end, or between lines of three quotes."""
    line = ask(prompt, text)
    if not question.get(b"multiline"):
        return line
    lines: list[str] = []
    quoted = line.lstrip().startswith(_QUOTES)
    if quoted:
        line = line.lstrip().removeprefix(_QUOTES)
    try:
        while True:
            if quoted and line.rstrip().endswith(_QUOTES):
                lines.append(line.rstrip().removesuffix(_QUOTES))
                break
            if not quoted and not line.endswith("\\"):
                lines.append(line)
                break
            lines.append(line if quoted else line[:-1])
            line = ask(_MORE, "")
    except EOFError:
        _newline()
    except _Left:
        raise KeyboardInterrupt from None  # there are lines to discard
    return "\n".join(lines).strip("\n") if quoted else "\n".join(lines)


def _plain_line(prompt: str, text: str) -> str:
    """Read a line where standard output is no terminal, so that nothing can be edited in it."""

    def interrupted(_signum: int, _frame: FrameType | None) -> None:
        raise _Left

    before = signal.signal(signal.SIGINT, interrupted)
    try:
        os.write(2, _encoded(prompt + text))
        line = sys.stdin.buffer.readline()
    finally:
        signal.signal(signal.SIGINT, before)
    if not line:
        raise EOFError
    return text + line.decode("utf-8", "surrogateescape").removesuffix("\n")


def _newline() -> None:
    try:
        os.write(2, b"\n")
    except OSError:
        pass


def _escaped(line: str) -> str:
    return line.replace("\\", "\\\\").replace("\n", "\\n")


def _unescaped(line: str) -> str:
    return "\\".join(part.replace("\\n", "\n") for part in line.split("\\\\"))


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _bytes(value: "Unpacked") -> bytes:
    return value if isinstance(value, bytes) else b""


def _text(value: "Unpacked") -> str:
    return _bytes(value).decode("utf-8", "surrogateescape")
