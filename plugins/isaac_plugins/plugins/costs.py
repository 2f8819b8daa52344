"""What plugins have cost, as data."""

import msgspec

from isaacd.api import StepCard


class Cost(msgspec.Struct, frozen=True):
    """What one plugin has cost: wall times in milliseconds, and by how much the daemon grew meanwhile.

    `steps` tell when each of it was, in milliseconds since the daemon's start.
    """

    name: str
    state: str
    discovery_ms: float
    import_ms: float
    setup_ms: float
    memory_kib: int
    steps: tuple[StepCard, ...]


class Times(msgspec.Struct, frozen=True):
    """What all plugins have cost, and how they are loaded (`plugins.load`)."""

    load: str
    total_ms: float
    plugins: tuple[Cost, ...]
