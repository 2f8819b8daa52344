"""`plugins remove`: the receipt goes first, and then all that it named."""

import os
from pathlib import Path

import msgspec

from isaacd.errors import PermissionDenied
from isaacd.installing.install import find_receipt
from isaacd.installing.place import Place
from isaacd.plugin.choices import read_choices, write_choices
from isaacd.plugin.grants import FILE_NAME as GRANTS_FILE
from isaacd.plugin.grants import Grants
from isaacd.plugin.receipts import FOLDER, Receipt, drop_receipt, normalized, read_receipts
from isaacd.plugin.trust import FILE_NAME, Trust


class Removed(msgspec.Struct, frozen=True, kw_only=True):
    """What is gone, with everything that only it needed; `left` are folders that could not be removed."""

    distribution: str
    version: str
    plugins: tuple[str, ...]
    needs: dict[str, str]
    left: tuple[str, ...] = ()


def remove(name: str, plugins_dir: Path) -> Removed:
    """Remove what was installed under the name of a distribution or of a plugin; raises NotFound."""
    place = Place(plugins_dir)
    with place.held():
        receipt = find_receipt(name, read_receipts(plugins_dir))
        try:
            drop_receipt(plugins_dir, normalized(receipt.distribution))
        except OSError as error:
            raise PermissionDenied(f"cannot write into {place.folder}: {error.strerror}") from None
        _forget(plugins_dir, receipt)
        place.clean()
        left = place.leftovers()
    return Removed(
        distribution=receipt.distribution,
        version=receipt.version,
        plugins=tuple(receipt.plugins),
        needs=receipt.needs,
        left=tuple(map(str, left)),
    )


def _forget(plugins_dir: Path, receipt: Receipt) -> None:
    """Take back what was said about it: what comes under its name later is to be looked at anew."""
    trust = Trust(plugins_dir / FILE_NAME)
    site = Path(os.path.realpath(plugins_dir / FOLDER / receipt.folder))
    for one in trust.all():
        if one.digest and Path(one.origin).is_relative_to(site):
            trust.revoke(one.name)
    grants = Grants(plugins_dir / GRANTS_FILE)
    for name in {one.name for one in grants.all() if one.label == receipt.distribution}:
        grants.revoke(name)
    before = read_choices(plugins_dir)
    after = before.without_source(receipt.distribution)
    if after != before:
        write_choices(plugins_dir, after)
