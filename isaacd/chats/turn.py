"""What is kept of a conversation: its settings, its turns, and what the model had to do with them."""

from collections.abc import Sequence
from itertools import chain, repeat
from pathlib import Path
from typing import Any, cast

import msgspec

from isaacd.ai.chat import Answer, Attachment, Message, Reasoning, Role, ToolCall

# A larger attachment is kept by its name and digest, and read again when it is needed.
MAX_KEPT_BYTES = 64 * 1024


class Settings(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a conversation is led; `system` are the instructions that its role had when it was chosen."""

    role: str | None = None
    model: str | None = None
    system: str | None = None
    temperature: float | None = None


class Chat(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation: its name, where it is (`head`, the id of a turn), and how it is led. Times in seconds."""

    id: int
    name: str
    created_at: float
    used_at: float
    head: int | None = None
    settings: Settings = Settings()

    @classmethod
    def of(cls, row: Sequence[Any]) -> "Chat":
        """Read a row of CHAT_COLUMNS."""
        ident, name, created_at, used_at, head, role, model, system, temperature = row
        settings = Settings(role=role, model=model, system=system, temperature=temperature)
        return cls(id=ident, name=name, created_at=created_at, used_at=used_at, head=head, settings=settings)


class Kept(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An attachment as it is kept: whole if it is small, else by the `file` it came from and its SHA-256."""

    media_type: str
    name: str | None = None
    url: str | None = None
    data: bytes = b""
    size_bytes: int = 0
    sha256: str = ""
    file: str | None = None

    @classmethod
    def of(cls, attachment: Attachment, file: str | None) -> "Kept":
        """Keep what is needed to send it again."""
        import hashlib  # few conversations have attachments

        size = len(attachment.data)
        return cls(
            media_type=attachment.media_type,
            name=attachment.name,
            url=attachment.url,
            data=attachment.data if size <= MAX_KEPT_BYTES else b"",
            size_bytes=size,
            sha256=hashlib.sha256(attachment.data).hexdigest() if size else "",
            file=file,
        )

    def restored(self) -> Attachment | None:
        """Return the attachment, read again if it was too large to be kept; None if it is not there any more."""
        import hashlib

        data = self.data
        if len(data) < self.size_bytes:
            try:
                data = Path(self.file or "").read_bytes()
            except OSError:
                return None
            if hashlib.sha256(data).hexdigest() != self.sha256:
                return None
        return Attachment(media_type=self.media_type, data=data, url=self.url, name=self.name)


class Extras(msgspec.Struct, frozen=True, omit_defaults=True):
    """What few turns have."""

    attachments: tuple[Kept, ...] = ()
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None
    is_error: bool = False
    reasoning: tuple[Reasoning, ...] = ()


class Source(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where a turn of the assistant comes from; `broken` says why it is not whole."""

    provider: str | None = None
    model: str | None = None
    finish_reason: str | None = None
    broken: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_usd: float | None = None

    @classmethod
    def of(cls, answer: Answer) -> "Source":
        """Describe a whole answer; one that was kept in the cache says nothing about this conversation's tokens."""
        usage = answer.usage if answer.hit is None else None
        return cls(
            provider=answer.provider,
            model=answer.model,
            finish_reason=answer.finish_reason,
            input_tokens=usage.input_tokens if usage else None,
            output_tokens=usage.output_tokens if usage else None,
            cost_usd=answer.cost_usd,
        )


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """One turn; `number` counts within the conversation, `parent` is the id of the turn that it follows."""

    id: int
    chat: int
    number: int
    parent: int | None
    at: float
    role: str
    content: str
    extras: Extras = Extras()
    source: Source = Source()

    @classmethod
    def of(cls, row: Sequence[Any]) -> "Turn":
        """Read a row of TURN_COLUMNS."""
        ident, chat, number, parent, at, role, content, extras, *source = row
        names = ("provider", "model", "finish_reason", "broken", "input_tokens", "output_tokens", "cost_usd")
        return cls(
            id=ident,
            chat=chat,
            number=number,
            parent=parent,
            at=at,
            role=role,
            content=content,
            extras=msgspec.json.decode(extras, type=Extras) if extras else Extras(),
            source=Source(**dict(zip(names, source, strict=True))),
        )

    def message(self) -> Message:
        """Return the turn as it is sent to a provider; an attachment that is gone is said in words."""
        content = self.content
        attachments = []
        for kept in self.extras.attachments:
            restored = kept.restored()
            if restored is None:
                content += f"\n\n[the attachment {kept.name or kept.media_type} is not there any more]"
            else:
                attachments.append(restored)
        return Message(
            cast("Role", self.role),
            content,
            tuple(attachments),
            self.extras.tool_calls,
            self.extras.tool_call_id,
            self.extras.is_error,
            self.extras.reasoning,
        )


def extras_of(message: Message, files: Sequence[str] = ()) -> Extras:
    """Return what is kept of a message beside its text; `files` are where its attachments come from."""
    return Extras(
        tuple(map(Kept.of, message.attachments, chain(files, repeat(None)))),
        message.tool_calls,
        message.tool_call_id,
        message.is_error,
        message.reasoning,
    )
