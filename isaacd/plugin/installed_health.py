"""What can be wrong about installed plugins: receipts, files and requirements, and how to mend each."""

from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution, distributions
from pathlib import Path
from typing import Literal

from isaacd.context import PluginFinding
from isaacd.plugin.receipts import FOLDER, Receipt, normalized, read_receipt, read_receipts


def installed_findings(plugins_dir: Path) -> Iterator[PluginFinding]:
    """Look at what was installed: receipts, files and requirements."""
    folder = plugins_dir / FOLDER
    for file in sorted(folder.glob("*.json")):
        if read_receipt(file) is None:
            yield finding(
                "error",
                file,
                "this receipt is damaged, so its plugin is not found",
                f"rm {file}, and install it again",
            )
    receipts = read_receipts(plugins_dir)
    for receipt in receipts:
        yield from _requirements(receipt, folder / receipt.folder)
    named = {receipt.folder for receipt in receipts}
    left = [item for item in folder.glob("*") if item.is_dir() and item.name not in named]
    left += [item for item in folder.glob(".staging-*") if item.is_dir()]
    if left:
        paths = " ".join(str(item) for item in left)
        yield finding(
            "warning",
            folder,
            f"{len(left)} folders are left over from installations",
            f"the next one removes them; or rm -r {paths}",
        )


def _requirements(receipt: Receipt, site: Path) -> Iterator[PluginFinding]:
    again = f"isaacctl plugins install {receipt.distribution}"
    if not site.is_dir():
        yield finding("error", receipt.distribution, f"its files are gone: {site}", again)
        return
    there = {normalized(item.name): item.version for item in distributions(path=[str(site)])}
    for name, version in {receipt.distribution: receipt.version, **receipt.needs}.items():
        if there.get(normalized(name)) != version:
            yield finding(
                "error", receipt.distribution, f"{name} {version}, which it needs, is not in {site}", again
            )
    for wanted in _wanted(site, receipt.distribution):
        if normalized(wanted) not in there and not _is_installed(wanted):
            yield finding("error", receipt.distribution, f"{wanted}, which it needs, is not there", again)


def _wanted(site: Path, name: str) -> Iterator[str]:
    """Return the names that a distribution requires unconditionally."""
    for item in distributions(path=[str(site)]):
        if normalized(item.name) == normalized(name):
            for requirement in item.requires or ():
                if ";" not in requirement:
                    end = next(
                        (at for at, char in enumerate(requirement) if not (char.isalnum() or char in "-_.")),
                        None,
                    )
                    yield requirement[:end]


def _is_installed(name: str) -> bool:
    try:
        distribution(name)
    except (PackageNotFoundError, ValueError):
        return False
    return True


def finding(severity: Literal["error", "warning"], about: object, message: str, hint: str) -> PluginFinding:
    """Make a finding about a plugin or a file."""
    return PluginFinding(severity=severity, about=str(about), message=message, hint=hint)
