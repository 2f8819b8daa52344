"""The names of Isaac's own plugins, which no other plugin can take in silence."""

import os
from pathlib import Path

from isaacd.plugin.places import find
from isaacd.plugin.trust import is_bundled


def bundled_names() -> frozenset[str]:
    """Return the names of the plugins that came with Isaac."""
    nowhere = Path(os.devnull, "plugins")
    return frozenset(item.name for item in find(nowhere, os.geteuid()) if is_bundled(item.name, item.origin))
