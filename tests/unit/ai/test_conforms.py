"""Whether an answer keeps a schema, as far as that is looked at; never a crash, never without end."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isaacd.ai.chat import OutputSchema
from isaacd.ai.conforms import complaint, unfenced

PERSON: dict[str, object] = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "age": {"type": "integer"},
        "kind": {"enum": ["cat", "dog", 1]},
        "friends": {"type": "array", "items": {"$ref": "#"}},
        "home": {"$ref": "#/$defs/home"},
        "either": {"anyOf": [{"type": "null"}, {"type": "string"}]},
        "never": False,
    },
    "required": ["name"],
    "additionalProperties": False,
    "$defs": {"home": {"type": ["string", "null"]}},
}


def wrong(value: Any, schema: dict[str, Any] = PERSON) -> str | None:
    return complaint(json.dumps(value), OutputSchema(schema=schema))


@pytest.mark.parametrize(
    "value",
    [
        {"name": "a"},
        {"name": "a", "age": 3},
        {"name": "a", "age": 3.0},
        {"name": "a", "kind": 1, "home": None, "either": None},
        {"name": "a", "friends": [{"name": "b", "friends": []}]},
    ],
)
def test_what_keeps_the_schema_is_let_through(value: object) -> None:
    assert wrong(value) is None


@pytest.mark.parametrize(
    ("value", "where"),
    [
        ([], "$ is not of type object"),
        ({}, "$ lacks 'name'"),
        ({"name": 1}, "$.name is not of type string"),
        ({"name": "a", "age": "3"}, "$.age is not of type integer"),
        ({"name": "a", "age": True}, "$.age"),
        ({"name": "a", "age": 3.5}, "$.age"),
        ({"name": "a", "kind": True}, "$.kind is none of the values"),
        ({"name": "a", "other": 1}, "$.other must not be there"),
        ({"name": "a", "never": 1}, "$.never must not be there"),
        ({"name": "a", "friends": [{"name": "b"}, {}]}, "$.friends[1] lacks 'name'"),
        ({"name": "a", "home": 1}, "$.home is not of type string or null"),
        ({"name": "a", "either": 1}, "$.either fits none"),
    ],
)
def test_what_does_not_is_told_with_its_place(value: object, where: str) -> None:
    assert where in str(wrong(value))


@pytest.mark.parametrize("text", ["", "no", "{", '{"name": }', "[" * 5000])
def test_what_is_no_json_is_told(text: str) -> None:
    assert "not JSON" in str(complaint(text, OutputSchema(schema={})))


@pytest.mark.parametrize(
    "schema",
    [
        {"type": 1},
        {"type": [{}], "required": 3, "properties": [], "anyOf": {}, "enum": 1, "$ref": 3, "items": 3},
        {"$ref": "#/nowhere/at/all"},
        {"$ref": "https://example.com/schema"},
        {"$ref": "#"},
        {"allOf": [{"$ref": "#"}, {"$ref": "#"}]},
        {"anyOf": [{"$ref": "#"}, {"$ref": "#"}]},
    ],
)
def test_an_odd_schema_neither_crashes_nor_goes_on_for_ever(schema: dict[str, object]) -> None:
    assert wrong({"name": ["a"]}, schema) is None


_json = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
)
_keywords = st.sampled_from(
    ["type", "enum", "const", "required", "properties", "items", "anyOf", "allOf", "$ref"]
)


@given(_json, st.dictionaries(_keywords, _json))
def test_any_value_and_any_schema_get_a_verdict(value: object, schema: dict[str, Any]) -> None:
    assert wrong(value, schema) is None or wrong(value, schema)


@pytest.mark.parametrize(
    "text", ['{"a": 1}', ' {"a": 1}\n', '```json\n{"a": 1}\n```', '```\n{"a": 1}\n```\n']
)
def test_a_fence_around_json_is_taken_away(text: str) -> None:
    assert unfenced(text) == '{"a": 1}'


def test_a_fence_within_text_stays() -> None:
    assert unfenced("see:\n```\nx\n```") == "see:\n```\nx\n```"
