"""Every plugin of this machine, wherever it lies, and which one counts where several have one name."""

from pathlib import Path

from isaacd.plugin.choices import Choices, settle
from isaacd.plugin.places import Found, find
from isaacd.plugin.receipts import installed


def discover(user_dir: Path, uid: int, choices: Choices) -> list[Found]:
    """Find all plugins without importing any: Isaac's own, the user's, and those that were installed.

    Of several with one name the first counts, in this order, unless another was chosen.
    """
    return settle([*find(user_dir, uid), *installed(user_dir)], choices.taken)
