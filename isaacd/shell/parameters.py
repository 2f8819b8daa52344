"""`${name#...}` and its like, where the value is in sight and what is asked of it is plain."""

import re
from collections.abc import Mapping

from isaacd.shell.arrays import element

_FORM = re.compile(r"(#?)([A-Za-z_]\w*|[0-9]+)(.*)\Z", re.ASCII | re.DOTALL)
_PLAIN = re.compile(r"[\w./:,=@ -]*\Z")
_SLICE = re.compile(r":\s*(\d{1,5}|\s-\d{1,5})(?::(\d{1,5}))?\Z")
_REPLACE = re.compile(r"(//?|/#|/%)([\w.:,=@-]+)(?:/([\w.:,=@-]*))?\Z")
_DEFAULT = re.compile(r":?[-=+?]")


def parameter(text: str, values: Mapping[str, str]) -> str | None:
    """Return what `${text}` is worth; None if that is not seen."""
    if text[:1] == "!":
        name = values.get(text[1:])  # `${!name}`: the variable whose name is the value of another
        return values.get(name) if name is not None else None
    found = _FORM.match(text)
    if found is None:
        return None
    counts, name, rest = found.groups()
    if rest[:1] == "[":
        return None if counts else element(text, values)
    value = values.get(name)
    if value is None:
        return None
    if counts:
        return None if rest else str(len(value))
    return _changed(value, rest)


def default(text: str) -> str | None:
    """Return what `${name:-text}` gives when the variable has no value, if that is plain."""
    found = _FORM.match(text.lstrip("=~^"))  # other shells say so how the value is split
    if found is None or found[1]:
        return None
    operator = _DEFAULT.match(found[3])
    rest = found[3][operator.end() :] if operator is not None else ""
    return rest if operator is not None and not operator[0].endswith("?") and _PLAIN.match(rest) else None


def _changed(value: str, rest: str) -> str | None:
    if not rest:
        return value
    operator = _DEFAULT.match(rest)
    if operator is not None:
        text = rest[operator.end() :]
        takes_other = operator[0].endswith("+") == bool(value or not operator[0].startswith(":"))
        if not takes_other:
            return "" if operator[0].endswith("+") else value
        return text if _PLAIN.match(text) else None
    cases = {
        "^^": value.upper(),
        ",,": value.lower(),
        "^": value[:1].upper() + value[1:],
        ",": value[:1].lower() + value[1:],
    }
    if rest in cases:
        return cases[rest]
    if rest[:1] in ("#", "%"):
        text = rest.lstrip(rest[0])
        if len(rest) - len(text) > 2 or not _PLAIN.match(text):
            return None
        return value.removeprefix(text) if rest[0] == "#" else value.removesuffix(text)
    return _sliced(value, rest)


def _sliced(value: str, rest: str) -> str | None:
    if (part := _SLICE.match(rest)) is not None:
        start = int(part[1])
        if start < 0 and -start > len(value):
            return ""
        start = start if start >= 0 else len(value) + start
        return value[start : start + int(part[2])] if part[2] is not None else value[start:]
    found = _REPLACE.match(rest)
    if found is None:
        return None
    kind, old, new = found[1], found[2], found[3] or ""
    if kind == "/#":
        return new + value.removeprefix(old) if value.startswith(old) else value
    if kind == "/%":
        return value.removesuffix(old) + new if value.endswith(old) else value
    return value.replace(old, new) if kind == "//" else value.replace(old, new, 1)
