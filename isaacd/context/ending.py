"""A result that says how its command line ends."""

import msgspec


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """A result with an exit code of its own: a check that found something has worked, and yet is no success."""

    exit_code: int = 0
