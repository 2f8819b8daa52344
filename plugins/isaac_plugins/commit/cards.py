"""What a commit message is made of, and the message."""

import msgspec


class ChangedFile(msgspec.Struct, frozen=True):
    """One file of the diff: what happened to it, and how many lines were added and removed."""

    path: str
    change: str
    added: int
    removed: int
    before: str | None = None


class SecretCard(msgspec.Struct, frozen=True):
    """An added line that seems to hold a secret."""

    path: str
    line: int
    kind: str


class CommitMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message for a commit: `subject`, an empty line, `body`; `source` is `diff` or the model that wrote it."""

    subject: str
    body: str
    message: str
    source: str
    style: str
    files: list[ChangedFile]
    secrets: list[SecretCard] = []
