"""The last layer wins, whatever the values, and the origin tells which one that was."""

import re
import tomllib
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isaacd.config import Config, load
from isaacd.config.keys import dotted
from isaacd.config.layers import file_layer, merge
from isaacd.config.template import template
from isaacd.config.tree import leaves, schema_tree, to_toml
from isaacd.errors import ConfigInvalid

WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8).filter(
    lambda text: text.strip() == text and "," not in text and text[0] not in "'\"["
)
# For each key a strategy of values that are allowed there; NAME is a provider's name.
VALUES = {
    "log.level": st.sampled_from(["debug", "info", "warning", "error"]),
    "daemon.idle_exit_s": st.integers(0, 10**6).map(float),
    "limits.stalled_peer_s": st.integers(1, 1000).map(float),
    "limits.drain_s": st.integers(0, 1000).map(float),
    "ai.model": WORDS,
    "ai.order": st.lists(WORDS, min_size=1, max_size=3).map(tuple),
    "ai.providers.local.model": WORDS,
    "ai.providers.local.base_url": st.sampled_from(["http://a/v1", "https://b"]),
    "ai.providers.my_gate.kind": WORDS,
    "knowledge.whatis": st.booleans(),
    "plugins.disabled": st.lists(WORDS, min_size=1, max_size=3).map(tuple),
}
LAYERS = st.fixed_dictionaries({}, optional=VALUES)


def nested(values):
    tree = {}
    for key, value in values.items():
        *tables, last = key.split(".")
        table = tree
        for name in tables:
            table = table.setdefault(name, {})
        table[last] = value
    return tree


def written(values):
    return "\n".join(f"{key} = {to_toml(value)}" for key, value in values.items())


def value_at(config, key):
    for part in key.split("."):
        config = config[part] if isinstance(config, dict) else getattr(config, part)
    return config


@given(LAYERS, LAYERS, LAYERS, st.randoms(use_true_random=False))
def test_for_each_key_the_last_layer_that_has_it_wins_and_is_its_origin(
    tmp_path_factory, file, environ, sets, random
):
    path = tmp_path_factory.mktemp("config") / "config.toml"
    path.write_text(written(file), encoding="utf-8")
    variables = [
        (f"ISAAC_{key.replace('.', '_').upper()}", in_words(value)) for key, value in environ.items()
    ]
    random.shuffle(variables)
    assignments = [f"{key}={to_toml(value)}" for key, value in sets.items()]
    random.shuffle(assignments)
    loaded = load(path, dict(variables), assignments)
    origins = loaded.origins
    for key in VALUES:
        layers = [("set", sets), ("environment", environ), ("file", file)]
        kind, layer = next(((kind, layer) for kind, layer in layers if key in layer), ("default", None))
        if layer is None:
            if "providers" not in key:
                assert value_at(loaded.config, key) == value_at(Config(), key)
                assert str(origins[key]) == "default"
            continue
        assert value_at(loaded.config, key) == layer[key]
        assert origins[key].kind == kind
        if kind == "file":
            assert origins[key].line == list(file).index(key) + 1


