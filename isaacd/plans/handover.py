"""A result that is left for the client to carry out."""

from typing import Literal

import msgspec


class ReasonCard(msgspec.Struct, frozen=True):
    """One reason for a tier: in words, for which part of the line, by which rule."""

    tier: str
    text: str
    place: str
    rule: str


class Released(msgspec.Struct, frozen=True, kw_only=True):
    """A plan that may be carried out once, now: what an editor, a shell or `isaacctl` executes.

    `argv` is `shell` with the line as its argument. A `builtin` has to be evaluated in the caller's own shell instead,
    since it changes that. `folder` is device and inode of `cwd`: elsewhere the line
    was not judged.
    """

    kind: Literal["shell", "builtin"]
    line: str
    shell: str
    argv: tuple[str, ...]
    cwd: str
    tier: str
    reasons: tuple[ReasonCard, ...] = ()
    folder: tuple[int, int] | None = None


class Handover(msgspec.Struct, frozen=True, kw_only=True):
    """A result that the client has to carry out in its own terminal: print `text`, run `argv`, then run `after`.

    `after` is a command line of isaacctl. With `run`, that plan is carried out instead of `argv`, terminal or not. The
    daemon never runs a user's programs itself.

    Without a terminal the plan is printed instead, unless it is to be carried out `always`. With `--json` it is shown
    as JSON, unless `json` is what to run then: a program that prints JSON itself, or nothing where `after` does.
    """

    argv: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    text: str = ""
    always: bool = False
    json: tuple[str, ...] = ()
    run: Released | None = None
