"""The list of models that Anthropic's API gives, page by page, with no I/O."""

import msgspec

from isaacd.ai.provider import ModelCard


class _Model(msgspec.Struct):
    id: str
    max_input_tokens: int | None = None
    max_tokens: int | None = None
    lifecycle: str = "active"


class _Page(msgspec.Struct):
    data: list[_Model]
    has_more: bool = False
    last_id: str | None = None


_PAGE = msgspec.json.Decoder(_Page)


def read_models(data: bytes) -> tuple[list[ModelCard], str | None]:
    """Return the models of one page that can still be asked, and after which one the next page begins, if any."""
    page = _PAGE.decode(data)
    cards = [
        ModelCard(
            name=item.id,
            context_tokens=item.max_input_tokens or None,
            max_output_tokens=item.max_tokens or None,
        )
        for item in page.data
        if item.lifecycle != "retired"
    ]
    return cards, page.last_id if page.has_more else None
