"""The daemon as a service: units for systemd and a property list for launchd, written, checked and taken away again."""

import pwd
import shutil
import subprocess
import sys
from pathlib import Path

from isaacctl.talk import EXIT_FAILED, EXIT_PERMISSION, Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MARK = "# Written by `isaacctl service install`; `isaacctl service uninstall` takes it away.\n"
LABEL = "org.isaac.isaacd"
COMMAND_S = 30.0
USER_UNITS = ("isaacd.socket", "isaacd.service")
SYSTEM_UNITS = ("isaacd@.socket", "isaacd@.service")
FEWER_FILE = "20-without-namespaces.conf"
SYSTEM_FOLDER = Path("/etc/systemd/system")
# From 253 and 254 on; older ones ignore the second and refuse the first.
_NEWER = 254
_NEWER_UNIT = """[Service]
Type=notify-reload
FileDescriptorStorePreserve=restart
"""
# Where the system lets no user have a namespace, nothing that needs one can be had.
_FEWER_UNIT = """# Namespaces are not to be had here, so what needs them is left out; the rest holds.
[Service]
PrivateUsers=no
PrivateDevices=no
PrivateMounts=no
ProtectSystem=no
ProtectHome=no
ReadWritePaths=
InaccessiblePaths=
ProtectClock=no
ProtectHostname=no
ProtectKernelLogs=no
ProtectKernelModules=no
ProtectKernelTunables=no
ProtectControlGroups=no
ProtectProc=default
ProcSubset=all
RemoveIPC=no
"""


class Installed:
    """What was done: the files written, and remarks for the person."""

    def __init__(self) -> None:
        self.files: list[str] = []
        self.remarks: list[str] = []


class Systemd:
    """One service manager: the user's own, or the system's for the user with the number `uid`."""

    def __init__(self, environ: "Mapping[str, str]", *, system: bool, uid: int) -> None:
        self._environ = environ
        self._system = system
        config = environ.get("XDG_CONFIG_HOME") or f"{environ.get('HOME', '')}/.config"
        self.folder = SYSTEM_FOLDER if system else Path(config, "systemd/user")
        self.names = SYSTEM_UNITS if system else USER_UNITS
        self.socket_unit = f"isaacd@{uid}.socket" if system else "isaacd.socket"
        self.service_unit = f"isaacd@{uid}.service" if system else "isaacd.service"

    @property
    def is_of_the_system(self) -> bool:
        """Whether this is the manager of the system, not the user's."""
        return self._system

    def check(self) -> None:
        """Raise Refused unless a service manager of this kind can be reached."""
        if shutil.which("systemctl") is None:
            raise Refused(
                "there is no systemctl here, and so no systemd; isaacctl starts the daemon by itself when it is needed",
                EXIT_FAILED,
            )
        state = self.control("show", "--property=Version", "--value")
        if state.returncode != 0:
            hint = "log in anew, or enable lingering: loginctl enable-linger" if not self._system else ""
            raise Refused(
                f"no systemd of {'this system' if self._system else 'yours'} answers: {_said(state)}"
                + (f"\n  {hint}" if hint else ""),
                EXIT_FAILED,
            )

    def version(self) -> int:
        """Return the manager's version, 0 if it does not tell."""
        said = self.control("show", "--property=Version", "--value").stdout.strip()
        digits = said.partition(".")[0].partition("-")[0].partition("~")[0]
        return int(digits) if digits.isdecimal() else 0

    def write(self, *, force: bool) -> Installed:
        """Write the units; a file of that name that somebody else wrote stays, unless by force."""
        done = Installed()
        texts = self._texts()
        if self.version() >= _NEWER:
            texts[f"{self.names[1]}.d/10-newer.conf"] = _NEWER_UNIT
        for name in texts:
            file = self.folder / name
            if not force and file.exists() and not file.read_text(errors="replace").startswith(MARK):
                raise Refused(
                    f"{file} is there already, and is not ours; move it away, or replace it: --force",
                    EXIT_FAILED,
                )
        for name, text in texts.items():
            self._write(self.folder / name, text)
            done.files.append(str(self.folder / name))
        return done

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
        return {name: _unit(name, folder).replace("@ISAACD@", _command()) for name in self.names}

    def write_fewer(self) -> str:
        """Leave out what needs namespaces; return the file's name."""
        file = self.folder / f"{self.names[1]}.d" / FEWER_FILE
        self._write(file, _FEWER_UNIT)
        return str(file)

    def remove(self) -> list[str]:
        """Delete what was written here, and nothing else; return the files."""
        gone = []
        for name in self.names:
            folder = self.folder / f"{name}.d"
            for file in (*sorted(folder.glob("*.conf")), self.folder / name):
                try:
                    is_ours = file.read_text(errors="replace").startswith(MARK)
                except FileNotFoundError:
                    continue
                if is_ours:
                    file.unlink()
                    gone.append(str(file))
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()
        return gone

    def control(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """Run systemctl; raises Refused if it does not come back."""
        command = ["systemctl", *([] if self._system else ["--user"]), "--no-pager", *words]
        try:
            return subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=COMMAND_S,
                env=dict(self._environ),
            )
        except subprocess.TimeoutExpired:
            raise Refused(f"{' '.join(command)} has not ended within {COMMAND_S:g} s", EXIT_FAILED) from None
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
            raise Refused(f"cannot write {file}: {error.strerror}", code) from None


