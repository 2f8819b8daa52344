"""Which files an isolated plugin may reach: Python and its own, and what it declares, but never what is private."""

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

import msgspec

from isaacd.paths import Paths
from isaacd.plugin.isolation.fence import Fence, Limits

# What Python and the C library read; with the network, where names and certificates are.
_SYSTEM = (
    *(
        "/usr/lib",
        "/usr/lib32",
        "/usr/lib64",
        "/usr/local/lib",
        "/lib",
        "/lib64",
        "/etc/ld.so.cache",
        "/nix/store",
    ),
    *("/usr/share/zoneinfo", "/usr/share/locale", "/usr/lib/locale", "/etc/localtime", "/etc/mime.types"),
    *("/dev/null", "/dev/zero", "/dev/urandom", "/dev/random"),
)
_NETWORK = (
    *(
        "/etc/resolv.conf",
        "/etc/hosts",
        "/etc/nsswitch.conf",
        "/etc/host.conf",
        "/etc/gai.conf",
        "/etc/services",
    ),
    *("/etc/protocols", "/etc/ssl", "/etc/pki", "/etc/ca-certificates", "/usr/share/ca-certificates"),
    *("/run/systemd/resolve", "/usr/lib/ssl"),
)
# Files of a home that hold secrets or what was typed; no declaration opens them.
_PRIVATE = (
    *(
        ".ssh",
        ".gnupg",
        ".aws",
        ".azure",
        ".kube",
        ".docker",
        ".netrc",
        ".git-credentials",
        ".pypirc",
        ".npmrc",
    ),
    *(
        ".password-store",
        ".pki",
        ".mozilla",
        ".thunderbird",
        ".config/gh",
        ".config/gcloud",
        ".config/google-chrome",
    ),
    *(
        ".config/chromium",
        ".local/share/keyrings",
        ".bash_history",
        ".zsh_history",
        ".histfile",
        ".python_history",
    ),
    *(".config/git/credentials", ".vault-token", ".config/op", ".terraform.d", ".cargo/credentials.toml"),
)
_MOST_PLACES = 2000
_OWN = ("isaacd", "isaac_plugins")


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What a plugin needs: its file or folder, further folders of modules, and the capabilities that it declares.

    `folder` is its own, to be written, and `temporary` one for temporary files.
    """

    origin: Path
    folder: Path
    temporary: Path
    paths: tuple[str, ...] = ()
    capabilities: tuple[str, ...] = ()


def depends_on_cwd(capabilities: Iterable[str]) -> bool:
    """Tell whether what may be reached is another thing in every directory that a caller comes from."""
    return any(
        item.partition(":")[2] == "." or item.partition(":")[2].startswith("./")
        for item in capabilities
        if item.startswith(("read:", "write:"))
    )


def fence_for(
    wanted: Wanted,
    modules: Sequence[str],
    paths: Paths,
    environ: Mapping[str, str],
    limits: Limits,
    cwd: Path | None = None,
) -> Fence:
    """Return the fence of a plugin for callers in `cwd`; `modules` is its `sys.path`."""
    home = Path(environ.get("HOME") or "/nonexistent")
    private = [item.resolve() for item in _private(paths, home)]
    read = [str(wanted.origin), *wanted.paths, *_modules(modules, private), *_SYSTEM]
    write = [str(wanted.folder), str(wanted.temporary), "/dev/null"]
    network = "network" in wanted.capabilities
    for text in wanted.capabilities:
        kind, _, of = text.partition(":")
        if kind in ("read", "write"):
            place = _place(of, home, cwd)
            opened = [] if place is None else list(islice(_opened(place, private), _MOST_PLACES))
            (read if kind == "read" else write).extend(opened)
    return Fence(
        read=tuple(dict.fromkeys(read + (list(_NETWORK) if network else []))),
        write=tuple(dict.fromkeys(write)),
        network=network,
        limits=limits,
    )


def modules_for(paths: Paths) -> list[str]:
    """Return the `sys.path` of isolated processes: the daemon's, without the user's folder of plugins."""
    others = str(paths.data_dir / "plugins")
    return [item for item in sys.path if item and item != others and Path(item).exists()]


def _private(paths: Paths, home: Path) -> Iterator[Path]:
    yield from (paths.config_dir, paths.data_dir, paths.state_dir, paths.cache_dir, paths.runtime_dir)
    yield from (home / name for name in _PRIVATE)


def _modules(modules: Iterable[str], private: Sequence[Path]) -> Iterator[str]:
    """Name what of `sys.path` may be read: of a folder that holds something private, only what is Isaac's own."""
    for item in modules:
        if not _holds(Path(item).resolve(), private):
            yield item
        else:
            yield from (str(Path(item, name)) for name in _OWN if Path(item, name).is_dir())


def _place(of: str, home: Path, cwd: Path | None) -> Path | None:
    if of == "~" or of.startswith("~/"):
        return home / of[2:]
    if of == "." or of.startswith("./"):
        return None if cwd is None else cwd / of[2:]
    return Path(of)


def _opened(place: Path, private: Sequence[Path]) -> Iterator[str]:
    """Name what is below a place, but nothing that is or holds something private."""
    place = place.resolve()
    if _inside(place, private):
        return
    if not _holds(place, private):
        yield str(place)
        return
    try:
        below = sorted(place.iterdir())
    except OSError:
        return
    for item in below:
        # A link that leads elsewhere is opened where it leads only if that is below the place too.
        if not item.is_symlink():
            yield from _opened(item, private)


def _holds(place: Path, private: Sequence[Path]) -> bool:
    return any(item.is_relative_to(place) for item in private)


def _inside(place: Path, private: Sequence[Path]) -> bool:
    return any(place.is_relative_to(item) for item in private)
