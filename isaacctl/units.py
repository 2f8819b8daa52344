"""The daemon as a service: units for systemd and a property list for launchd, written, checked and taken away again."""

import os
import pwd
import shutil
import subprocess
from pathlib import Path

from isaacctl.talk import EXIT_FAILED, EXIT_PERMISSION, Refused
from isaacctl.unitfiles import (
    FEWER_FILE,
    FEWER_UNIT,
    FOLDERS_FILE,
    LABEL,
    MARK,
    NEWER,
    NEWER_FILE,
    NEWER_UNIT,
    command,
    first_word,
    folders_unit,
    launchd_list,
    unit,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

COMMAND_S = 30.0
USER_UNITS = ("isaacd.socket", "isaacd.service")
SYSTEM_UNITS = ("isaacd@.socket", "isaacd@.service")
SYSTEM_FOLDER = Path("/etc/systemd/system")
# How a service ends whose fence cannot be put up, as systemd.exec(5) numbers it: no namespace for
# users, no capabilities in one, none for the network or files.
_NO_NAMESPACE = (217, 218, 225, 226)


class Installed:
    """What was done: the files written, and remarks for the person."""

    def __init__(self) -> None:
        self.files: list[str] = []
        self.remarks: list[str] = []
        self.before: dict[Path, bytes | None] = {}


class Systemd:
    """One service manager: the user's own, or the system's for the user with the number `uid`."""

    def __init__(
        self, environ: "Mapping[str, str]", *, system: bool, uid: int, system_folder: Path = SYSTEM_FOLDER
    ) -> None:
        self._environ = environ
        self._system = system
        config = environ.get("XDG_CONFIG_HOME") or f"{environ.get('HOME', '')}/.config"
        self.folder = system_folder if system else Path(config, "systemd/user")
        self.names = SYSTEM_UNITS if system else USER_UNITS
        self.socket_unit = f"isaacd@{uid}.socket" if system else "isaacd.socket"
        self.service_unit = f"isaacd@{uid}.service" if system else "isaacd.service"

    @property
    def is_of_the_system(self) -> bool:
        """Whether this is the manager of the system, not the user's."""
        return self._system

    def check(self) -> None:
        """Raise Refused unless a service manager of this kind can be reached; learn where it looks for units."""
        if shutil.which("systemctl", path=self._environ.get("PATH")) is None:
            raise Refused(
                "there is no systemctl here, and so no systemd; isaacctl starts the daemon by itself when it is needed",
                EXIT_FAILED,
            )
        state = self.control("show", "--property=UnitPath", "--value")
        if state.returncode != 0:
            hint = "log in anew, or enable lingering: loginctl enable-linger" if not self._system else ""
            raise Refused(
                f"no systemd of {'this system' if self._system else 'yours'} answers: {_said(state)}"
                + (f"\n  {hint}" if hint else ""),
                EXIT_FAILED,
            )
        if not self._system:
            # It may have been started without the variables of this shell; what counts is where it looks.
            first = first_word(state.stdout.strip())
            if first.endswith("/systemd/user.control"):
                self.folder = Path(first.removesuffix(".control"))

    def version(self) -> int:
        """Return the manager's version, 0 if it does not tell."""
        said = self.control("show", "--property=Version", "--value").stdout.strip()
        digits = said.partition(".")[0].partition("-")[0].partition("~")[0]
        return int(digits) if digits.isdecimal() else 0

    def write(self, *, force: bool) -> Installed:
        """Write the units; a file of that name that somebody else wrote stays, unless by force.

        What an earlier installation added and this one does not is taken away: it is found out anew.
        """
        done = Installed()
        texts = self._texts()
        extras = f"{self.names[1]}.d"
        if self.version() >= NEWER:
            texts[f"{extras}/{NEWER_FILE}"] = NEWER_UNIT
        if not self._system:
            said = self.control("show-environment").stdout.splitlines()
            folders = folders_unit(self._environ, (line.partition("=")[0] for line in said))
            if folders is not None:
                texts[f"{extras}/{FOLDERS_FILE}"] = folders
        for name in texts:
            file = self.folder / name
            if not force and os.path.lexists(file) and not _is_ours(file):
                raise Refused(
                    f"{file} is there already, and is not ours; move it away, or replace it: --force",
                    EXIT_FAILED,
                )
        older = [
            file
            for file in sorted((self.folder / extras).glob("*.conf"))
            if f"{extras}/{file.name}" not in texts
        ]
        for file in older:
            if _is_ours(file):
                done.before[file] = file.read_bytes()
                _unlink(file)
        for name, text in texts.items():
            file = self.folder / name
            done.before[file] = file.read_bytes() if file.is_file() else None
            self._write(file, text)
            done.files.append(str(file))
        self._drop_empty(self.folder / extras)
        return done

    def put_back(self, done: Installed) -> None:
        """Have the units again that were there before `done`."""
        for file, text in done.before.items():
            if text is None:
                _unlink(file)
            else:
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(text)
        self._drop_empty(self.folder / f"{self.names[1]}.d")

    def is_current(self) -> bool:
        """Say whether the units that are there are those that would be written now."""
        try:
            return all(
                (self.folder / name).read_text() == MARK + text for name, text in self._texts().items()
            )
        except OSError:
            return False

    def _texts(self) -> dict[str, str]:
        folder = "system" if self._system else "user"
        return {name: unit(name, folder).replace("@ISAACD@", command()) for name in self.names}

    def write_fewer(self, done: Installed) -> None:
        """Leave out what needs namespaces."""
        file = self.folder / f"{self.names[1]}.d" / FEWER_FILE
        done.before[file] = None
        self._write(file, FEWER_UNIT)
        done.files.append(str(file))

    def files(self) -> list[str]:
        """Name the units that are there and what is added to them, no matter who wrote it."""
        there = [file for name in self.names if (file := self.folder / name).exists()]
        added = [file for name in self.names for file in sorted((self.folder / f"{name}.d").glob("*.conf"))]
        return [str(file) for file in (*there, *added)] if there else []

    def others(self) -> list[str]:
        """Name the sockets of other users that listen by the same units."""
        if not self._system:
            return []
        found = {file.name for file in self.folder.glob("*.wants/isaacd@?*.socket")}
        return sorted(found - {self.socket_unit})

    def remove(self) -> list[str]:
        """Delete what was written here, and nothing else; return the files."""
        gone = []
        for name in self.names:
            folder = self.folder / f"{name}.d"
            for file in (*sorted(folder.glob("*.conf")), self.folder / name):
                if _is_ours(file):
                    _unlink(file)
                    gone.append(str(file))
            self._drop_empty(folder)
        if gone and not self._system:
            self._drop_empty(self.folder)
            self._drop_empty(self.folder.parent)
        return gone

    def control(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """Run systemctl; raises Refused if it does not come back."""
        line = ["systemctl", *([] if self._system else ["--user"]), "--no-pager", *words]
        try:
            return subprocess.run(
                line,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=COMMAND_S,
                env=dict(self._environ),
            )
        except subprocess.TimeoutExpired:
            raise Refused(f"{' '.join(line)} has not ended within {COMMAND_S:g} s", EXIT_FAILED) from None
        except OSError as error:
            raise Refused(f"cannot run systemctl: {error.strerror}", EXIT_FAILED) from None

    def must(self, *words: str) -> None:
        """Run systemctl; raises Refused if it fails."""
        done = self.control(*words)
        if done.returncode != 0:
            raise Refused(f"systemctl {' '.join(words)} failed: {_said(done)}", EXIT_FAILED)

    def main_pid(self) -> int:
        """Return the process of the service, 0 if it does not run."""
        said = self.control("show", "--property=MainPID", "--value", self.service_unit).stdout.strip()
        return int(said) if said.isdecimal() else 0

    def ended_with(self) -> int:
        """Return how the service ended last: an exit code, or a number of systemd's own above 199; 0 if it did not."""
        said = self.control("show", "--property=ExecMainStatus", "--value", self.service_unit).stdout.strip()
        return int(said) if said.isdecimal() else 0

    def has_no_namespaces(self) -> bool:
        """Say whether the service did not start because the system gives its user no namespaces."""
        return self.ended_with() in _NO_NAMESPACE

    def states(self) -> dict[str, str]:
        """Say how socket and service are, as systemd calls it."""
        return {
            unit: self.control("is-active", unit).stdout.strip() or "unknown"
            for unit in (self.socket_unit, self.service_unit)
        }

    def _write(self, file: Path, text: str) -> None:
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            new = file.with_name(f".{file.name}.new")
            new.write_text(MARK + text)
            new.chmod(0o644)
            new.replace(file)
        except OSError as error:
            code = EXIT_PERMISSION if isinstance(error, PermissionError) else EXIT_FAILED
            raise Refused(
                f"cannot write {file}: {error.strerror}\n  let yourself write there: ls -ld {file.parent}",
                code,
            ) from None

    def _drop_empty(self, folder: Path) -> None:
        """Take an empty folder away; one that is a link, or cannot be had, stays."""
        try:
            folder.rmdir()
        except OSError:
            return


def write_launchd(environ: "Mapping[str, str]") -> str:
    """Write the property list for launchd and return the file's name."""
    file = Path(environ.get("HOME", ""), "Library/LaunchAgents", f"{LABEL}.plist")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(launchd_list(environ))
        file.chmod(0o644)  # launchd loads none that others may write
    except OSError as error:
        raise Refused(f"cannot write {file}: {error.strerror}", EXIT_PERMISSION) from None
    return str(file)


def uid_of(name: str) -> int:
    """Return the number of a user who is named by it or by name; raises Refused if there is none."""
    try:
        return int(name) if name.isdecimal() else pwd.getpwnam(name).pw_uid
    except KeyError:
        raise Refused(f"there is no user {name!r} here", EXIT_FAILED) from None


def _is_ours(file: Path) -> bool:
    try:
        return file.is_file() and file.read_text(errors="replace").startswith(MARK)
    except OSError:
        return False


def _unlink(file: Path) -> None:
    try:
        file.unlink(missing_ok=True)
    except OSError as error:
        code = EXIT_PERMISSION if isinstance(error, PermissionError) else EXIT_FAILED
        raise Refused(
            f"cannot remove {file}: {error.strerror}\n  let yourself write there: ls -ld {file.parent}", code
        ) from None


def _said(done: "subprocess.CompletedProcess[str]") -> str:
    lines: Sequence[str] = (done.stderr or done.stdout).strip().splitlines()
    return lines[-1] if lines else f"exit code {done.returncode}"