def in_words(value):
    """Write a value as a person would in a variable."""
    if isinstance(value, tuple):
        return ",".join(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


@given(LAYERS, LAYERS, LAYERS)
def test_laying_layers_over_each_other_does_not_depend_on_how_they_are_grouped(first, second, third):
    one, two, three = nested(first), nested(second), nested(third)
    assert merge(merge(one, two), three) == merge(one, merge(two, three))
    assert merge(one, {}) == merge({}, one) == one


@given(LAYERS, LAYERS)
def test_a_request_sees_its_own_overrides_above_those_of_the_daemon(daemon, request_values):
    path = Path("/nonexistent/config.toml")

    def assignments(values):
        return [f"{key}={to_toml(value)}" for key, value in values.items()]

    loaded = load(path, {}, assignments(daemon)).extended({}, assignments(request_values))
    assert loaded.config == load(path, {}, assignments({**daemon, **request_values})).config


@given(LAYERS)
def test_what_rows_show_is_what_holds(values):
    loaded = load(
        Path("/nonexistent/config.toml"), {}, [f"{key}={to_toml(value)}" for key, value in values.items()]
    )
    for row in loaded.rows():
        if row.value is not None and "[redacted]" not in str(row.value):
            held = value_at(loaded.config, row.key)
            assert row.value == (list(held) if isinstance(held, tuple) else held)
    assert {row.key for row in loaded.rows(changed=True)} == set(values)


ANYTHING = st.recursive(
    st.one_of(
        st.booleans(),
        st.integers(-(2**63), 2**63 - 1),
        st.floats(),
        WORDS,
        st.sampled_from(["debug", "http://x", "a b", "9", ""]),
        st.dates(),
        st.times(),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(WORDS, inner, max_size=2)),
    max_leaves=4,
)
KEYS = st.one_of(
    st.sampled_from([dotted(key) for key, _ in leaves(schema_tree())]),
    st.sampled_from(
        [*VALUES, "log", "ai", "ai.providers", "ai.providers.x", "ai.modle", "sk", "ai.providers.x.headers"]
    ),
)


@given(st.dictionaries(KEYS, ANYTHING, min_size=1, max_size=5))
def test_something_is_explained_if_and_only_if_it_cannot_be_converted(values):
    tree = {}
    for key, value in values.items():
        *tables, last = key.split(".")
        table = tree
        for name in tables:
            table = table.setdefault(name, {})
            if not isinstance(table, dict):
                return
        table[last] = value
    from isaacd.config.explain import explain
    from isaacd.config.problem import Origin

    problems = explain(tree, lambda key: Origin("file", "x", len(key)))
    try:
        msgspec.convert(tree, Config)
    except msgspec.ValidationError:
        assert problems
    else:
        assert not problems


@given(
    st.lists(
        st.sampled_from(["log.levle", "ai.modl", "nonsense", "ai.providers.x.base_ulr"]),
        unique=True,
        min_size=1,
    )
)
def test_all_problems_are_told_at_once_each_with_its_line(tmp_path_factory, keys):
    path = tmp_path_factory.mktemp("config") / "config.toml"
    path.write_text("\n".join(f'{key} = "hunter2"' for key in keys))
    with pytest.raises(ConfigInvalid) as caught:
        load(path, {})
    problems = caught.value.detail["problems"]
    assert [(item["line"], item["key"]) for item in problems] == list(enumerate(keys, 1))
    assert caught.value.message.count("\n") == len(keys) - 1
    assert "hunter2" not in caught.value.message


@given(st.binary(max_size=60))
def test_no_file_whatever_raises_anything_but_config_invalid(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("config") / "config.toml"
    path.write_bytes(data)
    message = ""
    try:
        load(path, {})
    except ConfigInvalid as error:
        message = error.message
    assert all(line.startswith(str(path)) for line in message.splitlines())


@given(st.text(max_size=40))
def test_any_parsable_text_finds_its_lines(text):
    try:
        tomllib.loads(text)
    except (ValueError, RecursionError):
        assert file_layer(text, "x")[1]
        return
    layer, problems = file_layer(text, "x")
    assert not problems
    assert all(layer.where((key,)).line for key in layer.values)


def test_the_template_changes_nothing_and_uncommented_is_valid(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text(template())
    assert load(path, {}).config == Config()
    lines = [line[2:] for line in template().splitlines() if line.startswith(("# [", "#  ")) or " = " in line]
    path.write_text("\n".join(line for line in lines if not line.startswith(" ") and "`" not in line))
    loaded = load(path, {})
    explained = {dotted(key) for key, _ in leaves(schema_tree())}
    names = r'(?<=\.)(local|smart|greet|notes|my-model|nvim|X-Title|gs|today|deploy|"\*")(?=\.|$)'
    assert {re.sub(names, "NAME", row.key) for row in loaded.rows()} == explained
