"""What Ollama says of the models that have been pulled, with no I/O."""

import msgspec


class _Tag(msgspec.Struct):
    name: str
    size: int | None = None


class _Tags(msgspec.Struct):
    models: list[_Tag] | None = None


class _Shown(msgspec.Struct):
    model_info: dict[str, msgspec.Raw] | None = None


def read_tags(data: bytes) -> list[tuple[str, int | None]]:
    """Return name and size in bytes of each model in the answer of `/api/tags`; raises msgspec.DecodeError."""
    tags = msgspec.json.decode(data, type=_Tags)
    return [(item.name, item.size) for item in tags.models or ()]


def read_context_tokens(data: bytes) -> int | None:
    """Return how many tokens a model can take, from the answer of `/api/show`; raises msgspec.DecodeError."""
    shown = msgspec.json.decode(data, type=_Shown)
    for name, value in (shown.model_info or {}).items():
        if name.endswith(".context_length"):
            return msgspec.json.decode(value, type=int, strict=False) or None
    return None
