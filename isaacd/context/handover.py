"""A result that is left for the client to carry out."""

import msgspec


class Handover(msgspec.Struct, frozen=True, kw_only=True):
    """A result that the client has to carry out in its own terminal: print `text`, run `argv`, then run `after`.

    `after` is a command line of isaacctl. The daemon never runs a user's programs itself.
    """

    argv: tuple[str, ...]
    after: tuple[str, ...] = ()
    text: str = ""
