"""Pictures, sounds and files as the parts of a message that services take."""

from base64 import b64encode

from isaacd.ai.chat import Attachment
from isaacd.errors import InvalidParams

_TEXT_TYPES = frozenset(
    ("application/json", "application/xml", "application/yaml", "application/toml", "application/x-sh")
)
AUDIO_FORMATS = {
    "audio/wav": "wav",
    "audio/x-wav": "wav",
    "audio/wave": "wav",
    "audio/mpeg": "mp3",
    "audio/mp3": "mp3",
}


def base64_of(attachment: Attachment) -> str:
    """Return the data in base64."""
    return b64encode(attachment.data).decode()


def data_url(attachment: Attachment) -> str:
    """Return the data as a `data:` URL (RFC 2397)."""
    return f"data:{attachment.media_type};base64,{base64_of(attachment)}"


def address_of(attachment: Attachment) -> str:
    """Return where the attachment is: its URL, or its data as one."""
    return attachment.url or data_url(attachment)


def is_image(attachment: Attachment) -> bool:
    """Say whether it is a picture."""
    return attachment.media_type.startswith("image/")


def name_of(attachment: Attachment) -> str:
    """Return a file name, which services want even where there is none."""
    return attachment.name or f"attachment.{attachment.media_type.rpartition('/')[2].partition('+')[0]}"


def inline_text(attachment: Attachment) -> str | None:
    """Return a file of text as a part of the prompt, which every model can read; None for what is no text."""
    kind = attachment.media_type.partition(";")[0].strip().lower()
    if attachment.url is not None or not (kind.startswith("text/") or kind in _TEXT_TYPES):
        return None
    try:
        text = attachment.data.decode()
    except UnicodeDecodeError:
        return None
    return f'<file name="{name_of(attachment)}">\n{text}\n</file>'


def cannot_attach(provider: str, attachment: Attachment, where: str = "") -> InvalidParams:
    """Say that a service has no way to be given this attachment."""
    how = "the address of a file" if attachment.url else "a file"
    return InvalidParams(
        f"provider {provider} does not take {how} of type {attachment.media_type}{where}",
        hint="attach a picture, a PDF or text, with its content, or choose another with --provider",
    )
