"""What helps to find a fault, in one file that may be shown to strangers: every word of it redacted."""

import io
import os
import platform
import socket
import sqlite3
import tarfile
import time
from collections.abc import Iterable, Mapping
from importlib import metadata
from pathlib import Path

import msgspec

from isaacd import __version__
from isaacd.ai.keys import KEY_FOLDER
from isaacd.backup.disk import written_whole
from isaacd.checkup.machine import Machine
from isaacd.config import ConfigSource
from isaacd.errors import IsaacError, StorageUnavailable
from isaacd.redact import REDACTED, is_secret_name, redact, redact_text

MAX_LOG_LINES = 300
_MAX_LOG_BYTES = 256 * 1024
# What is shorter could be a part of any word.
_MIN_SECRET_CHARS = 6


def bundle(machine: Machine, told: Mapping[str, object], file: Path) -> list[str]:
    """Write it (0600) and return the names of what is in it; `told` is what the daemon and the doctor say.

    Raises StorageUnavailable where it cannot be written.
    """
    cleaner = Cleaner(machine)
    parts: dict[str, object] = {
        "versions.json": _versions(),
        "config.json": _config(machine),
        **{f"{name}.json": value for name, value in told.items()},
    }
    texts = {
        name: cleaner.clean(msgspec.json.format(msgspec.json.encode(redact(cleaner.value(value))), indent=1))
        for name, value in parts.items()
    }
    texts["log.jsonl"] = cleaner.clean(b"\n".join(_log(machine, cleaner)))
    try:
        with written_whole(file) as out, tarfile.open(fileobj=out, mode="w:gz") as tar:
            for name, data in texts.items():
                member = tarfile.TarInfo(f"isaac-bug-report/{name}")
                member.size, member.mode, member.mtime = len(data), 0o600, int(machine.now)
                tar.addfile(member, io.BytesIO(data))
    except OSError as error:
        raise StorageUnavailable(
            f"{file} cannot be written: {error.strerror or error}", hint="take another folder"
        ) from error
    return sorted(texts)


class Cleaner:
    """Takes out secrets that are known as such, wherever they stand, and who and where somebody is."""

    def __init__(self, machine: Machine) -> None:
        home = machine.environ.get("HOME", "")
        self._secrets = sorted(set(_secrets(machine)), key=len, reverse=True)
        self._private = [
            (word, stands)
            for word, stands in (
                (home, "~"),
                (socket.gethostname(), "HOST"),
                (machine.environ.get("USER", ""), "USER"),
            )
            if len(word) > 2
        ]

    def value(self, value: object) -> object:
        """Return plain data without what is known to be secret: a pattern must not cut such a word in two first."""
        if isinstance(value, str):
            return self.clean(value.encode("utf-8", "backslashreplace")).decode()
        if isinstance(value, list):
            return [self.value(item) for item in value]
        if isinstance(value, dict):
            return {
                self.value(name) if isinstance(name, str) else name: self.value(item)
                for name, item in value.items()
            }
        return value

    def clean(self, data: bytes) -> bytes:
        """Return text that may be shown."""
        text = data.decode("utf-8", "replace")
        for secret in self._secrets:
            # Also as JSON writes it.
            for form in {secret, msgspec.json.encode(secret).decode()[1:-1]}:
                text = text.replace(form, REDACTED)
        for word, stands in self._private:
            text = text.replace(word, stands)
        return text.encode()


def _secrets(machine: Machine) -> Iterable[str]:
    for name, value in machine.environ.items():
        if is_secret_name(name) and len(value) >= _MIN_SECRET_CHARS:
            yield value
    folder = machine.paths.config_dir / KEY_FOLDER
    for file in sorted(folder.iterdir()) if folder.is_dir() else ():
        try:
            value = file.read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError):
            continue
        if len(value) >= _MIN_SECRET_CHARS:
            yield value


def _versions() -> dict[str, object]:
    wanted = [name.partition(">=")[0].partition(";")[0].strip() for name in metadata.requires("isaacd") or []]
    libraries = {}
    for name in dict.fromkeys(wanted):
        try:
            libraries[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            libraries[name] = "missing"
    return {
        "isaac": __version__,
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "sqlite": sqlite3.sqlite_version,
        "system": platform.platform(),
        "machine": platform.machine(),
        "zone": time.strftime("%z"),
        "libraries": libraries,
    }


def _config(machine: Machine) -> object:
    """Return the values that are not defaults, each under its name, by which a secret is known as one."""
    source = ConfigSource(machine.paths.config_file, machine.environ)
    try:
        rows = source.with_overrides(machine.environ, ()).rows(changed=True)
    except IsaacError as error:
        return {"problem": error.message}
    problem = source.problem
    values = {row.key: {"origin": row.origin, row.key.rpartition(".")[2]: row.value} for row in rows}
    return {"values": values, "problem": None if problem is None else problem.message}


def _log(machine: Machine, cleaner: Cleaner) -> list[bytes]:
    """Return the last lines, redacted once more: what is no line of ours may hold anything."""
    try:
        with machine.paths.log_file.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _MAX_LOG_BYTES))
            lines = file.read().splitlines()[-MAX_LOG_LINES:]
    except OSError:
        return []
    return [_line(line, cleaner) for line in lines]


def _line(line: bytes, cleaner: Cleaner) -> bytes:
    try:
        return msgspec.json.encode(redact(cleaner.value(msgspec.json.decode(line))))
    except (msgspec.MsgspecError, RecursionError):
        return redact_text(cleaner.clean(line).decode()).encode()
