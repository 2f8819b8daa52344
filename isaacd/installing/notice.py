"""Tells the daemon that what is installed has changed."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from isaacd.installing.daemon import call

_METHOD = "plugins.adopt"


def tell(address: Path, names: Sequence[str]) -> list[dict[str, Any]] | None:
    """Have the daemon look at its plugins anew; returns those called `names`, or None if it cannot be reached.

    Then it does so at its next start.
    """
    answer = call(address, _METHOD, {"names": list(names)})
    if answer is None or not isinstance(answer.result, list):
        return None
    return [dict(item) for item in answer.result]
