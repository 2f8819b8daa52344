"""What is piped in, taken for text if it is some."""

from isaacd.errors import InvalidParams

_STRAY = "\N{REPLACEMENT CHARACTER}"
# One character in so many may be wrong: a line of another encoding in a diff, a log that was cut.
_ONE_IN = 10


def text_of(data: bytes) -> str:
    """Return piped bytes as text; raises InvalidParams if they are none, such as a picture or an archive."""
    text = data.decode(errors="replace")
    if b"\0" in data or text.count(_STRAY) * _ONE_IN > len(text):
        raise InvalidParams(
            "standard input is not text in UTF-8",
            hint="turn it into text first, if it has another encoding with: iconv -f ENCODING -t UTF-8",
        )
    return text
