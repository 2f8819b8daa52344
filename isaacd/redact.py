"""What must never be shown or written down: values with a secret's name, and text with a secret's shape."""

import re
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from functools import cache
from itertools import islice
from pathlib import PurePath

import msgspec

REDACTED = "[redacted]"
_SHOWN = rf"\g<1>{REDACTED}"
MAX_TEXT_CHARS = 16 * 1024
MAX_SCANNED_CHARS = 64 * 1024
MAX_DEPTH = 12
MAX_ITEMS = 1000

_NAME = "key|token|secret|passw|passphrase|authorization|credential|cookie"
# `api_key_env` and `api_key_file` say where a secret is; a keyboard or a KeyError hides nothing.
_HARMLESS_NAME = r"(?:_env|_file)$|keyboard|keyword|keyerror|tokenizer"

# The start of a word; what a repr escapes before it (`\n`, `\x1b`) is not a part of it.
_START = r"(?:(?<![a-z0-9])|(?<=\\[a-z0-9])|(?<=\\x[0-9a-f]{2})|(?<=\\u[0-9a-f]{4}))"

# What stands in every text that a pattern matches, in small letters, and the pattern: nearly every text has none of
# the first, and is not searched for the second. Each keeps its group 1. All are linear: what repeats is bounded, or
# cannot begin again inside itself.
_PATTERNS: tuple[tuple[tuple[str, ...], str], ...] = (
    # Headers: everything up to the end of the line or of the quotes.
    (
        ("authorization", "cookie"),
        r"((?:authorization|cookie)[\\\"']{0,4}[ \t]{0,8}[:=][ \t]{0,8}[\\\"']{0,4})(?:\[redacted\]|[^\r\n\"']+)",
    ),
    (("bearer",), r"(bearer[ \t]{1,8})[^\s\"',;]+"),
    # user:password@ in a URL, and signatures in its query.
    (("://",), r"(://)[^\s/?#\"']+(?=@)"),
    (("sig=", "signature="), r"([?&]sig(?:nature)?=)[^\s&#\"']+"),
    # name=value, name: value, "name": "value" and ('name', 'value'); but not the count in `tokens: 12`.
    (
        tuple(_NAME.split("|")),
        rf"((?!tokens[\w-]{{0,20}}[\"']?[ \t]{{0,4}}[=:][ \t]{{0,4}}[0-9]{{1,12}}\b)"
        rf"(?:{_NAME})(?!error|board|word)[\w-]{{0,40}}(?<!_env)(?<!_file)"
        r"(?:[\\\"']{0,4}[ \t]{0,8}[=:][ \t]{0,8}|[\"'],[ ]?)b?\\{0,3})"
        r"(?:\"(?:[^\"\\]|\\.)*\"?|'(?:[^'\\]|\\.)*'?|\[redacted\]|[^\s&,;)}\]\"']+)",
    ),
    # --api-key VALUE.
    (("--",), rf"((?<![\w-])--[\w-]{{0,40}}(?:{_NAME})[\w-]{{0,40}}[ \t]{{1,8}})[^\s\"']+"),
    # Makers' marks: OpenAI, Anthropic, OpenRouter, xAI, Groq, GitHub, GitLab, Slack, Hugging Face, Google, AWS.
    (
        ("sk-", "sk_", "pk-", "pk_", "rk-", "rk_", "xai", "pplx", "nvapi", "glpat", "xox"),
        rf"(){_START}(?:sk|pk|rk|xai|gsk|pplx|nvapi|glpat|xox[a-z])[-_][\w-]{{6,}}",
    ),
    (("_",), rf"(){_START}(?:hf|npm|r8|gh[a-z]|github_pat)_[a-z0-9]{{12,}}[\w-]*"),
    (
        ("aiza", "akia", "asia", "ya29."),
        rf"(){_START}(?:AIza[\w-]{{20,}}|(?:AKIA|ASIA)[A-Z0-9]{{12,}}|ya29\.[\w-]+)",
    ),
)
# Any other long run with letters and digits in it: hex, base64, the parts of a JSON Web Token.
_LONG_CHARS = 32
_LONG = rf"()(?<![\w+-])(?=[a-z_+-]*[0-9])(?=[0-9_+-]*[a-z])[a-z0-9_+-]{{{_LONG_CHARS},}}={{0,2}}"


