"""How much is kept and how long it may wait."""

import msgspec


class Limits(msgspec.Struct, frozen=True):
    """All that one may want to set of a store on disk."""

    max_bytes: int = 256 * 1024 * 1024
    max_age_s: float = 90 * 86400.0
    max_waiting_bytes: int = 16 * 1024 * 1024
    max_waiting_keys: int = 50_000
    write_delay_s: float = 0.05
    retry_delay_s: float = 2.0
    collect_every_s: float = 600.0
