"""The command line's fast path: tell the daemon what was typed, show what it answers, and leave."""

import _signal  # type: ignore[import-not-found] # a builtin; `signal` would import enum
import os
import sys

from isaacctl import __version__
from isaacctl.talk import (
    EXIT_CANCELLED,
    EXIT_TRY_LATER,
    BrokenOff,
    Refused,
    Talk,
    Unanswered,
    connect,
    pack,
    socket_path,
    system_socket,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    import _socket
    from collections.abc import Mapping
    from typing import NoReturn

    from isaacctl.spawn import Started
    from isaacctl.talk import Packable

LOCAL_COMMANDS = (
    ("start", "Start the daemon, if it is not running."),
    ("stop", "Stop the daemon."),
    ("restart", "Stop the daemon and start it again."),
    ("status", "Say whether the daemon runs, and how it does."),
    ("service", "Have systemd run the daemon."),
    ("logs", "Show the daemon's log."),
    ("top", "Watch the daemon at work."),
    ("doctor", "Look for what is wrong on this machine, and say how to mend it."),
    ("bug-report", "Put together what helps to find a fault, fit to be shown."),
    ("backup", "Keep everything you own in one file."),
    ("restore", "Bring a backup back."),
    ("export", "Write everything you own as plain JSON."),
    ("import", "Take in what export has written."),
    ("version", "Show the versions of client, daemon and protocol."),
    ("shell-init", "Print what makes Isaac a part of your shell."),
    ("mcp", "Be the MCP server of an editor or an agent."),
)
VALUE_OPTIONS = ("--set",)


def main() -> "NoReturn":
    """Run the command line in `sys.argv` and exit."""
    if _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler:
        _signal.signal(_signal.SIGINT, _leave)
    argv = sys.argv[1:]
    try:
        code = _run(argv)
    except Refused as refused:
        code = refused.exit_code
        if refused.message:
            _complain(refused.message)
    os._exit(code)


def first_word(argv: list[str]) -> str | None:
    """Return the command's name: the first argument that is neither an option nor an option's value."""
    words = iter(argv)
    for word in words:
        if word == "--":
            return next(words, None)
        if word in VALUE_OPTIONS:
            next(words, None)
        elif word[:1] != "-" or word == "-":
            return word
    return None


def request(argv: list[str], environ: "Mapping[str, str]") -> bytes:
    """Return the `cli.run` request: the arguments, and what the daemon must know of this place and terminal."""
    meta: dict[str, Packable] = {
        "env": told(environ),
        "tty": _terminal(),
    }
    try:
        cwd = os.getcwd()
    except OSError:
        pass  # the directory is gone; commands that need none still work
    else:
        if _is_text(cwd):
            meta["cwd"] = cwd
    return pack([0, 1, "cli.run", [{"argv": argv, "version": __version__, "_meta": meta}]])


def told(environ: "Mapping[str, str]") -> dict[str, str]:
    """Return what the daemon may know of the caller's environment."""
    return {name: value for name, value in environ.items() if _is_allowed(name) and _is_text(value)}


def _run(argv: list[str]) -> int:
    word = first_word(argv)
    if word is None:
        if argv == ["--version"]:
            os.write(1, f"isaacctl {__version__}\n".encode())
            return 0
    elif argv[0] == word and (code := _without_click(word, argv)) is not None:
        return code
    elif word != "status" and any(word == name for name, _ in LOCAL_COMMANDS):
        return _run_locally(argv)
    talk = _talk(argv, is_status=word == "status")
    if talk is None:
        return _run_locally(argv)
    code, after = talk
    return _run(after) if after else code


def _talk(argv: list[str], *, is_status: bool) -> tuple[int, list[str]] | None:
    """Let the daemon run a command line: its exit code and what to run next. None if there is no daemon to ask.

    There always is one, since it is started on demand, unless the command is `status`.
    """
    uid = os.getuid()
    path = socket_path(os.environ, uid)
    data = b""
    started: Started | None = None
    draining = False
    for _ in range(3):
        sock: _socket.socket | None = None
        if not draining:
            try:
                sock = connect(path, uid)
            except (FileNotFoundError, ConnectionRefusedError):
                other = system_socket(uid)
                if path != other and "ISAACD_SOCKET" not in os.environ and os.path.exists(other):
                    path = other
                    continue
                if is_status:
                    return None
                if os.environ.get("ISAAC_NO_START"):
                    raise Refused("", EXIT_TRY_LATER) from None
            except BlockingIOError:
                pass  # many are asking at once; wait for a place in the queue
        if sock is None:
            from isaacctl.launch import start

            sock, started = start(path, os.environ, uid, after_drain=draining)
        # Only now, as the daemon takes the connection in meanwhile.
        data = data or request(argv, os.environ)
        talk = Talk(sock, path, uid)
        try:
            return talk.run(data), talk.after
        except Unanswered as unanswered:
            draining = unanswered.draining
            if started is not None and not _is_lost(started, path):
                break
        except BrokenOff:
            break
    from isaacctl.launch import explain_death

    raise explain_death(path, os.environ, started)


def _is_lost(started: "Started", path: str) -> bool:
    from isaacctl.launch import is_lost

    return is_lost(started, path, os.environ)


def _for_shell(argv: list[str]) -> int | None:
    """Answer a shell that begins or completes."""
    if argv[0] == "shell-complete":
        from isaacctl.shell_complete import complete

        words = argv[2:] if argv[1:2] == ["--"] else argv[1:]
        data = complete(words or [""], LOCAL_COMMANDS)
    else:
        from isaacctl.shell_init import FILES, program_words, script

        if len(argv) != 2 or argv[1] not in FILES:
            return None
        data = script(argv[1], os.environ, program_words()).encode("utf-8", "surrogateescape")
    while data:
        data = data[os.write(1, data) :]
    return 0


def _without_click(word: str, argv: list[str]) -> int | None:
    """Answer a shell or serve a host, which must not wait for click; None for what only click can answer."""
    if word[:6] == "shell-":
        return _for_shell(argv)
    if word != "mcp":
        return None
    from isaacctl.mcp import parse, serve

    known = parse(argv[1:])
    return None if known is None else serve(*known, told(os.environ))


def _run_locally(argv: list[str]) -> int:
    from isaacctl.local import run

    return run(argv)


def _is_allowed(name: str) -> bool:
    return (
        name
        in {
            "NO_COLOR", "FORCE_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "TERM", "COLORTERM", "COLUMNS", "LINES",
            "LANG", "LC_ALL", "LC_MESSAGES", "LC_CTYPE", "EDITOR", "VISUAL", "PAGER", "SHELL", "PATH", "HOME",
            "USER", "TMPDIR", "MANPATH", "VIRTUAL_ENV", "OLLAMA_HOST",
            # What could make a shell run something else than a line says.
            "PWD", "BASH_ENV", "SHELLOPTS", "PS4", "LD_PRELOAD", "LD_AUDIT", "DYLD_INSERT_LIBRARIES",
        }
        or name.startswith(("ISAAC_", "BASH_FUNC_"))
        or name.endswith(("_API_KEY", "_BASE_URL", "_TOKEN", "_SECRET"))
    )  # fmt: skip


def _is_text(value: str) -> bool:
    """Say whether a value can be sent as a string: what is not UTF-8 holds surrogates, which nothing can encode."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _terminal() -> "dict[str, Packable]":
    shape: dict[str, Packable] = {"stdin": os.isatty(0), "stdout": os.isatty(1), "stderr": os.isatty(2)}
    if not shape["stdin"] and _is_null():
        shape["ended"] = True
    for descriptor, name in ((1, "stdout"), (2, "stderr"), (0, "stdin")):
        if shape[name]:
            try:
                shape["columns"], shape["lines"] = os.get_terminal_size(descriptor)
            except OSError:
                continue
            break
    return shape


def _is_null() -> bool:
    """Say whether there is nothing on standard input, and never will be: then the daemon need not ask for it."""
    try:
        return os.path.samestat(os.fstat(0), os.stat(os.devnull))
    except OSError:
        return False


def _complain(message: str) -> None:
    # What a log, a file's name or another process's words hold must not steer the terminal.
    shown = "".join(
        char if char in "\n\t" or char.isprintable() or "\udca0" <= char <= "\udcff" else ascii(char)[1:-1]
        for char in message
    )
    try:
        os.write(2, f"error: {shown}\n".encode("utf-8", "surrogateescape"))
    except OSError:
        pass  # there is nobody to tell


def _leave(_signum: int, _frame: object) -> "NoReturn":
    os._exit(EXIT_CANCELLED)


if __name__ == "__main__":
    main()
