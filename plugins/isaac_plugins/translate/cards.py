"""What a translation gives."""

from isaacd.api import Ending


class Translation(Ending, frozen=True, kw_only=True):
    """The whole text in another language; `kept` counts paragraphs that stayed as they were, because none was good."""

    text: str
    to: str
    source: str
    paragraphs: int
    kept: int = 0
    exit_code: int = 0
