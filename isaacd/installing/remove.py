"""`plugins remove`: the receipt goes first, and then all that it named."""

from pathlib import Path

import msgspec

from isaacd.errors import PermissionDenied
from isaacd.installing.install import find_receipt
from isaacd.installing.place import Place
from isaacd.plugin.receipts import drop_receipt, normalized, read_receipts


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
        place.clean()
        left = place.leftovers()
    return Removed(
        distribution=receipt.distribution,
        version=receipt.version,
        plugins=tuple(receipt.plugins),
        needs=receipt.needs,
        left=tuple(map(str, left)),
    )
