"""What comes of a typed line, with every step that led there."""

from typing import Literal

import msgspec

from isaacd.judge.verdict import Verdict
from isaacd.safety.tier import Tier

Kind = Literal["nothing", "command", "builtin", "question", "shell", "refused"]


class Step(msgspec.Struct, frozen=True):
    """One route that was tried: whether it took or changed the line, and why (not)."""

    route: str
    outcome: Literal["passed", "changed", "took"]
    why: str


class Correction(msgspec.Struct, frozen=True):
    """Another line that was probably meant: how sure that is, from 0 to 1, why, and its tier."""

    line: str
    confidence: float
    why: str
    tier: Tier | None = None
    applied: bool = False


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """What should happen with a line; nothing has happened yet.

    | kind | what it means |
    |---|---|
    | nothing | the line is empty or a comment |
    | command | `command` of Isaac, with `arguments`; `line` is what a shell would run for it |
    | builtin | `line` has to run in the caller's own shell, because it changes that |
    | question | `question` is for an AI, or for what is known offline |
    | shell | `line` is for a shell |
    | refused | nothing runs; `because` says why |

    `verdict` is that of `line`, None where nothing of it runs. `correction` is a suggestion, or what was done if it is
    `applied`. `forced` says that the person asked for exactly this line; a line of tier 4 demands its phrase all the same.
    """

    kind: Kind
    typed: str
    line: str = ""
    because: str = ""
    command: str | None = None
    arguments: tuple[str, ...] = ()
    question: str | None = None
    verdict: Verdict | None = None
    correction: Correction | None = None
    forced: bool = False
    steps: tuple[Step, ...] = ()


class Changed(msgspec.Struct, frozen=True):
    """The line says something else now, and is looked at once more; `name` is the alias that was replaced."""

    line: str
    why: str
    name: str = ""
    forced: bool = False
    # A line that is not as it was typed runs at least with a notice, unless the person said so themselves.
    notice: str = ""
