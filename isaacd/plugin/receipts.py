"""What was installed: a receipt for each distribution, which is the only thing that makes it count.

`FOLDER` below the user's folder of plugins holds `NAME.json`, the receipt, and the folder that it names, with the
distribution and everything that it needs. Replacing the receipt is what installs, upgrades or removes: whatever no
receipt names is a leftover of something that was broken off.
"""

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

from isaacd.paths import read_regular
from isaacd.plugin.places import Found

FOLDER = "installed"
_SUFFIX = ".json"


class Receipt(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One distribution that was installed, with what it needs.

    `asked` is what the person asked for, `plugins` maps names to entry points, `needs` distributions to versions.
    `python` is the version of Python that its compiled parts are for, "" if it has none. `at` is when (seconds since
    1970).
    """

    distribution: str
    version: str
    folder: str
    asked: str
    plugins: dict[str, str]
    needs: dict[str, str] = {}
    python: str = ""
    at: float = 0.0


def read_receipts(plugins_dir: Path) -> list[Receipt]:
    """Return the receipts below the user's folder of plugins, by name; what cannot be read is none."""
    found = []
    for file in sorted((plugins_dir / FOLDER).glob(f"*{_SUFFIX}")):
        receipt = read_receipt(file)
        if receipt is not None:
            found.append(receipt)
    return found


def read_receipt(file: Path) -> Receipt | None:
    """Read one receipt; None if it is none, or names a folder that is not beside it."""
    try:
        receipt = msgspec.json.decode(read_regular(file), type=Receipt)
    except (OSError, ValueError):
        return None
    return receipt if Path(receipt.folder).name == receipt.folder not in ("", ".", "..") else None


def installed(plugins_dir: Path) -> Iterator[Found]:
    """Find the plugins that were installed, without importing any."""
    for receipt in read_receipts(plugins_dir):
        site = plugins_dir / FOLDER / receipt.folder
        for name, target in sorted(receipt.plugins.items()):
            module, _, attribute = target.partition(":")
            yield Found(
                name=name,
                origin=origin_of(site, module),
                source="entry",
                module=module.strip(),
                attribute=attribute.strip() or "plugin",
                path=(site,),
                distribution=f"{receipt.distribution} {receipt.version}",
                refused=_unusable(receipt, site),
            )


def origin_of(site: Path, module: str) -> Path:
    """Return the file or folder of a module below `site`."""
    stem = site.joinpath(*module.strip().split("."))
    return stem if (stem / "__init__.py").is_file() else stem.with_name(f"{stem.name}.py")


def _unusable(receipt: Receipt, site: Path) -> str | None:
    again = f"install it again: isaacctl plugins install {receipt.distribution}"
    if not site.is_dir():
        return f"its files are gone; {again}"
    if receipt.python not in ("", python_version()):
        return f"it was installed for Python {receipt.python}, and this is {python_version()}; {again}"
    return None


def normalized(name: str) -> str:
    """Return a distribution's name as indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def python_version() -> str:
    """Return the version that compiled parts depend on, such as 3.11."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def write_receipt(plugins_dir: Path, name: str, receipt: Receipt) -> None:
    """Put a receipt in force, at once and for good; raises OSError."""
    folder = plugins_dir / FOLDER
    beside = folder / f".{name}{_SUFFIX}.{os.getpid()}"
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
        with os.fdopen(os.open(beside, flags, 0o600), "wb") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(msgspec.json.format(msgspec.json.encode(receipt), indent=2) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        beside.replace(folder / f"{name}{_SUFFIX}")
    finally:
        beside.unlink(missing_ok=True)
    sync(folder)


def drop_receipt(plugins_dir: Path, name: str) -> None:
    """Take a receipt out of force; raises OSError."""
    (plugins_dir / FOLDER / f"{name}{_SUFFIX}").unlink()
    sync(plugins_dir / FOLDER)


def sync(folder: Path) -> None:
    """Make sure that a folder's entries outlast a loss of power."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
