"""A plan carried out in the person's own terminal, environment and process group, as their shell would have done it.

Imported only when a plan was agreed to. Between the shell of the person and the line stands only this process, and it
should not be noticed: what stops, continues, interrupts or ends the one does so to the other.
"""

import _signal  # type: ignore[import-not-found] # a builtin; `signal` would import enum
import os
import time

from isaacctl.talk import EXIT_CANCELLED, EXIT_FAILED, EXIT_TRY_LATER, Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from collections.abc import Set as AbstractSet
    from typing import NoReturn

    from isaacctl.talk import Unpacked

EXIT_NOT_FOUND = 127
EXIT_NOT_EXECUTABLE = 126
# Where a function of the person's shell reads what only that shell can do: the number of an open descriptor.
EVAL_FD = "ISAAC_EVAL_FD"
# What that function tells about its shell; no program below it should take it for its own.
OF_THE_HOOK = (EVAL_FD, "ISAAC_SHELL")
EXIT_HANDED_BACK = 121
_A_LITTLE_S = 0.05
_STOPS = (_signal.SIGTSTP, _signal.SIGTTIN, _signal.SIGTTOU)
_ENDS = frozenset((_signal.SIGINT, _signal.SIGQUIT, _signal.SIGTERM, _signal.SIGHUP))
_PASSED_ON = frozenset((*_ENDS, _signal.SIGUSR1, _signal.SIGUSR2, _signal.SIGALRM))
_WATCHED = frozenset((_signal.SIGCHLD, _signal.SIGCONT, *_STOPS, *_PASSED_ON))


def carry_out(plan: "Unpacked", report: "Unpacked", is_cancelled: "Callable[[], bool]") -> int:
    """Execute a plan and return the exit code; what ended by a signal ends this process by the same one.

    With `report`, the plan as JSON, what came of it is written to standard error as one line of JSON. Nothing is executed
    if Ctrl-C was pressed before.
    """
    assert isinstance(plan, dict)
    line, folder = plan[b"line"], plan.get(b"folder")
    assert isinstance(line, bytes)
    if isinstance(folder, list):
        here = os.stat(".")
        if [here.st_dev, here.st_ino] != folder:
            raise Refused(
                "the folder is not the one that the line was judged in; say it again", EXIT_TRY_LATER
            )
    if plan.get(b"builtin"):
        return hand_back(line, os.environ)
    words = plan[b"argv"]
    shell = plan.get(b"shell") or b""
    assert isinstance(words, list)
    assert isinstance(shell, bytes)
    argv = [word for word in words if isinstance(word, bytes)]
    program = argv[0]
    if shell:
        program, argv[0] = shell, shell.rpartition(b"/")[2]
    environ = inherited(os.environb)
    _keep_from_programs(os.environ.get(EVAL_FD, ""))
    before = _hold()
    if is_cancelled():
        return EXIT_CANCELLED
    started_us = time.time_ns() // 1000
    begun = time.monotonic_ns()
    status = execute(program, argv, environ, before)
    duration_us = (time.monotonic_ns() - begun) // 1000
    code = os.waitstatus_to_exitcode(status)
    shown = code if code >= 0 else 128 - code
    _tell_hook(b"\x1e" + line)
    _remember(line, started_us, duration_us, shown)
    if isinstance(report, bytes) and report:
        _report(report, shown, -code if code < 0 else None, duration_us)
    if code < 0:
        die_by(-code)
    return code if code >= 0 else shown


def _hold() -> "AbstractSet[int]":
    """Hold all signals back, to be looked at one by one, and return those that were held back before."""
    # Were children ignored, nobody would be told how this one ended.
    _signal.signal(_signal.SIGCHLD, _signal.SIG_DFL)
    before: AbstractSet[int] = _signal.pthread_sigmask(_signal.SIG_BLOCK, _WATCHED)
    return before


def execute(
    program: bytes, argv: list[bytes], environ: "Mapping[bytes, bytes]", before: "AbstractSet[int]"
) -> int:
    """Run a program until it ends and return its status as `wait` gives it; raises Refused if it cannot be run.

    Signals have to be held back already; the program gets those of `before`.
    """
    for number in _signal.sigpending() & _ENDS:
        if _signal.getsignal(number) != _signal.SIG_IGN:
            die_by(number)
    try:
        # Python ignores SIGPIPE and SIGXFSZ; a program must not inherit that.
        defaults = (_signal.SIGPIPE, _signal.SIGXFSZ)
        pid = os.posix_spawnp(program, argv, environ, setsigdef=defaults, setsigmask=before)
    except OSError as error:
        code = EXIT_NOT_FOUND if isinstance(error, FileNotFoundError) else EXIT_NOT_EXECUTABLE
        name = os.fsdecode(argv[0])
        why = "command not found" if code == EXIT_NOT_FOUND and "/" not in name else error.strerror
        raise Refused(f"{name}: {why}", code) from None
    # What came before there was a child has not reached it. What it gets twice does no harm.
    for number in _signal.sigpending() & _PASSED_ON:
        os.kill(pid, number)
    return _attend(pid)


