"""The answer of `GET /models`, as OpenAI has it, and with what others tell of a model besides."""

from msgspec import Struct, json

from isaacd.ai.provider import ModelCard


class _Top(Struct):
    max_completion_tokens: int | None = None


class _Meta(Struct):
    n_ctx_train: int | None = None
    size: int | None = None


class _Model(Struct):
    id: str
    context_length: int | None = None  # OpenRouter, Together
    context_window: int | None = None  # Groq
    max_model_len: int | None = None  # vLLM
    max_context_length: int | None = None  # Mistral
    max_completion_tokens: int | None = None
    max_output_tokens: int | None = None
    top_provider: _Top | None = None
    meta: _Meta | None = None  # llama.cpp


class _List(Struct):
    data: list[_Model]


_DECODER = json.Decoder(_List | list[_Model], strict=False)


def read_models(body: bytes) -> list[ModelCard]:
    """Return the models by name; raises ValueError for what is no such list."""
    found = _DECODER.decode(body)
    models = found.data if isinstance(found, _List) else found
    return sorted((_card(item) for item in models), key=lambda card: card.name)


def _card(model: _Model) -> ModelCard:
    meta = model.meta or _Meta()
    top = model.top_provider or _Top()
    context = model.context_length or model.context_window or model.max_model_len or model.max_context_length
    output = model.max_completion_tokens or model.max_output_tokens or top.max_completion_tokens
    return ModelCard(
        name=model.id,
        context_tokens=context or meta.n_ctx_train,
        max_output_tokens=output,
        size_bytes=meta.size,
    )
