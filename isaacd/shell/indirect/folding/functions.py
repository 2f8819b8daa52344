"""Functions and methods of several languages that only make one text of others."""

from collections.abc import Sequence

from isaacd.shell.indirect.folding.assembled import MAX_TEXT, decoded

Value = str | int | list["Value"]
_DECODERS = {
    "decode_base64": "64",
    "base64_decode": "64",
    "decode64": "64",
    "strict_decode64": "64",
    "urlsafe_decode64": "64",
    "atob": "64",
    "FromBase64String": "64",
    "hex2bin": "16",
    "str_rot13": "rot13",
    "gzuncompress": "zlib",
    "gzdecode": "zlib",
}
_CHARS = frozenset(("chr", "fromCharCode", "fromCodePoint", "char"))
_REVERSES = frozenset(("reverse", "strrev", "rev"))
_SAME = frozenset(
    "toString to_s strip trim chomp freeze dup flatten to_a String join_s valueOf GetString str_split scalar tostring tostr".split()
)
_LOWER = frozenset(("lc", "lower", "downcase", "tolower", "toLowerCase", "strtolower", "ToLower"))
_UPPER = frozenset(("uc", "upper", "upcase", "toupper", "toUpperCase", "strtoupper"))
# Those that are called without brackets as well.
BARE = frozenset(
    (*_DECODERS, *_CHARS, *_REVERSES, *_LOWER, *_UPPER, "join", "pack", "sprintf", "system", "exec", "eval", "spawn", "iex", "popen", "call", "run")
)  # fmt: skip


def call(name: str, arguments: Sequence[Value | None]) -> Value | None:
    """Return what a function makes of arguments that are all seen; None if that is not known."""
    given = [item for item in arguments if item is not None]
    if not given or len(given) < len(arguments):
        return None
    first, rest = given[0], given[1:]
    if name in _CHARS:
        return _chars(_flat(given))
    if name in ("sprintf", "format"):
        return _formatted(first, _flat(rest))
    if name == "pack":
        return _packed(first, _flat(rest))
    if name in ("join", "implode") and isinstance(first, str):
        return first.join(map(str, _flat(rest)))[:MAX_TEXT]
    if name == "concat":  # table.concat of Lua has the separator behind
        between = str(rest[0]) if rest else ""
        return between.join(map(str, first))[:MAX_TEXT] if isinstance(first, list) else None
    if name in ("str_replace", "gsub", "replace") and len(given) > 2:
        place = 2 if name == "str_replace" else 0
        words = [str(given[place]), *(str(item) for index, item in enumerate(given) if index != place)]
        return _replaced(words[0], words[1], words[2])
    if name == "from" and isinstance(first, str):
        return _coded(first, rest)
    if name == "from" and isinstance(first, list):
        return _chars(first)
    return method(name, first, rest, "")


def method(name: str, receiver: Value, arguments: Sequence[Value], between: str) -> Value | None:
    """Return what a method makes of its receiver; `between` is the code between the brackets."""
    if name in _DECODERS and isinstance(receiver, str):
        return decoded(_DECODERS[name], receiver)
    if name in _REVERSES:
        return receiver[::-1] if not isinstance(receiver, int) else None
    if name in _CHARS and isinstance(receiver, int):
        return _chars([receiver])
    if name == "map" and isinstance(receiver, list):
        return [_chars([item]) or "" for item in receiver] if "chr" in between or "Code" in between else None
    if name == "join" and isinstance(receiver, list):
        return (str(arguments[0]) if arguments else "").join(map(str, receiver))[:MAX_TEXT]
    if name == "pack" and isinstance(receiver, list):
        return _packed(arguments[0] if arguments else "c*", receiver)
    if name in ("split", "chars", "each_char", "str_split") and isinstance(receiver, str):
        between = str(arguments[0]) if arguments else ""
        return list(receiver.split(between)) if between else list(receiver)
    if not isinstance(receiver, str):
        return receiver if name in _SAME else None
    return _of_text(name, receiver, arguments)


def _of_text(name: str, text: str, arguments: Sequence[Value]) -> Value | None:
    if name in _LOWER:
        return text.lower()
    if name in _UPPER:
        return text.upper()
    if name in ("replace", "replaceAll", "gsub", "sub", "tr") and len(arguments) > 1:
        return _replaced(text, str(arguments[0]), str(arguments[1]))
    if name in ("unpack", "unpack1") and arguments:
        return decoded("64", text) if str(arguments[0]).startswith("m") else None
    if name == "concat":
        return (text + "".join(map(str, arguments)))[:MAX_TEXT]
    if name == "toString" and arguments:
        return text
    return text if name in _SAME else None


def _replaced(text: str, old: str, new: str) -> str:
    return (
        text.replace(old, new)[:MAX_TEXT] if old and len(text) * max(1, len(new)) <= MAX_TEXT * 16 else text
    )


def _coded(text: str, how: Sequence[Value]) -> str | None:
    if how and how[0] in ("base64", "base64url"):
        return decoded("64", text)
    return decoded("16", text) if how and how[0] == "hex" else text


def _flat(items: Sequence[Value]) -> list[Value]:
    found: list[Value] = []
    for item in items:
        found += item if isinstance(item, list) else [item]
    return found


def _chars(items: Sequence[Value]) -> str | None:
    codes = [
        int(item) if isinstance(item, str) and item.isdecimal() and len(item) < 8 else item for item in items
    ]
    if not all(isinstance(code, int) and 0 < code < 0xD800 for code in codes):
        return None
    return "".join(chr(code) for code in codes if isinstance(code, int))[:MAX_TEXT]


def _packed(form: Value, items: Sequence[Value]) -> str | None:
    letter = str(form)[:1]
    if letter in "cCUWn":
        return _chars(items)
    text = "".join(str(item) for item in items)
    if letter in ("H", "h"):
        return decoded("16", text)
    return decoded("64", text) if letter == "m" else text if letter in ("a", "A") else None


def _formatted(form: Value, items: list[Value]) -> str | None:
    """Return what `sprintf` makes of texts, characters and numbers without a width."""
    if not isinstance(form, str):
        return None
    text, left = "", list(items)
    pieces = form.split("%")
    text = pieces[0]
    for piece in pieces[1:]:
        if not piece[:1]:
            text += "%"
        elif piece[0] in "sdicv" and left:
            item = left.pop(0)
            text += (
                _chars([item]) or "" if piece[0] == "c" and isinstance(item, int) else str(item)
            ) + piece[1:]
        else:
            return None
    return text[:MAX_TEXT]
