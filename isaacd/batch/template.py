"""A prompt with places for the columns of a row: `Translate {text} to {lang}`."""

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches

import msgspec

from isaacd.errors import InvalidParams

_PLACE = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_NAMES_SHOWN = 12


class Template:
    """Text with `{column}` in it; `{{` and `}}` stand for braces. Raises InvalidParams for what is neither."""

    def __init__(self, text: str) -> None:
        self._parts: list[str] = []  # text and names in turns
        at, plain = 0, ""
        for match in _PLACE.finditer(text):
            plain += text[at : match.start()]
            at = match.end()
            if match[0] in ("{{", "}}"):
                plain += match[0][0]
            elif match[1] is not None and match[1].strip():
                self._parts += [plain, match[1].strip()]
                plain = ""
            else:
                raise InvalidParams(
                    f"the template has a lone {match[0]!r}",
                    hint="write {column} for a column, and {{ or }} for a brace",
                )
        self._parts.append(plain + text[at:])
        self.names = tuple(dict.fromkeys(self._parts[1::2]))

    def check(self, columns: Iterable[str]) -> None:
        """Raise InvalidParams unless the columns have all names of the template."""
        known = list(columns)
        for name in self.names:
            if name not in known:
                raise InvalidParams(f"the input has no column {name!r}", hint=_hint(name, known))

    def fill(self, columns: Mapping[str, object]) -> str:
        """Put a row's values in; raises KeyError for a column that the row has not."""
        parts = self._parts.copy()
        for place in range(1, len(parts), 2):
            parts[place] = _text(columns[parts[place]])
        return "".join(parts)


def _hint(name: str, known: list[str]) -> str:
    folded = {item.lower(): item for item in known}
    near = get_close_matches(name.lower(), folded, 1)
    if near:
        return f"did you mean {{{folded[near[0]]}}}?"
    return f"its columns are: {', '.join(known[:_NAMES_SHOWN])}"


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else msgspec.json.encode(value).decode()
