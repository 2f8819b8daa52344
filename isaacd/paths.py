"""Where Isaac keeps its files: the XDG directories, the socket and the log."""

import contextlib
import errno
import os
import stat
import sys
from collections.abc import Mapping
from pathlib import Path

import msgspec

from isaacd.errors import ConfigInvalid, PermissionDenied, StorageUnavailable

# sockaddr_un.sun_path holds this many bytes with its closing NUL: unix(7) on Linux, unix(4) on macOS and the BSDs.
SUN_PATH_BYTES = 108 if sys.platform == "linux" else 104
TEMPORARY = Path("/tmp")  # noqa: S108 - only a parent: the directory in it is made 0700 and checked


class Paths(msgspec.Struct, frozen=True, kw_only=True):
    """Every place of one user's Isaac; nothing here needs to exist yet.

    `runtime_dir` holds the socket and its lock; it goes through `make_private` before either is made.
    """

    config_file: Path
    config_dir: Path
    data_dir: Path
    state_dir: Path
    cache_dir: Path
    runtime_dir: Path
    socket: Path
    lock: Path
    log_file: Path

    @classmethod
    def from_environ(
        cls,
        environ: Mapping[str, str],
        uid: int,
        *,
        temporary: Path = TEMPORARY,
        sun_path_bytes: int = SUN_PATH_BYTES,
    ) -> "Paths":
        """Find the places for user `uid`; creates nothing.

        Follows the XDG Base Directory Specification 0.8: a variable that is empty or not absolute counts as not set.
        XDG_RUNTIME_DIR also counts as not set unless it is a directory of `uid`; then `/tmp/isaacd-UID` takes its
        place. ISAACD_SOCKET moves the socket, and with it the lock and the runtime directory.
        Raises ConfigInvalid when there is no home directory or the socket's path cannot be used.
        """
        home = _home(environ, uid)
        config_dir = _xdg(environ, "XDG_CONFIG_HOME", home / ".config") / "isaac"
        state_dir = _xdg(environ, "XDG_STATE_HOME", home / ".local/state") / "isaac"
        socket, lock = _socket(environ, uid, temporary)
        _check_socket(socket, sun_path_bytes)
        return cls(
            config_file=config_dir / "config.toml",
            config_dir=config_dir,
            data_dir=_xdg(environ, "XDG_DATA_HOME", home / ".local/share") / "isaac",
            state_dir=state_dir,
            cache_dir=_xdg(environ, "XDG_CACHE_HOME", home / ".cache") / "isaac",
            runtime_dir=socket.parent,
            socket=socket,
            lock=lock,
            log_file=state_dir / "isaacd.log",
        )


def make_private(directory: Path, *, uid: int | None = None) -> None:
    """Make `directory` with mode 0700 whatever the umask, and make sure that nobody else can reach into it.

    Missing parents are made with 0700 too, as XDG asks. `uid` is the owner it must have, by default this process's.
    Raises PermissionDenied when it cannot be made, is a symbolic link or no directory, belongs to another user, or
    is open to others.
    """
    uid = os.geteuid() if uid is None else uid
    try:
        _make(directory)
        found = directory.lstat()
    except OSError as error:
        raise PermissionDenied(
            f"cannot make the directory {directory}: {error.strerror}",
            hint="set ISAACD_SOCKET to a path in a directory that you can write to",
        ) from error
    if not stat.S_ISDIR(found.st_mode):
        what = "a symbolic link" if stat.S_ISLNK(found.st_mode) else "not a directory"
        raise PermissionDenied(f"{directory} is {what}", hint=f"remove it: rm {directory}")
    if found.st_uid != uid:
        raise PermissionDenied(
            f"{directory} belongs to user {found.st_uid}, not to you (user {uid})",
            hint="ask its owner to remove it, or set ISAACD_SOCKET to a path in a directory of yours",
        )
    if found.st_mode & stat.S_ISVTX and found.st_mode & 0o022:
        # /tmp and its like: closing it would be worse than anything else.
        raise PermissionDenied(
            f"{directory} is for everybody",
            hint="set ISAACD_SOCKET to a path in a directory of yours",
        )
    if found.st_mode & 0o077:
        raise PermissionDenied(
            f"{directory} is open to other users (mode {stat.S_IMODE(found.st_mode):04o})",
            hint=f"close it: chmod 700 {directory}",
        )


