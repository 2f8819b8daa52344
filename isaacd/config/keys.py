"""Keys of nested tables: as tuples inside, as dotted TOML keys towards people."""

import re

import msgspec

# The number of an array's item counts as a part of the key: ("ai", "order", 1).
Key = tuple[str | int, ...]

# Compiled when first used: a start needs neither.
_BARE = r"[A-Za-z0-9_-]+"
_ASSIGNMENT = r"""((?:"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|[^"'=\n])+)=(.*)"""


def dotted(key: Key) -> str:
    """Write `key` as TOML does, quoting what is not a bare key; an item's number comes in brackets."""
    text = ""
    for part in key:
        if isinstance(part, int):
            text += f"[{part}]"
            continue
        shown = part if re.fullmatch(_BARE, part) else quoted(part)
        text += f".{shown}" if text else shown
    return text


def quoted(text: str) -> str:
    """Write `text` as a TOML basic string."""
    # JSON's escapes are TOML's too; TOML wants DEL escaped as well.
    clean = text.encode("utf-8", "backslashreplace").decode()
    return msgspec.json.encode(clean).decode().replace("\x7f", "\\u007f")


def parse_key(text: str) -> tuple[str, ...]:
    """Read a dotted TOML key; raises ValueError if it is none."""
    import tomllib

    if "\n" in text:
        raise ValueError("a key ends with its line")
    table: object = tomllib.loads(f"{text} = 0")
    key: list[str] = []
    while isinstance(table, dict):
        ((part, table),) = table.items()
        key.append(part)
    return tuple(key)


def split_assignment(text: str) -> tuple[tuple[str, ...], str]:
    """Split `section.key=value`; raises ValueError if it is not of that form."""
    match = re.fullmatch(_ASSIGNMENT, text, re.DOTALL)
    if match is None:
        raise ValueError("no `=` after a key")
    return parse_key(match[1].strip()), match[2].strip()
