"""What every plugin may import without asking for it: the packages that Isaac itself is installed with."""

import re
from importlib.metadata import PackageNotFoundError, distribution

from isaacd.plugin.receipts import normalized
from isaacd.workshop.pyproject import requirement_name

_EXTRA = re.compile(r"\bextra\s*==")


def provided(of: str = "isaacd") -> frozenset[str]:
    """Return the distributions that Isaac needs, directly or not, by their normalized names; extras do not count."""
    found: set[str] = set()
    waiting = [of]
    while waiting:
        name = normalized(waiting.pop())
        if name in found:
            continue
        try:
            requires = distribution(name).requires or []
        except PackageNotFoundError:
            continue
        found.add(name)
        waiting += [requirement_name(item) for item in requires if not _EXTRA.search(item)]
    return frozenset(found)