@cache
def _names() -> tuple[re.Pattern[str], re.Pattern[str]]:
    return re.compile(_NAME, re.IGNORECASE), re.compile(_HARMLESS_NAME, re.IGNORECASE)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Compile a pattern when it is first needed."""
    return re.compile(pattern, re.IGNORECASE)


def is_secret_name(name: str) -> bool:
    """Tell whether a value with this name is a secret by its name."""
    secret, harmless = _names()
    return secret.search(name) is not None and harmless.search(name) is None


def redact_text(text: str) -> str:
    """Take what looks like a secret out of `text`; of a very long text, the middle is left out too.

    The result can always be encoded as UTF-8. Takes time linear in the length of `text`.
    A secret without a telling name or shape (a short password in running prose) cannot be found.
    """
    length = len(text)
    text = text[:MAX_SCANNED_CHARS]
    if not text.isascii():
        text = text.encode("utf-8", "backslashreplace").decode()
    # It is plain ASCII by now, so that small letters are all that "whatever the case" can mean.
    small = text.lower()
    for marks, pattern in _PATTERNS:
        if any(mark in small for mark in marks):
            text = _compiled(pattern).sub(_SHOWN, text)
    if max(map(len, small.split()), default=0) >= _LONG_CHARS:
        text = _compiled(_LONG).sub(_SHOWN, text)
    if length > MAX_SCANNED_CHARS or len(text) > MAX_TEXT_CHARS:
        half = MAX_TEXT_CHARS // 2
        text = f"{text[:half]} ...cut, {length} characters in all... {text[-half:]}"
    return text


def redact(value: object, depth: int = 0) -> object:
    """Return `value` as plain data (None, bool, numbers, text, lists, dicts) without secrets.

    Exceptions and unknown objects become redacted text. Never raises, whatever the object's own methods do.
    """
    try:
        return _redact(value, depth)
    except Exception as error:  # noqa: BLE001 - the object is a stranger; showing it must not break its caller
        return f"<{type(value).__name__} that cannot be shown: {type(error).__name__}>"


def _redact(value: object, depth: int) -> object:
    if value is None or isinstance(value, (bool, float)):
        return value
    if isinstance(value, int):
        return int(value) if -(2**63) <= value < 2**64 else f"a number of {value.bit_length()} bits"
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, (bytes, bytearray)):
        return redact_text(value[:MAX_SCANNED_CHARS].decode("utf-8", "backslashreplace"))
    if depth >= MAX_DEPTH:
        return f"<{type(value).__name__}, nested too deep>"
    if isinstance(value, msgspec.Struct):
        value = {name: getattr(value, name) for name in value.__struct_fields__}
    if isinstance(value, Mapping):
        pairs = islice(value.items(), MAX_ITEMS)
        return {_name(key): _item(key, item, depth) for key, item in pairs}
    if isinstance(value, (list, tuple, AbstractSet)):
        return _items(islice(value, MAX_ITEMS), depth)
    if isinstance(value, BaseException):
        text = str(value)
        return redact_text(f"{type(value).__name__}: {text}" if text else type(value).__name__)
    return redact_text(str(value) if isinstance(value, PurePath) else repr(value))


def _items(values: Iterable[object], depth: int) -> list[object]:
    """Redact a sequence; what follows a secret's name in it (a header pair, an option's value) is a secret too."""
    found = []
    before: object = None
    for value in values:
        found.append(_item(before, value, depth))
        before = value
    return found


def _name(key: object) -> str:
    return redact_text(key if isinstance(key, str) else repr(key))


def _item(name: object, value: object, depth: int) -> object:
    """Redact a value that has a name, if the thing before it is one."""
    if isinstance(name, (str, bytes)) and len(name) < 100 and value not in (None, "", True, False):
        text = name.decode("latin-1") if isinstance(name, bytes) else name
        counts = isinstance(value, (int, float)) and "tokens" in text.lower()
        if is_secret_name(text) and not counts:
            return REDACTED
    return redact(value, depth + 1)
