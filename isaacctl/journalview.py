"""The daemon's log where systemd keeps it: lines of the journal as the log file would have them."""

import json
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime

from isaacctl.talk import EXIT_FAILED, Refused

_LEVELS = {"7": "debug", "6": "info", "5": "info", "4": "warning", "3": "error"}
_PREFIX = "ISAAC_"
_MAY_READ = "to read it: sudo usermod -aG systemd-journal $USER, and log in anew; or keep journals: sudo mkdir /var/log/journal"


def entries(unit: str, *, system: bool, count: int | None, follow: bool) -> Iterator[bytes]:
    """Give the lines of a unit, the last `count` of them or all; with `follow` also those to come.

    Raises Refused if there is no journalctl, or it refuses.
    """
    # Not `--user -u`: that looks only into a journal of the user's own, which there is none of without persistent storage.
    whose = ["-u", unit] if system else ["--user-unit", unit]
    last = ["-n", "all" if count is None else str(count)]
    command = ["journalctl", *whose, *last, *(["-f"] if follow else []), "-o", "json", "--no-pager", "-q"]
    try:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
    except OSError as error:
        raise Refused(f"cannot run journalctl: {error.strerror}", EXIT_FAILED) from None
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        for text in process.stdout:
            line = line_of(text)
            if line is not None:
                yield line
        said = process.stderr.read().decode("utf-8", "replace").strip()
        if process.wait() != 0:
            hint = f"\n  {_MAY_READ}" if "permission" in said else ""
            raise Refused(f"journalctl: {said or process.returncode}{hint}", EXIT_FAILED)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()


def line_of(text: bytes) -> bytes | None:
    """Make a line of the log of an entry; None for what is none, such as systemd's own remarks on the unit."""
    try:
        entry = json.loads(text)
        event = _text(entry["ISAAC_EVENT"])
        at = datetime.fromtimestamp(int(entry["__REALTIME_TIMESTAMP"]) / 1e6, UTC)
    except (ValueError, KeyError, TypeError, OverflowError):
        return None
    fields: dict[str, object] = {
        "ts": at.isoformat(timespec="milliseconds"),
        "level": _LEVELS.get(str(entry.get("PRIORITY")), "info"),
        "event": event,
    }
    for name, value in entry.items():
        if name.startswith(_PREFIX) and name != "ISAAC_EVENT":
            fields[name.removeprefix(_PREFIX).lower()] = _value(_text(value))
    return json.dumps(fields, ensure_ascii=False).encode() + b"\n"


def _text(value: object) -> str:
    """Return a field: what is no text comes as a list of bytes."""
    if isinstance(value, list):
        return bytes(byte & 0xFF for byte in value if isinstance(byte, int)).decode("utf-8", "replace")
    return str(value)


def _value(text: str) -> object:
    """Return numbers and lists as what they are: text came as it is, everything else as JSON."""
    if text[:1] not in "{[-0123456789tfn" or not text:
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text
