"""Pictures and documents as content blocks of Anthropic's Messages API."""

from isaacd.ai.chat import Attachment
from isaacd.errors import InvalidParams

_PICTURES = ("image/jpeg", "image/png", "image/gif", "image/webp")
_PDF = "application/pdf"
# Kinds of text that do not begin with text/.
_TEXTS = frozenset(
    f"application/{kind}" for kind in "json xml yaml x-yaml toml x-sh javascript sql x-ndjson".split()
)


def file_block(item: Attachment) -> dict[str, object]:
    """Return the content block of a picture, a PDF or a text; raises InvalidParams for what the API cannot take."""
    media_type = item.media_type.partition(";")[0].strip().lower()
    if media_type in _PICTURES or media_type == _PDF:
        source: dict[str, object]
        if item.url is not None:
            source = {"type": "url", "url": item.url}
        else:
            # msgspec writes bytes as base64.
            source = {"type": "base64", "media_type": media_type, "data": item.data}
        return _document(source, item.name) if media_type == _PDF else {"type": "image", "source": source}
    if media_type.startswith("text/") or media_type in _TEXTS or media_type.endswith(("+json", "+xml")):
        return _document({"type": "text", "media_type": "text/plain", "data": _text_of(item)}, item.name)
    raise InvalidParams(
        f"{item.name or 'an attachment'} of type {media_type or 'unknown'} cannot be sent to this provider",
        hint="it takes pictures (JPEG, PNG, GIF, WebP), PDF and text",
    )


def _document(source: dict[str, object], name: str | None) -> dict[str, object]:
    block: dict[str, object] = {"type": "document", "source": source}
    return block | {"title": name} if name else block


def _text_of(item: Attachment) -> str:
    if item.url is not None:
        raise InvalidParams(
            "this provider fetches pictures and PDF only, no text", hint="attach the file itself"
        )
    try:
        return item.data.decode()
    except UnicodeDecodeError:
        raise InvalidParams(
            f"{item.name or 'an attachment'} is no UTF-8 text", hint="convert it, or say what type it is"
        ) from None
