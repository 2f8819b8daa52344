"""`isaacctl backup`, `restore`, `export` and `import`: all that is yours in one file, and back again."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import click

from isaacctl.launch import make_private, take_lock
from isaacctl.local import STOP_S, Command, Line
from isaacctl.talk import EXIT_DEFECT, EXIT_FAILED, EXIT_TRY_LATER, Refused

_LOCK_WAIT_S = 15.0
_FILE = click.Path(dir_okay=False, resolve_path=False)


@click.command("backup", cls=Command)
@click.argument("file", type=_FILE)
@click.option("--with-keys", is_flag=True, help="Put your API keys in too, as they are: unencrypted.")
@click.pass_obj
def backup(line: Line, file: str, with_keys: bool, as_json: bool) -> None:
    """Keep everything you own in one file, which only you can read.

    The daemon may go on working meanwhile. Conversations, history, notes, tasks, schedules, the ledger, settings,
    aliases, roles and your own plugins are in it; kept answers are not, and keys only if you ask. A former backup of
    that name is replaced once the new one is whole.

    Examples:
        isaacctl backup ~/isaac.backup
        isaacctl backup --with-keys /media/stick/isaac.backup
    """
    done = _work("backup", {"file": os.path.abspath(file), "with_keys": with_keys})
    text = [
        f"kept {_count(done, 'files')} files, {_count(done, 'databases')} of them databases: {done['file']}"
    ]
    if with_keys:
        text.append("your API keys are in it, unencrypted; only you can read it (mode 0600)")
    text += [f"left out, as it is no file: {name}" for name in _words(done, "skipped")]
    line.say("\n".join(text), done, as_json=as_json)


@click.command("restore", cls=Command)
@click.argument("file", type=_FILE)
@click.pass_obj
def restore(line: Line, file: str, as_json: bool) -> None:
    """Bring a backup back, in place of what is here.

    It is checked as a whole before anything is changed; one of a newer Isaac is refused. What was here before is kept
    as a backup of its own. A daemon that runs is stopped for it and started again. A backup holds commands and plugins
    that will be run, so restore only what you trust.

    Examples:
        isaacctl restore ~/isaac.backup
    """
    done = _alone(line, "restore", {"file": os.path.abspath(file)})
    made = time.strftime("%Y-%m-%d %H:%M", time.localtime(_number(done, "made_at")))
    text = [
        f"restored {_count(done, 'files')} files of {made}, {_count(done, 'databases')} of them databases",
        f"what was here before: {done.get('kept')}",
    ]
    line.say("\n".join(text), done, as_json=as_json)


@click.command("export", cls=Command)
@click.argument("file", type=_FILE)
@click.pass_obj
def export(line: Line, file: str, as_json: bool) -> None:
    """Write everything you own as plain JSON, which only you can read. Keys are not in it.

    History, conversations, notes, tasks and schedules, the ledger, what plugins have kept, and settings: one list of
    objects for each table, with the columns' names.

    Examples:
        isaacctl export ~/isaac.json
        isaacctl export all.json && jq '.notes.notes[].text' all.json
    """
    done = _work("export", {"file": os.path.abspath(file)})
    rows = done.get("rows")
    text = [f"{count:>8}  {name}" for name, count in (rows.items() if isinstance(rows, dict) else ())]
    text += [f"{_count(done, 'settings'):>8}  files of settings", f"written: {done['file']}"]
    line.say("\n".join(text), done, as_json=as_json)


@click.command("import", cls=Command)
@click.argument("file", type=_FILE)
@click.pass_obj
def import_(line: Line, file: str, as_json: bool) -> None:
    """Take in what `export` has written, here or elsewhere; a second time adds nothing.

    What is here stays as it is: rows are added, and settings only where there are none. Schedules come paused, and
    what was approved elsewhere is to be approved again. What was here before is kept as a backup.

    Examples:
        isaacctl import ~/isaac.json
    """
    done = _alone(line, "import", {"file": os.path.abspath(file)})
    added = done.get("added")
    text = [f"{count:>8} new  {name}" for name, count in (added.items() if isinstance(added, dict) else ())]
    text.append(f"{_count(done, 'known'):>8} were here already")
    text += [f"written: {name}" for name in _words(done, "settings")]
    text += [f"differs, and was left as it is: {name}" for name in _words(done, "differ")]
    text.append(f"what was here before: {done.get('kept')}")
    line.say("\n".join(text), done, as_json=as_json)


COMMANDS: Mapping[str, click.Command] = {
    "backup": backup,
    "restore": restore,
    "export": export,
    "import": import_,
}


def _work(verb: str, options: Mapping[str, object], *, lock: int | None = None) -> dict[str, object]:
    """Have a process of its own do it, which keeps the lock even if we are killed; raises Refused with what it says."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", "isaacd.backup", verb, json.dumps(options)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        pass_fds=() if lock is None else (lock,),
    )
    try:
        said = json.loads(done.stdout)
    except ValueError:
        raise Refused(f"{verb} ended without an answer (exit code {done.returncode})", EXIT_DEFECT) from None
    if done.returncode != 0:
        hint = said.get("hint")
        raise Refused(f"{said.get('error')}" + (f"\n  {hint}" if hint else ""), done.returncode)
    return dict(said)


def _alone(line: Line, verb: str, options: Mapping[str, object]) -> dict[str, object]:
    """Do it while no daemon runs; one that did runs again afterwards, also if it failed."""
    if not os.path.exists(str(options["file"])):
        raise Refused(f"there is no file {options['file']}", EXIT_FAILED)
    with _stopped(line) as lock:
        return _work(verb, options, lock=lock)


@contextmanager
def _stopped(line: Line) -> Iterator[int]:
    control = line.control
    ran = control.stop(timeout_s=STOP_S, force=False) != "absent"
    try:
        make_private(os.path.dirname(control.lock), control.uid)
        lock = take_lock(control.lock)
        deadline = time.monotonic() + _LOCK_WAIT_S
        while lock is None:
            # Somebody has asked for something meanwhile, and so started it again.
            if time.monotonic() > deadline:
                raise Refused("the daemon is started again and again; stop what does that", EXIT_TRY_LATER)
            control.stop(timeout_s=STOP_S, force=False)
            lock = take_lock(control.lock)
        try:
            yield lock
        finally:
            os.close(lock)
    finally:
        if ran:
            control.start(line.settings)


def _count(done: Mapping[str, object], name: str) -> int:
    return int(_number(done, name))


def _number(done: Mapping[str, object], name: str) -> float:
    found = done.get(name, 0)
    return found if isinstance(found, (int, float)) else 0


def _words(done: Mapping[str, object], name: str) -> list[str]:
    """Return names that come from files, with nothing in them that would steer a terminal."""
    found = done.get(name)
    words = [str(item) for item in found] if isinstance(found, list) else []
    return ["".join(char if char.isprintable() else "?" for char in word) for word in words]