def make_folders(environ: "Mapping[str, str]") -> None:
    """Make the folders that the service may write to: inside its fence it could not make them."""
    home = environ.get("HOME", "")
    for variable, default in (
        ("XDG_CONFIG_HOME", ".config"),
        ("XDG_DATA_HOME", ".local/share"),
        ("XDG_STATE_HOME", ".local/state"),
        ("XDG_CACHE_HOME", ".cache"),
    ):
        folder = Path(environ.get(variable) or f"{home}/{default}", "isaac")
        try:
            folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise Refused(f"cannot make {folder}: {error.strerror}", EXIT_PERMISSION) from None


def write_launchd(environ: "Mapping[str, str]") -> str:
    """Write the property list for launchd and return the file's name."""
    file = Path(environ.get("HOME", ""), "Library/LaunchAgents", f"{LABEL}.plist")
    words = "\n".join(f"    <string>{_xml(word)}</string>" for word in (*_words(), "--log-stderr"))
    log = Path(environ.get("HOME", ""), "Library/Logs/isaacd.log")
    text = _unit(f"{LABEL}.plist", "launchd").replace("@ARGUMENTS@", words).replace("@LOG@", _xml(str(log)))
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    except OSError as error:
        raise Refused(f"cannot write {file}: {error.strerror}", EXIT_PERMISSION) from None
    return str(file)


def uid_of(name: str) -> int:
    """Return the number of a user who is named by it or by name; raises Refused if there is none."""
    try:
        return int(name) if name.isdecimal() else pwd.getpwnam(name).pw_uid
    except KeyError:
        raise Refused(f"there is no user {name!r} here", EXIT_FAILED) from None


def _unit(name: str, folder: str) -> str:
    """Read a unit: from the package, or from the checkout that this runs in."""
    here = Path(__file__).parent
    for place in (here / "systemd" / folder / name, here.parent / "systemd" / folder / name):
        if place.is_file():
            return place.read_text()
    raise Refused(f"{name} is missing in this installation; install isaacd anew", EXIT_FAILED)


def _words() -> list[str]:
    return [sys.executable, "-P", "-m", "isaacd"]


def _command() -> str:
    """Return the command line of the daemon as units write it (systemd.service(5), Command lines)."""
    return " ".join(_quoted(word) for word in _words())


def _quoted(word: str) -> str:
    word = word.replace("%", "%%").replace("$", "$$").replace("\\", "\\\\").replace('"', '\\"')
    return f'"{word}"' if any(char in word for char in " \t'\";") else word


def _xml(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _said(done: "subprocess.CompletedProcess[str]") -> str:
    lines: Sequence[str] = (done.stderr or done.stdout).strip().splitlines()
    return lines[-1] if lines else f"exit code {done.returncode}"
