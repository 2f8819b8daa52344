"""What the daemon and the nursery say to each other, one message a packet."""

import msgspec

MAX_ORDER_BYTES = 128 * 1024


class Order(msgspec.Struct, frozen=True, array_like=True):
    """Fork, with two descriptors: one end of the conversation, and where output goes. Without a name: kill."""

    number: int
    name: str = ""
    environ: dict[str, str] = {}
    path: tuple[str, ...] = ()


class News(msgspec.Struct, frozen=True, array_like=True):
    """What became of an order: a process that has begun, or one that has ended with `status` (as of waitpid)."""

    number: int
    pid: int = 0
    status: int | None = None
    error: str = ""
