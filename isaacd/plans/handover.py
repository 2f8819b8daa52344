"""A result that is left for the client to carry out."""

from typing import Literal

import msgspec

Executed = Literal["shell", "builtin"]


class ReasonCard(msgspec.Struct, frozen=True):
    """One reason for a tier: in words, for which part of the line, by which rule."""

    tier: str
    text: str
    place: str
    rule: str


class Released(msgspec.Struct, frozen=True, kw_only=True):
    """A plan that may be carried out once, now: what an editor, a shell or `isaacctl` executes.

    `argv` is `shell` with the line as its argument, or, where `shell` is empty, a program and its arguments. A `builtin` has to be evaluated in the caller's own shell instead,
    since it changes that. `folder` is device and inode of `cwd`: elsewhere the line
    was not judged.
    """

    kind: Executed
    line: str
    shell: str
    argv: tuple[str, ...]
    cwd: str
    tier: str
    reasons: tuple[ReasonCard, ...] = ()
    folder: tuple[int, int] | None = None


class PlanCard(msgspec.Struct, frozen=True, kw_only=True):
    """A plan as it is shown before somebody agrees to it; `token` is what `approve` takes, within `expires_s`.

    `demand` says what has to happen first: nothing, notice, confirmation, reasons (a confirmation after the reasons
    were shown) or phrase, which is then in `phrase`.
    """

    token: str
    kind: Executed
    line: str
    shell: str
    argv: tuple[str, ...]
    cwd: str
    tier: str
    demand: str
    phrase: str | None = None
    reasons: tuple[ReasonCard, ...] = ()
    expires_s: float = 0.0


class LineCard(msgspec.Struct, frozen=True, kw_only=True):
    """What would become of a line, and what that would demand; nothing of it was run.

    `kind` is one of `route`. `argv` is what would be executed, empty where nothing would be. `suggestion` is the line
    that was probably meant.
    """

    kind: str
    typed: str
    line: str
    because: str
    shell: str | None = None
    argv: tuple[str, ...] = ()
    cwd: str | None = None
    tier: str | None = None
    demand: str | None = None
    phrase: str | None = None
    reasons: tuple[ReasonCard, ...] = ()
    command: str | None = None
    arguments: tuple[str, ...] = ()
    question: str | None = None
    suggestion: str | None = None
    forced: bool = False


class Handover(msgspec.Struct, frozen=True, kw_only=True):
    """A result that the client has to carry out in its own terminal: print `text`, run `argv`, then run `after`.

    `after` is a command line of isaacctl. With `run`, that plan is carried out instead of `argv`, terminal or not. With
    `card` nothing is: that is only shown. The daemon never runs a user's programs itself.

    Without a terminal the plan is printed instead, unless it is to be carried out `always`. With `--json` it is shown
    as JSON, unless `json` is what to run then: a program that prints JSON itself, or nothing where `after` does.
    """

    argv: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    text: str = ""
    always: bool = False
    json: tuple[str, ...] = ()
    run: Released | None = None
    card: LineCard | None = None
