"""What an annotation may say beyond the type: help, and how the argument is written on a command line."""

import msgspec


class Input(str):
    """Text that a person gives as a file name or `-` for standard input, and a program as the text itself."""

    __slots__ = ()


class Marker(msgspec.Struct, frozen=True):
    """Help for one parameter; a plain string in `Annotated` means the same."""

    help: str = ""


class Argument(Marker, frozen=True):
    """Positional on the command line, even with a default."""


class Words(Marker, frozen=True):
    """The rest of the line, joined by blanks, so that a question needs no quotes."""


class Option(Marker, frozen=True, kw_only=False):
    """A `--name` on the command line, even without a default; `short` is one letter, `name` replaces the name."""

    short: str | None = None
    name: str | None = None
