"""Laws of plugins' settings: they are laid over each other, checked and refused like every other key."""

from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isaacd.config import Offered, load
from isaacd.config.explain import explain
from isaacd.config.plain_schema import Unfit, schema_of, struct_of
from isaacd.config.problem import Origin
from isaacd.config.template import template
from isaacd.config.tree import to_toml
from isaacd.errors import ConfigInvalid


class Server(msgspec.Struct, frozen=True):
    """A server."""

    port: Annotated[int, msgspec.Meta(ge=1, le=65535, description="Its port.")] = 80


class Settings(msgspec.Struct, frozen=True):
    """Settings of everything."""

    step: Annotated[int, msgspec.Meta(ge=1, description="How much.")] = 1
    label: Annotated[str, msgspec.Meta(description="What.")] = "things"
    share: float = 0.5
    loud: bool = False
    mode: Literal["slow", "fast"] = "slow"
    words: tuple[str, ...] = ()
    maybe: int | None = None
    server: Server = Server()
    more: dict[str, Server] = {}
    names: dict[str, str] = {}


OFFERED = Offered({"counter": schema_of(Settings), "broken": None}, ("newest-out",))
ROOT = "plugins.settings.counter"
WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8).filter(
    lambda text: text.strip() == text and "," not in text and text[0] not in "'\"["
)
VALUES = {
    "step": st.integers(1, 10**6),
    "label": WORDS,
    "share": st.integers(0, 100).map(float),
    "loud": st.booleans(),
    "mode": st.sampled_from(["slow", "fast"]),
    "words": st.lists(WORDS, min_size=1, max_size=3).map(tuple),
    "maybe": st.integers(-5, 5),
    "server.port": st.integers(1, 65535),
}
LAYERS = st.fixed_dictionaries({}, optional=VALUES)
ANYTHING = st.recursive(
    st.one_of(st.integers(-9, 99), st.booleans(), st.text(max_size=4), st.floats(0, 1)),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["port", "x"]), inner, max_size=2)
    ),
    max_leaves=4,
)


@given(LAYERS, LAYERS, LAYERS)
def test_the_last_layer_wins_and_the_struct_of_the_plugin_is_filled(
    tmp_path_factory: pytest.TempPathFactory,
    file: dict[str, Any],
    environ: dict[str, Any],
    sets: dict[str, Any],
) -> None:
    path = tmp_path_factory.mktemp("config") / "config.toml"
    path.write_text("\n".join(f"{ROOT}.{key} = {to_toml(value)}" for key, value in file.items()))
    variables = {
        f"ISAAC_PLUGINS_SETTINGS_COUNTER_{key.replace('.', '_').upper()}": _typed(value)
        for key, value in environ.items()
    }
    assignments = [f"{ROOT}.{key}={to_toml(value)}" for key, value in sets.items()]
    loaded = load(path, variables, assignments, OFFERED)
    found = loaded.settings("counter", Settings)
    origins = loaded.origins
    for key in VALUES:
        layers = [("set", sets), ("environment", environ), ("file", file)]
        kind, layer = next(((kind, layer) for kind, layer in layers if key in layer), ("default", None))
        assert _at(found, key) == (_at(Settings(), key) if layer is None else layer[key])
        assert origins[f"{ROOT}.{key}"].kind == kind