def read_regular(file: Path) -> bytes:
    """Return what is in a file; raises OSError for what is none, such as a pipe, at which reading would wait for ever."""
    descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as opened:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file", str(file))
        return opened.read()


def read_own(file: Path) -> bytes:
    """Return what is in a file that nobody else could have written; raises OSError where others could, or there is none."""
    found = file.lstat()
    if found.st_uid not in (os.geteuid(), 0) or found.st_mode & 0o022:
        raise OSError(errno.EPERM, "others can write to it", str(file))
    return read_regular(file)


def keep_own(file: Path, data: bytes) -> None:
    """Replace a file as a whole, so that nobody ever reads half of it, open to nobody else; raises StorageUnavailable."""
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(beside, flags, 0o600), "wb") as opened:
            opened.write(data)
            opened.flush()
            os.fsync(opened.fileno())
        beside.replace(file)
    except OSError as error:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise StorageUnavailable(
            f"cannot write {file}: {error.strerror}", hint="is the disk full, or the folder read-only?"
        ) from error


def _make(directory: Path) -> None:
    if not directory.parent.is_dir():
        _make(directory.parent)
    try:
        directory.mkdir(mode=0o700)
    except FileExistsError:
        return
    # The umask can only have taken bits away from our own new directory; nobody else could enter it so far.
    directory.chmod(0o700)


def _home(environ: Mapping[str, str], uid: int) -> Path:
    home = environ.get("HOME", "")
    if os.path.isabs(home):  # noqa: PTH117 - of a string, before there is a path
        return Path(home)
    import pwd

    try:
        return Path(pwd.getpwuid(uid).pw_dir)
    except KeyError:
        raise ConfigInvalid(
            f"there is no home directory: HOME is not set and user {uid} has no passwd entry",
            hint="set HOME to an absolute path",
        ) from None


def _xdg(environ: Mapping[str, str], name: str, default: Path) -> Path:
    value = environ.get(name, "")
    return Path(value) if os.path.isabs(value) else default  # noqa: PTH117


def _socket(environ: Mapping[str, str], uid: int, temporary: Path) -> tuple[Path, Path]:
    """Choose the paths of the socket and its lock."""
    chosen = environ.get("ISAACD_SOCKET", "")
    if chosen:
        if not os.path.isabs(chosen) or chosen.endswith("/"):  # noqa: PTH117
            raise ConfigInvalid(
                "ISAACD_SOCKET must be the absolute path of a socket, such as /run/user/1000/my.sock"
            )
        return Path(chosen), Path(chosen + ".lock")
    runtime = environ.get("XDG_RUNTIME_DIR", "")
    if os.path.isabs(runtime) and _is_own_directory(runtime, uid):  # noqa: PTH117
        directory = Path(runtime, "isaacd")
    else:
        directory = temporary / f"isaacd-{uid}"
    return directory / "isaacd.sock", directory / "isaacd.lock"


def _is_own_directory(path: str, uid: int) -> bool:
    try:
        found = os.stat(path)  # noqa: PTH116 - a string that may be no path at all
    except (OSError, ValueError):
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == uid


def _check_socket(socket: Path, sun_path_bytes: int) -> None:
    length = len(os.fsencode(socket)) + 1
    if length > sun_path_bytes:
        raise ConfigInvalid(
            f"the socket's path is too long for this system ({length - 1} bytes, at most {sun_path_bytes - 1}): {socket}",
            hint="set ISAACD_SOCKET to a shorter absolute path",
        )
