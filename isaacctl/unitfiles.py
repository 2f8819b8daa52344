"""What the daemon's units say: read from the package, with the paths of this installation and this person's folders."""

import os
import sys
from pathlib import Path

from isaacctl.talk import EXIT_FAILED, EXIT_PERMISSION, Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MARK = "# Written by `isaacctl service install`; `isaacctl service uninstall` takes it away.\n"
LABEL = "org.isaac.isaacd"
NEWER_FILE = "10-newer.conf"
FEWER_FILE = "20-without-namespaces.conf"
FOLDERS_FILE = "15-folders.conf"
# From 253 and 254 on; older ones ignore the second and refuse the first.
NEWER = 254
NEWER_UNIT = """[Service]
Type=notify-reload
FileDescriptorStorePreserve=restart
"""
# Where the system lets no user have a namespace, nothing that needs one can be had.
FEWER_UNIT = """# Namespaces are not to be had here, so what needs them is left out; the rest holds.
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
CapabilityBoundingSet=~
"""
_FOLDERS = (
    ("XDG_CONFIG_HOME", ".config"),
    ("XDG_DATA_HOME", ".local/share"),
    ("XDG_STATE_HOME", ".local/state"),
    ("XDG_CACHE_HOME", ".cache"),
)


def unit(name: str, folder: str) -> str:
    """Read a unit: from the package, or from the checkout that this runs in."""
    here = Path(__file__).parent
    for place in (here / "systemd" / folder / name, here.parent / "systemd" / folder / name):
        if place.is_file():
            return place.read_text()
    raise Refused(f"{name} is missing in this installation; install isaacd anew", EXIT_FAILED)


def words() -> list[str]:
    """Return the daemon's command line."""
    return [sys.executable, "-P", "-m", "isaacd"]


def command() -> str:
    """Return the command line of the daemon as units write it (systemd.service(5), Command lines)."""
    program, *arguments = words()
    # In the path of the program variables are not looked for, and a doubled `$` would stay doubled.
    return " ".join([_quoted(program), *(_quoted(word.replace("$", "$$")) for word in arguments)])


def folders_of(environ: "Mapping[str, str]") -> dict[str, str]:
    """Return what each variable of the XDG directories means for the person, whether it is set or not."""
    home = environ.get("HOME", "")
    return {
        name: value if os.path.isabs(value := environ.get(name, "")) else f"{home}/{default}"
        for name, default in _FOLDERS
    }


def folders_unit(environ: "Mapping[str, str]", of_the_manager: "Iterable[str]") -> str | None:
    """Have the daemon keep its files where the person's own shell would; None if it does so anyway.

    `of_the_manager` names the variables that the service manager sets, to whatever value.
    """
    home, told = environ.get("HOME", ""), set(of_the_manager)
    other = {
        name: folder
        for (name, default), folder in zip(_FOLDERS, folders_of(environ).values(), strict=True)
        if folder != f"{home}/{default}" or name in told
    }
    if not other:
        return None
    lines = ["# Where the shell in which it was installed has these folders.", "[Service]"]
    for name, folder in other.items():
        kept = f"{folder.rstrip('/')}/isaac"
        lines += [
            f"Environment={_quoted(f'{name}={folder}')}",
            f"ExecStartPre=-+/bin/mkdir -p -m 0700 {_quoted(kept.replace('$', '$$'))}",
            f"ReadWritePaths={_quoted(f'-{kept}')}",
        ]
    return "\n".join(lines) + "\n"


def make_folders(environ: "Mapping[str, str]") -> None:
    """Make the folders that the service may write to: inside its fence it could not make them."""
    for parent in folders_of(environ).values():
        folder = Path(parent, "isaac")
        try:
            folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise Refused(f"cannot make {folder}: {error.strerror}", EXIT_PERMISSION) from None


def launchd_list(environ: "Mapping[str, str]") -> str:
    """Return the property list for launchd."""
    home = environ.get("HOME", "")
    arguments = "\n".join(f"    <string>{_xml(word)}</string>" for word in (*words(), "--log-stderr"))
    set_ = {name: folder for name, folder in folders_of(environ).items() if environ.get(name) == folder}
    variables = "\n".join(
        f"    <key>{name}</key>\n    <string>{_xml(folder)}</string>" for name, folder in set_.items()
    )
    text = unit(f"{LABEL}.plist", "launchd")
    # What is put in last cannot be taken for a place to put something else in.
    before, rest = text.split("@ARGUMENTS@")
    between, rest = rest.split("@VARIABLES@")
    until, after = rest.split("@LOG@")
    log = _xml(f"{home}/Library/Logs/isaacd.log")
    return before + arguments + between + variables + until + log + after


def first_word(said: str) -> str:
    """Return the first word of a list that systemd printed; one with odd characters in it is in quotes."""
    if not said.startswith('"'):
        return said.partition(" ")[0]
    word, rest = "", iter(said[1:])
    for char in rest:
        if char == '"':
            break
        word += next(rest, "") if char == "\\" else char
    return word


def _quoted(word: str) -> str:
    """Quote a word as systemd.syntax(7) has it."""
    word = word.replace("%", "%%").replace("\\", "\\\\").replace('"', '\\"')
    word = word.replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")
    return f'"{word}"' if any(char in word for char in " \\';\"#") or not word.isprintable() else word


def _xml(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