@given(
    st.dictionaries(
        st.sampled_from([*(key for key in Settings.__struct_fields__), "stepp", "Label"]),
        ANYTHING,
        max_size=4,
    )
)
def test_there_is_a_problem_if_and_only_if_the_struct_cannot_be_filled(values: dict[str, Any]) -> None:
    strict = struct_of(schema_of(Settings))
    try:
        msgspec.convert(values, strict)
        fits = True
    except msgspec.ValidationError:
        fits = False
    problems = explain({"plugins": {"settings": {"counter": values}}}, lambda key: Origin(), OFFERED)
    assert bool(problems) != fits


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "[plugins.settings.counter]\nstepp = 2",
            ":2: unknown key plugins.settings.counter.stepp; did you mean step?",
        ),
        (
            "[plugins.settings.countre]\nstep = 2",
            "unknown key plugins.settings.countre; did you mean counter?",
        ),
        (
            "[plugins.settings.counter]\nstep = 0",
            ":2: plugins.settings.counter.step must be a whole number from 1",
        ),
        ('[plugins.settings.counter]\nmode = "fats"', "must be one of"),
        ('[plugins.settings.counter]\nmode = "fats"', "did you mean fast?"),
        ("[plugins.settings.counter.server]\nprot = 2", "did you mean port?"),
        ("[plugins.settings.counter.more.a]\nport = 0", ":2: plugins.settings.counter.more.a.port must be"),
        ("[plugins.settings]\ncounter = 3", ":2: plugins.settings.counter must be a table"),
        ('[cache]\npolicy = "newest-uot"', ":2: cache.policy must be one of"),
        ('[cache]\nl1_policy = "lruu"', "did you mean lru?"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_a_suggestion(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "config.toml"
    path.write_text(text)
    with pytest.raises(ConfigInvalid) as refused:
        load(path, {}, (), OFFERED)
    assert told in refused.value.message


@pytest.mark.parametrize(
    "text",
    [
        "[plugins.settings.broken]\nwhatever = 2",
        '[cache]\npolicy = "newest-out"\nl1_policy = "sieve"',
        "[plugins.settings.counter]",
        "",
    ],
)
def test_what_nobody_can_judge_and_what_is_right_is_taken(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config.toml"
    path.write_text(text)
    load(path, {"ISAAC_PLUGINS_SETTINGS_BROKEN_X": "1"}, ("plugins.settings.broken.y=2",), OFFERED)


def test_before_plugins_are_known_everything_of_theirs_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text('[plugins.settings.countre]\nstepp = 0\n[cache]\npolicy = "newest-uot"\n')
    loaded = load(path, {"ISAAC_PLUGINS_SETTINGS_COUNTER_STEP": "x"}, ("plugins.settings.x.y=2",))
    assert loaded.config.plugins.settings["countre"] == {"stepp": 0}


def test_an_unknown_variable_is_told_with_the_nearest_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid, match="did you mean ISAAC_PLUGINS_SETTINGS_COUNTER_STEP"):
        load(tmp_path / "none", {"ISAAC_PLUGINS_SETTINGS_COUNTER_STPE": "1"}, (), OFFERED)


def test_a_file_that_is_written_for_a_person_has_the_settings_of_plugins() -> None:
    text = template(OFFERED.tree)
    assert "# [plugins.settings.counter]\n#   How much.\n# step = 1\n" in text
    assert "# [plugins.settings.counter.server]" in text


@given(
    st.recursive(
        st.none() | st.text(max_size=5) | st.integers(),
        lambda inner: (
            st.dictionaries(
                st.sampled_from(
                    [
                        "type",
                        "properties",
                        "$ref",
                        "$defs",
                        "anyOf",
                        "enum",
                        "items",
                        "default",
                        "a",
                        "additionalProperties",
                    ]
                ),
                inner,
                max_size=4,
            )
            | st.lists(inner, max_size=3)
        ),
        max_leaves=12,
    )
)
def test_a_schema_from_elsewhere_makes_a_struct_or_is_refused(schema: Any) -> None:
    if not isinstance(schema, dict):
        return
    try:
        made = struct_of(schema)
    except Unfit:
        return
    assert issubclass(made, msgspec.Struct)


def test_a_schema_that_goes_round_in_circles_is_refused() -> None:
    loop = {
        "$ref": "#/$defs/A",
        "$defs": {"A": {"type": "object", "properties": {"a": {"$ref": "#/$defs/A", "default": {}}}}},
    }
    with pytest.raises(Unfit, match="nested 5 deep"):
        struct_of(loop)


def _typed(value: Any) -> str:
    if isinstance(value, tuple):
        return ",".join(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _at(value: Any, key: str) -> Any:
    for part in key.split("."):
        value = getattr(value, part)
    return value
