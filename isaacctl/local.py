"""The commands that need no daemon: start, stop, restart, status when there is none, logs and version."""

import errno
import inspect
import json
import os
import platform
import sys
from typing import NoReturn

import click

from isaacctl import __version__
from isaacctl.control import Control
from isaacctl.logfile import newest_log
from isaacctl.talk import EXIT_CANCELLED, EXIT_DEFECT, EXIT_FAILED, EXIT_OUTPUT_CLOSED, Refused

PROTOCOL = 1
EXIT_USAGE = 2
EXIT_NOT_RUNNING = 3
STOP_S = 15.0
# What is rarely used, with the module and the name that it is imported from then.
_ELSEWHERE = {
    "service": ("service", "service"),
    "logs": ("logs", "logs"),
    "doctor": ("doctor", "doctor"),
    "top": ("top", "top"),
    "bug-report": ("bugreport", "bug_report"),
    "mcp": ("mcphosts", "mcp"),
}
_KEEPING = ("backup", "restore", "export", "import")


class Command(click.Command):
    """A command that keeps the lines of its examples, and answers --json and -h."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        kwargs.setdefault("context_settings", {})
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.help = inspect.cleandoc(self.help or "").replace("Examples:\n", "\b\nExamples:\n")
        self.context_settings.setdefault("help_option_names", ["-h", "--help"])
        self.params.append(click.Option(["as_json", "--json"], is_flag=True, help="Answer in JSON."))


class Group(click.Group):
    """The command line as far as it needs no daemon."""

    command_class = Command


class Top(Group):
    """The whole of it; what is rarely used is imported when it is."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name all commands."""
        return sorted((*super().list_commands(ctx), *_ELSEWHERE, *_KEEPING))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Find a command by its name."""
        if cmd_name in _ELSEWHERE:
            from importlib import import_module

            module, name = _ELSEWHERE[cmd_name]
            command: click.Command = getattr(import_module(f"isaacctl.{module}"), name)
            return command
        if cmd_name in _KEEPING:
            from isaacctl.keeping import COMMANDS

            return COMMANDS[cmd_name]
        return super().get_command(ctx, cmd_name)


@click.group("isaacctl", cls=Top)
@click.option(
    "sets", "--set", multiple=True, metavar="KEY=VALUE", help="Change a setting of a daemon that is started."
)
@click.option("as_json", "--json", is_flag=True, help="Answer in JSON.")
@click.pass_context
def cli(context: click.Context, sets: tuple[str, ...], as_json: bool) -> None:
    """Start, stop and look at the daemon of Isaac."""
    context.obj = Line(Control(os.environ, os.getuid()), sets, as_json=as_json)


class Line:
    """What the whole command line shares: the daemon it is about, and the options before the command."""

    def __init__(self, control: Control, sets: tuple[str, ...], *, as_json: bool) -> None:
        self.control = control
        self.as_json = as_json
        self.settings = [word for value in sets for word in ("--set", value)]

    def say(self, text: str, data: dict[str, object], *, as_json: bool) -> None:
        """Print the one or the other."""
        click.echo(json.dumps(data, ensure_ascii=False) if as_json or self.as_json else text)


@cli.command()
@click.option(
    "--foreground", is_flag=True, help="Stay in this terminal and log to it; Ctrl-C stops the daemon."
)
@click.option(
    "--on-demand", is_flag=True, help="Let the daemon leave by itself when it has been idle for long."
)
@click.pass_obj
def start(line: Line, foreground: bool, on_demand: bool, as_json: bool) -> None:
    """Start the daemon, if it is not running.

    Every command that needs the daemon starts it by itself. A daemon that was started here stays until it is stopped.

    Examples:
        isaacctl start
        isaacctl start --foreground
        isaacctl --set log.level=debug start
    """
    if foreground:
        os.execv(sys.executable, [sys.executable, "-P", "-m", "isaacd", "--log-stderr", *line.settings])
    pid, is_new = line.control.start([*(["--on-demand"] if on_demand else []), *line.settings])
    text = f"isaacd is running now (pid {pid})" if is_new else f"isaacd was running already (pid {pid})"
    line.say(text, {"running": True, "started": is_new, "pid": pid}, as_json=as_json)


def _stop_options(command: click.Command) -> click.Command:
    command.params[:0] = [
        click.Option(["--force"], is_flag=True, help="Kill it if it has not stopped within the timeout."),
        click.Option(
            ["timeout_s", "--timeout"],
            type=click.FloatRange(0, 3600),
            default=STOP_S,
            show_default=True,
            metavar="SECONDS",
            help="How long to wait for running requests to end.",
        ),
    ]
    return command


@_stop_options
@cli.command()
@click.pass_obj
def stop(line: Line, force: bool, timeout_s: float, as_json: bool) -> None:
    """Stop the daemon; requests that are running may end first.

    Examples:
        isaacctl stop
        isaacctl stop --force --timeout 2
    """
    outcome = line.control.stop(timeout_s=timeout_s, force=force)
    text = {
        "absent": "isaacd is not running",
        "stopped": "isaacd has stopped",
        "killed": "isaacd was killed",
    }[outcome]
    line.say(text, {"running": False, "outcome": outcome}, as_json=as_json)


@_stop_options
@cli.command()
@click.pass_obj
def restart(line: Line, force: bool, timeout_s: float, as_json: bool) -> None:
    """Stop the daemon and start it again, for example after an upgrade.

    Examples:
        isaacctl restart
        isaacctl restart --force
    """
    managed = _restarted_by_manager(line, timeout_s) if not (force or line.settings) else None
    outcome = "stopped" if managed else line.control.stop(timeout_s=timeout_s, force=force)
    pid = managed or line.control.start(line.settings)[0]
    line.say(
        f"isaacd is running now (pid {pid})",
        {"running": True, "before": outcome, "pid": pid},
        as_json=as_json,
    )


def _restarted_by_manager(line: Line, timeout_s: float) -> int | None:
    """Have systemd restart the daemon, if it is the one that runs it: then no connection is lost. Return its process."""
    pid = line.control.pid()
    if pid is None or not line.control.is_managed():
        return None
    from isaacctl.units import Systemd

    manager = Systemd(line.control.environ, system=line.control.is_of_the_system, uid=line.control.uid)
    if manager.main_pid() != pid:
        return None
    manager.must("restart", manager.service_unit)
    return line.control.start()[0]


@cli.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
@click.pass_obj
def status(line: Line, as_json: bool) -> NoReturn:
    """Say whether the daemon runs, and how it does. Exits with 3 if it does not run.

    Examples:
        isaacctl status
        isaacctl status --json
    """
    # The daemon itself answers this command when it runs; here it has been found that it does not.
    control = line.control
    busy = not control.has_ended()
    text = "isaacd is starting or stopping" if busy else "isaacd is not running; to start it: isaacctl start"
    log = newest_log(control.socket, control.environ)
    line.say(text, {"running": False, "busy": busy, "socket": control.socket, "log": log}, as_json=as_json)
    raise click.exceptions.Exit(EXIT_NOT_RUNNING)


@cli.command()
@click.pass_obj
def version(line: Line, as_json: bool) -> None:
    """Show the versions of client, daemon, protocol and Python.

    Examples:
        isaacctl version
        isaacctl version --json
    """
    daemon = daemon_version(line.control)
    python = platform.python_version()
    text = [
        f"isaacctl {__version__}",
        f"isaacd {daemon['version']} (pid {daemon['pid']})" if daemon else "isaacd is not running",
        f"protocol {PROTOCOL}",
        f"Python {python}",
    ]
    data: dict[str, object] = {
        "isaacctl": __version__,
        "isaacd": daemon,
        "protocol": PROTOCOL,
        "python": python,
    }
    line.say("\n".join(text), data, as_json=as_json)


@cli.command("shell-init")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.option(
    "--key",
    metavar="KEYS",
    default="",
    help="The key that looks at the line being typed, as the shell writes it; by default Ctrl-X i.",
)
@click.option(
    "without",
    "--without",
    multiple=True,
    type=click.Choice(["history", "run", "key", "completion", "not-found"]),
    help="Leave a part out; may be given several times.",
)
@click.pass_obj
def shell_init(line: Line, shell: str, key: str, without: tuple[str, ...], as_json: bool) -> None:
    """Print what makes Isaac a part of your shell; put it into ~/.bashrc, ~/.zshrc or config.fish.

    Its parts: `history` (each command goes into Isaac's history, without a process or a daemon), `run` (what only your
    shell can do, such as `cd`, comes back to it), `key` (Ctrl-X i: a question becomes a command, a mistake is mended,
    a danger is told), `completion` of isaacctl, and `not-found` (a suggestion for a command that does not exist).

    Examples:
        isaacctl shell-init fish --without not-found | source
        eval "$(isaacctl shell-init bash)"
        eval "$(isaacctl shell-init zsh --key '^G')"
    """
    from isaacctl.shell_init import program_words, script

    text = script(shell, os.environ, program_words(), key=key, without=without)
    line.say(text.rstrip("\n"), {"shell": shell, "script": text}, as_json=as_json)


def daemon_version(control: Control) -> dict[str, object] | None:
    """Return version and pid of the running daemon; asking for them is no reason to start it."""
    try:
        found = control.ask(
            "hello", [{"proto": [PROTOCOL], "client": {"name": "isaacctl", "version": __version__}}]
        )
    except OSError:
        return None
    server = found.get(b"server") if isinstance(found, dict) else None
    name = server.get(b"version") if isinstance(server, dict) else None
    if not isinstance(server, dict) or not isinstance(name, bytes):
        raise Refused(f"what listens at {control.socket} does not speak like isaacd", EXIT_DEFECT)
    return {"version": name.decode("utf-8", "replace"), "pid": server.get(b"pid")}


def run(argv: list[str]) -> int:
    """Run a command line and return its exit code; raises Refused like the fast path does."""
    code = 0
    try:
        try:
            with cli.make_context("isaacctl", argv) as context:
                cli.invoke(context)
        except click.exceptions.Exit as leaving:
            code = leaving.exit_code
        _flush()
    except click.ClickException as error:
        click.echo(f"error: {error.format_message()}", err=True)
        if isinstance(error, click.UsageError) and error.ctx:
            click.echo(f"  help: {error.ctx.command_path} --help", err=True)
        return EXIT_USAGE
    except (click.Abort, KeyboardInterrupt):
        return EXIT_CANCELLED
    except BrokenPipeError:
        return EXIT_OUTPUT_CLOSED
    except OSError as error:
        # Every file has a name; what has none is the terminal, or where else the output goes.
        what = f"cannot use {error.filename}" if error.filename else "cannot write to standard output"
        raise Refused(f"{what}: {error.strerror}", EXIT_FAILED) from None
    return code


def _flush() -> None:
    """Let nothing that was printed get lost quietly, not even when there is no standard output."""
    if sys.stdout is None:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    sys.stdout.flush()
