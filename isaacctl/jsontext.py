"""Lines of JSON, read and written with next to nothing to import."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]
    Object = dict[str, Json]


def quoted(text: str) -> str:
    """Write text as JSON has it; what needs an import to do that is imported later, while the daemon works."""
    return (
        '"'
        + "".join(char if char not in '"\\' and char >= " " else f"\\u{ord(char):04x}" for char in text)
        + '"'
    )


def lines(kept: bytearray, data: bytes) -> "list[bytes]":
    """Return the lines that are whole now, each with its end; what follows the last end stays in `kept`."""
    kept += data
    if b"\n" not in data:
        return []
    *lines, rest = bytes(kept).split(b"\n")
    kept[:] = rest
    return [line + b"\n" for line in lines]


def messages(line: bytes) -> "list[Object]":
    """Return the messages on a line; none for what is no JSON, which the daemon refuses by itself."""
    try:
        found = _read(line)
    except (ValueError, RecursionError, StopIteration):
        return []
    return [item for item in (found if isinstance(found, list) else [found]) if isinstance(item, dict)]


def renamed(line: bytes, number: str) -> bytes:
    """Return a request with another id."""
    return b"".join(encoded({**item, "id": number}) for item in messages(line))


class _Plain:
    """How the interpreter's own reader of JSON is to read: as `json.loads` has it do, whose import costs a start twice."""

    strict = True
    object_hook = object_pairs_hook = None
    parse_float = float
    parse_int = int
    parse_constant = float


def _read(line: bytes) -> "Json":
    """Return the value on a line; raises ValueError, StopIteration or RecursionError for what is none."""
    try:
        from _json import make_scanner  # an interpreter may do without it
    except ImportError:
        import json

        value: Json = json.loads(line)
        return value
    value, end = make_scanner(_Plain)(text := line.decode().strip(), 0)  # type: ignore[arg-type] # any object with these
    if end != len(text):
        raise ValueError("more than one value")
    return value


def encoded(message: "Object") -> bytes:
    """Write a message as a line."""
    import json

    return json.dumps(message, separators=(",", ":")).encode() + b"\n"
