"""One note: what is kept of it, and what it may be."""

from collections.abc import Sequence

import msgspec

from isaacd.api import InvalidParams

MAX_NOTE_BYTES = 1024 * 1024
MAX_TAG_CHARS = 60


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """A note; times are seconds since the epoch."""

    id: int
    text: str
    tags: tuple[str, ...] = ()
    created_at: float
    changed_at: float

    @property
    def title(self) -> str:
        """Its first line that says something."""
        return next((line.strip() for line in self.text.splitlines() if line.strip()), "")


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A note that was found, and the words around what was looked for, between `**`."""

    note: Note
    excerpt: str


def check_text(text: str) -> str:
    """Return the text of a note as it is kept; raises InvalidParams for an empty or very long one."""
    text = text.replace("\r\n", "\n").replace("\0", "").strip("\n").rstrip()
    if not text.strip():
        raise InvalidParams("there is nothing to keep", hint='say it: isaacctl notes add "..."')
    if len(text.encode("utf-8", "surrogatepass")) > MAX_NOTE_BYTES:
        raise InvalidParams(f"a note may have {MAX_NOTE_BYTES // 1024} KiB, this one is longer")
    return text.encode("utf-8", "replace").decode()


def check_tags(tags: Sequence[str]) -> tuple[str, ...]:
    """Return tags as they are kept: in small letters, without a leading #; raises InvalidParams."""
    found = []
    for part in tags:
        for tag in part.split(","):
            tag = tag.strip().lstrip("#").lower()
            if not tag:
                continue
            if len(tag) > MAX_TAG_CHARS or not tag.isprintable() or any(char.isspace() for char in tag):
                raise InvalidParams(
                    f"{tag[:MAX_TAG_CHARS]!r} is no tag", hint="a tag is one word, such as work or to-read"
                )
            found.append(tag)
    return tuple(dict.fromkeys(found))
