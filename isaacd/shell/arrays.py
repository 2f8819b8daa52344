"""Arrays of a line whose elements are in sight: `a[0]`, `a[1]` and `a[key]` stand among the other variables.

`a[#]` says how many elements there are, if they are all seen and count from 0. `$a` itself is not told: some shells take
it for the first element, others for all.
"""

import re
from collections.abc import Mapping, Sequence

from isaacd.shell.syntax import Word

MAX_ELEMENTS = 64
MAX_TEXT = 4096
_ANY = "["  # stands among the values if an array does
_KEYED = re.compile(r"\[([^\[\]$`\"'\\]{1,64}|\"[^\"$`\\]{1,64}\"|'[^']{1,64}')\]=(.*)\Z", re.DOTALL)
_NAMED = re.compile(r"([A-Za-z_]\w*)\[(.{1,64})\]\Z", re.ASCII)


def drop(values: dict[str, str], name: str) -> None:
    """Forget what is known of a variable, and of its elements."""
    name = name.partition("[")[0]
    values.pop(name, None)
    if _ANY in values:
        start = f"{name}["
        for key in [key for key in values if key.startswith(start)]:
            del values[key]


def take(name: str, words: Sequence[Word], values: dict[str, str], *, adds: bool) -> None:
    """Take `name=(words)`, or `name+=(words)` where it `adds`; the words are those that the shell makes of it."""
    before = elements(name, values) if adds else []
    if adds and before is None and name in values and f"{name}[0]" not in values:
        before = [values[name]]
    drop(values, name)
    texts = [word.value for word in words]
    seen = [text for text in texts if text is not None]
    if before is None or len(seen) < len(texts) or len(before) + len(seen) > MAX_ELEMENTS:
        return
    if sum(map(len, seen)) > MAX_TEXT:
        return
    keyed = [
        _KEYED.match(text) if word.raw.startswith("[") else None
        for word, text in zip(words, seen, strict=True)
    ]
    if any(keyed):
        if not all(keyed) or before:
            return
        found = {match[1].strip("\"'"): match[2] for match in keyed if match is not None}
    else:
        seen = [*before, *seen]
        found = {str(index): text for index, text in enumerate(seen)}
        values[f"{name}[#]"] = str(len(seen))
    values[_ANY] = ""
    values.update((f"{name}[{key}]", text) for key, text in found.items())


def put(element: str, text: str | None, values: dict[str, str]) -> None:
    """Take `name[key]=text`; None is a text that is not seen."""
    named = _NAMED.match(element)
    if named is None or text is None:
        drop(values, element)
        return
    name, key = named[1], named[2].strip("\"'")
    count = values.get(f"{name}[#]")
    if not key.isdigit() or "$" in key:
        values.pop(f"{name}[#]", None)
    elif count is None and key == "0" and name not in values and f"{name}[0]" not in values:
        values[f"{name}[#]"] = "1"
    elif count is not None and int(key) == int(count) < MAX_ELEMENTS:
        values[f"{name}[#]"] = str(int(count) + 1)
    elif count is None or int(key) > int(count):
        values.pop(f"{name}[#]", None)
    if "$" in key or "`" in key:
        drop(values, name)
        return
    values[_ANY] = ""
    values[f"{name}[{key}]"] = text


def element(text: str, values: Mapping[str, str]) -> str | None:
    """Return what `${name[key]}` is worth, `text` being what stands in the braces; None if that is not seen."""
    if _ANY not in values or (named := _NAMED.match(text)) is None:
        return None
    name, key = named[1], named[2].strip("\"'")
    if key.startswith("$"):
        key = values.get(key[1:], "@")
    elif f"{name}[{key}]" not in values and key.isidentifier():
        key = values.get(key, "@")
    count = values.get(f"{name}[#]")
    if key[:1] == "-" and key[1:].isdigit() and count is not None:
        key = str(int(count) - int(key[1:]))
    return values.get(f"{name}[{key}]") if key != "#" else None


def elements(name: str, values: Mapping[str, str]) -> list[str] | None:
    """Return all elements of an array in their order; None if they are not seen."""
    count = values.get(f"{name}[#]")
    if count is None:
        return None
    found = [values.get(f"{name}[{index}]") for index in range(int(count))]
    seen = [text for text in found if text is not None]
    return seen if len(seen) == len(found) else None
