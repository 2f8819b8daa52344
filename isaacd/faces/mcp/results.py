"""What a host is sent of a result: text for the model, data in the form that was described, and errors that say what to do."""

from typing import Any

import msgspec

from isaacd.ai.chat import Answer
from isaacd.errors import IsaacError
from isaacd.faces.mcp import spec
from isaacd.faces.mcp.judging import Judged
from isaacd.tools.result import cleaned, is_long, text_cleaned

MAX_CHARS = 100_000


def result_of(value: Any, *, output: dict[str, Any] | None, version: str) -> dict[str, Any]:
    """Return a result as `tools/call` has it; secrets are taken out.

    Paths stay as they are: a host works with them. What was `agreed` to is exactly that, and nothing is taken out of it.
    `output` is the schema that the tool was described with: what it describes is sent as data too, under `result` if it
    is no object. What is too long to be of use is an error, with its beginning.
    """
    if isinstance(value, Answer):
        value = value.text
    if value is None:
        return _text("done")
    if isinstance(value, str):
        text = text_cleaned(value, MAX_CHARS)
        return _too_long(text) if len(value) > MAX_CHARS else _text(text)
    try:
        plain = msgspec.to_builtins(value, enc_hook=str, str_keys=True)
        data = plain if isinstance(value, Judged) else cleaned(plain, None)
        text = msgspec.json.encode(data).decode()
    except (TypeError, ValueError, RecursionError):
        return failed("the result of this tool cannot be written as JSON")
    if len(text) > MAX_CHARS or is_long(plain):
        return _too_long(text)
    found = _text(text)
    if output is not None and version >= spec.HAS_STRUCTURED_OUTPUT:
        found["structuredContent"] = data if isinstance(data, dict) else {"result": data}
    return found


def failure_of(error: IsaacError) -> dict[str, Any]:
    """Return an error as a result, so that the model reads what it could do about it."""
    hint = f"\n{error.hint}" if error.hint else ""
    return failed(f"{error.message}{hint}")


def failed(text: str) -> dict[str, Any]:
    """Return a result that says that the call did not work."""
    return {**_text(text_cleaned(text, MAX_CHARS)), "isError": True}


def _too_long(text: str) -> dict[str, Any]:
    told = f"The result is longer than {MAX_CHARS} characters: ask for less of it. It begins:\n"
    return {**_text(told + text[: MAX_CHARS // 10]), "isError": True}


def _text(text: str) -> dict[str, Any]:
    return {"content": [{"type": "text", "text": text}]}
