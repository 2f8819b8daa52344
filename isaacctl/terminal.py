"""The terminal where a plain read or write is not enough: waiting for it, and lending it to another program."""

import _signal  # type: ignore[import-not-found] # a builtin; `signal` would import enum
import _socket
import os
import select

from isaacctl.talk import EXIT_FAILED, Refused, pack

TYPE_CHECKING = False
if TYPE_CHECKING:
    from isaacctl.talk import Unpacked

EXIT_NOT_FOUND = 127


def input_frame(sock_fd: int, max_bytes: int, patience_s: float) -> bytes | None:
    """Wait for standard input and return the message that brings it to the daemon; at its end, one without bytes.

    Returns None as soon as the daemon has sent something: it may not want input any more. Raises TimeoutError when
    neither side moves for `patience_s`.
    """
    poll = select.poll()
    poll.register(0, select.POLLIN)
    poll.register(sock_fd, select.POLLIN)
    while True:
        ready = [descriptor for descriptor, _ in poll.poll(patience_s * 1000)]
        if not ready:
            raise TimeoutError
        if sock_fd in ready:
            return None
        try:
            data = os.read(0, max_bytes)
        except BlockingIOError:
            continue
        except OSError:
            data = b""  # closed, or a directory: there is no input
        return pack([2, "$/input", [1, data]])


def wait_for_room(descriptor: int) -> None:
    """Wait until a descriptor that somebody made non-blocking takes bytes again."""
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    poll.poll()


def above_standard(sock: _socket.socket) -> _socket.socket:
    """Move a socket off the descriptors 0, 1 and 2, which stay closed."""
    taken = [sock.detach()]
    while taken[-1] < 3:
        taken.append(os.dup(taken[-1]))
    for descriptor in taken[:-1]:
        os.close(descriptor)
    return _socket.socket(fileno=taken[-1])


def words(value: "Unpacked") -> list[str]:
    """Return the words of a command line that the daemon sent."""
    if not isinstance(value, list):
        return []
    return [os.fsdecode(word) for word in value if isinstance(word, bytes)]


def run_program(argv: list[str]) -> int:
    """Run a program in the person's own terminal and return its exit code; Ctrl-C is the program's meanwhile."""
    keys = (_signal.SIGINT, _signal.SIGQUIT)
    held = _signal.pthread_sigmask(_signal.SIG_BLOCK, keys)
    before = {number: _signal.getsignal(number) for number in keys}
    try:
        # Python ignores SIGPIPE and SIGXFSZ; a program must not inherit that.
        defaults = [*keys, _signal.SIGPIPE, _signal.SIGXFSZ]
        pid = os.posix_spawnp(argv[0], argv, os.environ, setsigdef=defaults, setsigmask=held)
        # What was pressed before there was a program is meant for it as well.
        for number in _signal.sigpending() & frozenset(keys):
            os.kill(pid, number)
        _, status = os.waitpid(pid, 0)
    except OSError as error:
        code = EXIT_NOT_FOUND if isinstance(error, FileNotFoundError) else EXIT_FAILED
        raise Refused(f"cannot run {argv[0]}: {error.strerror}", code) from None
    finally:
        for number, handler in before.items():
            _signal.signal(number, _signal.SIG_IGN)  # forgets what came meanwhile
            _signal.signal(number, handler)
        _signal.pthread_sigmask(_signal.SIG_SETMASK, held)
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code
