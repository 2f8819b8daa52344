"""`isaacctl bug-report`: what helps to find a fault, in one file, with every secret taken out."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping

import click

from isaacctl.control import ANSWER_S
from isaacctl.doctor import examine
from isaacctl.local import Command, Line
from isaacctl.talk import EXIT_DEFECT, Refused

_TRACES = 50
_ASKED: Mapping[str, tuple[str, Mapping[str, object]]] = {
    "status": ("status", {"full": True}),
    "plugins": ("plugins.list", {}),
    "requests": ("trace", {"count": _TRACES}),
}


@click.command("bug-report", cls=Command)
@click.argument("file", type=click.Path(dir_okay=False), required=False)
@click.pass_obj
def bug_report(line: Line, file: str | None, as_json: bool) -> None:
    """Put together what helps to find a fault, without secrets, in a file that only you can read.

    In it are versions, settings that are no defaults, what the doctor finds, the plugins, the last requests with their
    times, and the last lines of the log. Keys, tokens and passwords are taken out, and so are your home, your name and
    the name of this machine; no text of yours is in it. Nothing is sent anywhere: look at it, then pass it on.

    Examples:
        isaacctl bug-report
        isaacctl bug-report /tmp/isaac-bug.tar.gz
        tar -xOf isaac-bug-*.tar.gz | less
    """
    file = os.path.abspath(file or time.strftime("isaac-bug-%Y%m%d-%H%M%S.tar.gz"))
    if os.path.exists(file):
        raise click.UsageError(f"{file} is there already; take another name")
    told = {"doctor": examine(line), **_asked(line)}
    done = subprocess.run(
        [sys.executable, "-P", "-m", "isaacd.checkup.report", file],
        input=json.dumps(told).encode(),
        stdout=subprocess.PIPE,
    )
    try:
        said = json.loads(done.stdout)
    except ValueError:
        raise Refused(
            f"the report ended without an answer (exit code {done.returncode})", EXIT_DEFECT
        ) from None
    if done.returncode != 0:
        raise Refused(f"{said.get('error')}\n  {said.get('hint')}", done.returncode)
    text = f"written: {file}\n  {', '.join(said['names'])}\nlook at it before you pass it on: tar -xOf {file} | less"
    line.say(text, {"file": file, "parts": said["names"]}, as_json=as_json)


def _asked(line: Line) -> dict[str, object]:
    """Return what the daemon says, or why it does not."""
    from isaacctl.client import Client, ClientError, DaemonUnavailable, RemoteError

    told: dict[str, object] = {}
    try:
        with Client(
            start=False, timeout_s=ANSWER_S, environ=line.control.environ, caller="isaacctl"
        ) as client:
            for name, (method, params) in _ASKED.items():
                try:
                    told[name] = client.call(method, params)
                except RemoteError as error:
                    told[name] = str(error)
    except DaemonUnavailable:
        told["status"] = "there is no daemon to ask"
    except (ClientError, OSError) as error:
        told["trouble"] = f"the daemon has not answered: {error}"
    return told
