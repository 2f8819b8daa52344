"""A result that is left for the client to carry out."""

import msgspec


class Handover(msgspec.Struct, frozen=True, kw_only=True):
    """A result that the client has to carry out in its own terminal: print `text`, run `argv`, then run `after`.

    `after` is a command line of isaacctl. The daemon never runs a user's programs itself.

    Without a terminal the plan is printed instead, unless it is to be carried out `always`. With `--json` it is shown
    as JSON, unless `json` is what to run then: a program that prints JSON itself, or nothing where `after` does.
    """

    argv: tuple[str, ...]
    after: tuple[str, ...] = ()
    text: str = ""
    always: bool = False
    json: tuple[str, ...] = ()