def _attend(pid: int) -> int:
    """Wait for the end of a child, and let signals and stops reach it as if this process were not there."""
    stopped = False
    while True:
        number, by_process = _next()
        if number == _signal.SIGCHLD or number == _signal.SIGCONT:
            status, stopped = _state(pid, stopped)
            if status is not None:
                return status
            if number == _signal.SIGCONT and stopped:
                os.kill(pid, _signal.SIGCONT)
                stopped = False
            elif stopped:
                # Ctrl-Z stops the whole group, this process too; a child that was stopped alone takes it along. What
                # continues the group may have reached this process first.
                told = _signal.sigtimedwait(_STOPS, _A_LITTLE_S)
                status, stopped = _state(pid, stopped)
                if status is not None:
                    return status
                if stopped or told is not None:
                    _stop()
        elif number in _STOPS:
            _stop()
        elif by_process:
            # What the terminal sends has reached the child as well, because it is of the same group.
            os.kill(pid, number)


def _next() -> tuple[int, bool]:
    """Wait for a signal: its number, and whether a process sent it rather than the terminal."""
    while True:
        try:
            found = _signal.sigwaitinfo(_WATCHED)
        except InterruptedError:
            continue
        return found.si_signo, found.si_code <= 0


def _state(pid: int, stopped: bool) -> tuple[int | None, bool]:
    """Return the status of a child that has ended, or None, and whether it is stopped."""
    while True:
        found, status = os.waitpid(pid, os.WNOHANG | os.WUNTRACED | os.WCONTINUED)
        if found == 0:
            return None, stopped
        if os.WIFSTOPPED(status):
            stopped = True
        elif os.WIFCONTINUED(status):
            stopped = False
        else:
            return status, False


def _stop() -> None:
    """Stop as a program that knows nothing of signals would; a group that nobody could continue goes on."""
    os.kill(os.getpid(), _signal.SIGTSTP)
    _signal.pthread_sigmask(_signal.SIG_UNBLOCK, {_signal.SIGTSTP})
    _signal.pthread_sigmask(_signal.SIG_BLOCK, {_signal.SIGTSTP})


def die_by(number: int) -> "NoReturn":
    """End by a signal, so that whoever waits for this process sees what they would have seen of the program."""
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    except (ImportError, OSError, ValueError):
        pass  # then there is a core file of this process as well
    if number not in (_signal.SIGKILL, _signal.SIGSTOP):
        _signal.signal(number, _signal.SIG_DFL)
        _signal.pthread_sigmask(_signal.SIG_UNBLOCK, {number})
    os.kill(os.getpid(), number)
    os._exit(128 + number)


def inherited(environ: "Mapping[bytes, bytes]") -> dict[bytes, bytes]:
    """Return the environment of this process without what the hook and Python have put into it."""
    kept = dict(environ)
    if os.fsencode(EVAL_FD) in kept:
        for name in OF_THE_HOOK:
            kept.pop(os.fsencode(name), None)
    # In the locale C, Python sets LC_CTYPE (PEP 538), which other programs would obey.
    if kept.get(b"LC_CTYPE") in (b"C.UTF-8", b"C.utf8", b"UTF-8") and not kept.get(b"LC_ALL"):
        try:
            with open("/proc/self/environ", "rb") as file:
                given = dict(item.partition(b"=")[::2] for item in file.read().split(b"\0"))
        except OSError:
            return kept
        if given.get(b"LC_CTYPE") is None:
            del kept[b"LC_CTYPE"]
        else:
            kept[b"LC_CTYPE"] = given[b"LC_CTYPE"]
    return kept


def hand_back(line: bytes, environ: "Mapping[str, str]") -> int:
    """Give a line to the function of the person's shell that evaluates it, or tell the person to do so."""
    descriptor = environ.get(EVAL_FD, "")
    if descriptor.isascii() and descriptor.isdigit() and int(descriptor) > 2:
        try:
            _write(int(descriptor), line + b"\n")
        except OSError as error:
            raise Refused(f"cannot hand the line back to your shell: {error.strerror}", EXIT_FAILED) from None
        return 0
    _write(1, line + b"\n")
    hint = b"note: this has to run in your own shell: type it there, or set up the hook: isaacctl shell-init --help\n"
    try:
        _write(2, hint)
    except OSError:
        pass  # there is nobody to tell
    return EXIT_HANDED_BACK


def _keep_from_programs(descriptor: str) -> None:
    """Let no program have the descriptor of the hook: what it wrote there would be evaluated."""
    if descriptor.isascii() and descriptor.isdigit() and int(descriptor) > 2:
        try:
            os.set_inheritable(int(descriptor), False)
        except OSError:
            pass  # it is none


def _tell_hook(line: bytes) -> None:
    """Tell the function of the person's shell what was run, for the shell's own history."""
    descriptor = os.environ.get(EVAL_FD, "")
    if descriptor.isascii() and descriptor.isdigit() and int(descriptor) > 2:
        try:
            _write(int(descriptor), line + b"\n")
        except OSError:
            pass  # it has closed it: then it does not want to know


def _remember(line: bytes, started_us: int, duration_us: int, code: int) -> None:
    """Put the line into the spool of the history; that it cannot be kept must not keep anybody from anything."""
    from isaacctl.spool import remember

    try:
        remember(
            os.fsdecode(line),
            started_us=started_us,
            duration_us=duration_us,
            exit_code=code,
            cwd=os.getcwd(),
            environ=os.environ,
        )
    except (OSError, Refused):
        return


def _report(plan: bytes, code: int, number: int | None, duration_us: int) -> None:
    signal = b"null" if number is None else b"%d" % number
    tail = b',"exit_code":%d,"signal":%s,"duration_ms":%.3f}\n' % (code, signal, duration_us / 1000)
    try:
        _write(2, plan.rstrip()[:-1] + tail)
    except OSError:
        pass  # there is nobody to tell


def _write(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
