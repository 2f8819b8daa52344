"""Laws of commands: what help, completion, programs and models rely on."""

import re
from typing import Any, get_args, get_origin

import msgspec

from isaacd.command import Command
from isaacd.command.types import schema_hook

_NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)?\Z")
MAX_SUMMARY_CHARS = 100


def check_command(command: Command) -> None:
    """Check that a command explains itself to people and programs; raises AssertionError if not.

    Its summary is one sentence, it has examples that call it unless it is hidden, every parameter is explained, and both its arguments and
    its result can be written as JSON.
    """
    assert _NAME.match(command.name), f"{command.name} is no name for a command"
    assert command.name.partition(".")[0] == command.plugin, f"{command.name} is not of {command.plugin}"
    assert command.summary.endswith("."), f"{command.name}: the summary is a sentence, with a full stop"
    assert len(command.summary) <= MAX_SUMMARY_CHARS, f"{command.name}: the summary is too long"
    if not command.hidden:
        _check_examples(command)
    for item in command.parameters:
        text = item.marker.help
        assert text, f'{command.name}: the parameter `{item.name}` is not explained: Annotated[..., "..."]'
        assert text.endswith((".", "?")), f"{command.name}: what `{item.name}` is for is a sentence"
    _check_schema(command)
    _check_result(command)


def _check_examples(command: Command) -> None:
    _, _, examples = command.doc.partition("Examples:\n")
    assert examples.strip(), f"{command.name} has no `Examples:` in its docstring"
    typed = " ".join(command.name.replace("_", "-").split("."))
    called = re.compile(rf"isaacctl {re.escape(typed)}(?![\w-])")
    assert called.search(examples), f"{command.name}: no example calls `isaacctl {typed}`"


def _check_schema(command: Command) -> None:
    schema: Any = msgspec.json.decode(msgspec.json.encode(command.schema))
    assert schema["type"] == "object"
    assert set(schema["properties"]) == {item.name for item in command.parameters}
    assert set(schema["required"]) == {item.name for item in command.parameters if item.required}


def _check_result(command: Command) -> None:
    assert command.returns is not Any, f"{command.name} does not say what it returns"
    for kind in _results(command):
        if kind is str:
            continue
        try:
            # A schema can be made of a type only if its values can be encoded.
            msgspec.json.schema(kind, schema_hook=schema_hook)
        except (TypeError, NotImplementedError) as error:
            raise AssertionError(f"{command.name}: its result cannot be written as JSON: {error}") from None


def _results(command: Command) -> list[Any]:
    """Return the types of a result; those of a stream are what it yields."""
    kind = command.returns
    if command.mode != "stream":
        return [kind]
    (yielded, *_) = get_args(kind)
    return list(get_args(yielded)) if get_origin(yielded) is not None or get_args(yielded) else [yielded]
