"""What a summary is made of."""

import msgspec


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """The summary of one text; `source` is `extract` or the model that wrote it.

    An extract is sentences of the text as they stand. `parts` is how many parts were read, `lost_parts` how many of them
    could not be.
    """

    name: str
    summary: str
    source: str
    chars: int
    parts: int = 1
    lost_parts: int = 0


class Summaries(msgspec.Struct, frozen=True):
    """The summaries of all texts, in their order."""

    summaries: list[Summary]
