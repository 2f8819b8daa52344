"""Messages that are made of parts: text, pictures, sounds and files."""

import base64
import binascii
from collections.abc import Iterator
from mimetypes import guess_type

from msgspec import Struct

from isaacd.ai.chat import Attachment
from isaacd.faces.http.refused import RefusedError

_SOUNDS = {"wav": "audio/wav", "mp3": "audio/mpeg"}


class _Address(Struct):
    url: str


class _Sound(Struct):
    data: str
    format: str


class _File(Struct):
    file_data: str | None = None
    filename: str | None = None
    file_id: str | None = None


class Part(Struct):
    """A part of a message; `type` says which of the others is there."""

    type: str
    text: str | None = None
    refusal: str | None = None
    image_url: _Address | None = None
    input_audio: _Sound | None = None
    file: _File | None = None


def text_of(content: str | list[Part] | None) -> str:
    """Return all text of a message, each part on lines of its own."""
    if content is None or isinstance(content, str):
        return content or ""
    return "\n".join(
        [part.text or part.refusal or "" for part in content if part.type in ("text", "refusal")]
    )


def attachments_of(content: str | list[Part] | None, place: str) -> tuple[Attachment, ...]:
    """Return what goes along with the text; raises RefusedError for what cannot be passed on."""
    if content is None or isinstance(content, str):
        return ()
    return tuple(_attachments(content, place))


def _attachments(parts: list[Part], place: str) -> Iterator[Attachment]:
    for number, part in enumerate(parts):
        where = f"{place}.content[{number}]"
        if part.type in ("text", "refusal"):
            if part.text is None and part.refusal is None:
                raise RefusedError(400, "a part of type text needs a text", code="invalid_value", param=where)
        elif part.type == "image_url" and part.image_url is not None:
            yield _addressed(part.image_url.url, where, "image/png")
        elif part.type == "input_audio" and part.input_audio is not None:
            kind = _SOUNDS.get(part.input_audio.format)
            if kind is None:
                raise RefusedError(400, "a sound is wav or mp3", code="invalid_value", param=where)
            yield Attachment(media_type=kind, data=_data(part.input_audio.data, where))
        elif part.type == "file" and part.file is not None and part.file.file_data is not None:
            yield _addressed(part.file.file_data, where, "application/pdf", part.file.filename)
        else:
            raise RefusedError(400, "this part cannot be passed on", code="unsupported_value", param=where)


def _addressed(url: str, where: str, kind: str, name: str | None = None) -> Attachment:
    """Return what an address means: the data in it (RFC 2397), or where the provider finds it."""
    if url.startswith("data:"):
        meta, comma, data = url[len("data:") :].partition(",")
        media_type, _, coding = meta.rpartition(";")
        if comma and coding == "base64":
            return Attachment(media_type=media_type or kind, data=_data(data, where), name=name)
    elif url.startswith(("https://", "http://")):
        return Attachment(media_type=guess_type(url.partition("?")[0])[0] or kind, url=url, name=name)
    elif name is not None and ":" not in url[:16]:
        return Attachment(media_type=guess_type(name)[0] or kind, data=_data(url, where), name=name)
    raise RefusedError(
        400, "an address is https://... or data:TYPE;base64,...", code="invalid_value", param=where
    )


def _data(text: str, where: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise RefusedError(400, "the data is no base64", code="invalid_value", param=where) from None
