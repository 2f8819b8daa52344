"""What the outside may know of conversations and roles."""

import msgspec


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation in a list; `asked` counts the questions, those on other branches too."""

    name: str
    used_at: float
    asked: int
    role: str | None
    model: str | None
    last_question: str


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A turn that has what was searched for; in `text` it stands between ** and **."""

    chat: str
    turn: int
    role: str
    at: float
    text: str


class RoleCard(msgspec.Struct, frozen=True, kw_only=True):
    """Instructions under a name; `model` and `temperature` come with them. `file` is None for one of our own."""

    name: str
    description: str
    text: str
    model: str | None = None
    temperature: float | None = None
    file: str | None = None


class TurnCard(msgspec.Struct, frozen=True, kw_only=True):
    """A turn of a conversation; `follows` is the number of the turn before it, `broken` why an answer is not whole."""

    number: int
    follows: int | None
    role: str
    text: str
    at: float
    by: str = ""
    broken: str | None = None


class Tokens(msgspec.Struct, frozen=True, kw_only=True):
    """How long a conversation is, as it would be sent now; an estimate."""

    tokens: int
    limit: int
    turns: int
    summarised: bool
    left_out: int
