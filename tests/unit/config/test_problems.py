"""What a person is told about a configuration that cannot be used."""

from typing import Annotated

import msgspec
import pytest

from isaacd.config import Config, load
from isaacd.config.tree import Leaf, table_of
from isaacd.errors import ConfigInvalid

SECRET = "hunter2hunter2"


@pytest.fixture
def problems(tmp_path):
    """Return a function that loads a file and returns what it is refused for, without the directory's name."""

    def refuse(text="", sets=(), **environ):
        file = tmp_path / ".config/isaac/config.toml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        with pytest.raises(ConfigInvalid) as caught:
            load(file, {"HOME": str(tmp_path), **environ}, sets)
        assert len(caught.value.detail["problems"]) == len(caught.value.message.splitlines())
        return caught.value.message.replace("~/.config/isaac/", "").splitlines()

    return refuse


def test_the_path_is_shown_from_home(tmp_path):
    file = tmp_path / ".config/isaac/config.toml"
    file.parent.mkdir(parents=True)
    file.write_text("[ai.providers.local]\n\nbase_ulr = 'http://x'\n")
    with pytest.raises(ConfigInvalid) as caught:
        load(file, {"HOME": str(tmp_path)})
    assert caught.value.message == (
        "~/.config/isaac/config.toml:3: unknown key ai.providers.local.base_ulr; did you mean base_url?"
    )
    assert caught.value.hint == "`isaacctl config edit` opens the file"
    assert caught.value.detail == {
        "problems": [
            {
                "where": "~/.config/isaac/config.toml:3",
                "line": 3,
                "key": "ai.providers.local.base_ulr",
                "message": "unknown key ai.providers.local.base_ulr",
                "suggestion": "base_url",
            }
        ]
    }


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[lgo]\n", "config.toml:1: unknown key lgo; did you mean log?"),
        ("level = 'info'", "config.toml:1: unknown key level; did you mean log.level?"),
        ("[ai]\nbase_url = 'x'", "config.toml:2: unknown key ai.base_url; did you mean ai.providers.NAME.base_url?"),
        ("[log]\nlevel = 'warn'", 'config.toml:2: log.level must be one of "debug", "info", "warning", "error"; did you mean warning?'),
        ("[log]\nlevel = 3", 'config.toml:2: log.level must be one of "debug", "info", "warning", "error", not a whole number'),
        ("log = 3", "config.toml:1: log must be a table, not a whole number"),
        ("[ai]\nproviders = ['x']", "config.toml:2: ai.providers must be a table, not a list"),
        ("ai.providers.x = true", "config.toml:1: ai.providers.x must be a table, not true or false"),
        ("[ai]\nmodel = 3", "config.toml:2: ai.model must be text in quotes, not a whole number"),
        ("[ai]\nmodel = 1979-05-27", "config.toml:2: ai.model must be text in quotes, not a date or time"),
        ("[ai]\norder = 'x'", 'config.toml:2: ai.order must be a list of texts, such as ["one", "two"], not text'),
        ("[ai]\norder = [\n'a',\n3]", "config.toml:4: ai.order[1] must be text in quotes, not a whole number"),
        ("[daemon]\nidle_exit_s = -1", "config.toml:2: daemon.idle_exit_s must be a number from 0 to 31536000"),
        ("[daemon]\nidle_exit_s = inf", "config.toml:2: daemon.idle_exit_s must be a number from 0 to 31536000"),
        ("[daemon]\nidle_exit_s = nan", "config.toml:2: daemon.idle_exit_s must be a number from 0 to 31536000"),
        ("[daemon]\nidle_exit_s = true", "config.toml:2: daemon.idle_exit_s must be a number from 0 to 31536000, not true or false"),
        ("[knowledge]\nwhatis = 1", "config.toml:2: knowledge.whatis must be true or false, not a whole number"),
        ("ai.providers.x.base_url = 'host:80'", "config.toml:1: ai.providers.x.base_url must be an address that begins with http:// or https://"),
        ("ai.providers.x.headers.A = 1", "config.toml:1: ai.providers.x.headers.A must be text, not a whole number"),
        ('ai.providers."a.b".modle = "x"', 'config.toml:1: unknown key ai.providers."a.b".modle; did you mean model?'),
        ("x = 1\ny", "config.toml:2: this is not TOML: expected '=' after a key in a key/value pair"),
        ("x = 1\nx = 2", "config.toml:2: this is not TOML: cannot overwrite a value"),
        ("x = [", "config.toml:1: this is not TOML: invalid value"),
        ("x = " + "9" * 5000, None),
        ("x = " + "[" * 3000, "config.toml: tables or lists are nested too deep"),
        (b"# ok\nx = '\xff'\n", "config.toml:2: this line is not UTF-8 text"),
        (b"#" * (1024 * 1024 + 1), "config.toml: larger than 1 MiB; this cannot be a configuration"),
    ],
    ids=lambda value: str(value)[:30],
)  # fmt: skip
def test_a_problem_names_file_line_key_and_what_was_expected(problems, text, told):
    (found,) = problems(text)
    assert told is None or found == told


def test_settings_that_are_not_utf8_are_refused_wherever_they_stand(problems):
    assert problems(
        "", ["log.level=\udcff", "\udcff=1"], ISAAC_LOG_LEVEL="\udcff", **{"ISAAC_AI_\udcfe": "x"}
    ) == [
        "--set: this is not UTF-8 text",
        "--set: this is not UTF-8 text",
        r"environment ISAAC_AI_\udcfe: this is not UTF-8 text",
        "environment ISAAC_LOG_LEVEL: this is not UTF-8 text",
    ]


def test_a_byte_order_mark_is_no_problem(tmp_path):
    file = tmp_path / "config.toml"
    file.write_bytes(b"\xef\xbb\xbf[ai]\r\nmodel = 'x'\r\n")
    loaded = load(file, {})
    assert loaded.config.ai.model == "x"
    assert loaded.origins["ai.model"].line == 2


def test_all_layers_tell_their_problems_at_once_in_the_order_of_the_lines(problems):
    found = problems(
        "[log]\nlevel = 'loud'\n[ai]\nmodle = 'x'\n",
        ["ai.model", "log.level=loud"],
        ISAAC_AI_MODLE="x",
        ISAAC_LOG_LEVEL="loud",
    )
    assert [text.split(": ")[0] for text in found] == [
        "config.toml:2",
        "config.toml:4",
        "--set",
        "environment ISAAC_AI_MODLE",
        "environment ISAAC_LOG_LEVEL",
        "--set",
    ]


@pytest.mark.parametrize("key", ["api_key", "apikey", "key", "token", "password", "secret"])
def test_a_key_written_into_the_file_is_not_repeated_and_its_right_place_is_told(problems, key):
    (found,) = problems(f"[ai.providers.local]\n{key} = '{SECRET}'\n")
    assert SECRET not in found
    assert found.startswith(f"config.toml:2: unknown key ai.providers.local.{key}; ")
    assert "api_key_env" in found
    assert "api_key_file" in found


def test_no_value_is_ever_repeated(problems):
    text = f"""
        '{SECRET}x' = 1
        log.level = "{SECRET}"
        ai.order = [1, "{SECRET}"]
        ai.providers.a.base_url = "ftp://u:{SECRET}@h"
        ai.providers.a.api_key_env = "sk-{SECRET}"
        ai.providers.a.headers.X = ["{SECRET}"]
        """
    found = problems(
        text,
        [SECRET, f"={SECRET}", f"log.level={SECRET}", f"'{SECRET}"],
        ISAAC_LOG_LEVEL=SECRET,
        ISAAC_AI_API_KEY=SECRET,
    )
    shown = [line for line in found if SECRET in line]
    # A key that somebody chose is shown, because it has to be found again.
    assert shown == [f"config.toml:2: unknown key {SECRET}x"]
    assert len(found) == 12


def test_a_key_that_looks_like_a_secret_is_not_shown_either(problems):
    (found,) = problems(f"sk-{SECRET} = 1")
    assert found == "config.toml:1: unknown key [redacted]"


def test_a_mistyped_variable_is_refused_with_the_nearest_and_others_are_left_alone(problems, tmp_path):
    assert problems("", ISAAC_AI_MODLE="x") == [
        "environment ISAAC_AI_MODLE: unknown key; did you mean ISAAC_AI_MODEL?"
    ]
    (found,) = problems("", ISAAC_AI_PROVIDERS_LOCAL_API_KEY=SECRET)
    assert "API_KEY_ENV" in found
    others = {
        "ISAAC_SIM_PATH": "x",
        "ISAACD_SOCKET": "x",
        "ISAAC": "x",
        "ISAAC_LOG": "x",
        "ISAAC_AI_MODLE": "",
    }
    assert load(tmp_path / "none.toml", others).config == Config()


def test_a_variable_may_hold_a_whole_table_and_its_values_are_from_there(tmp_path, problems):
    environ = {"ISAAC_AI_PROVIDERS": "{x = {model = 'a'}}", "ISAAC_AI_PROVIDERS_X_KIND": "k"}
    loaded = load(tmp_path / "none", environ)
    assert loaded.config.ai.providers["x"].model == "a"
    assert str(loaded.origins["ai.providers.x.model"]) == "environment ISAAC_AI_PROVIDERS"
    assert str(loaded.origins["ai.providers.x.kind"]) == "environment ISAAC_AI_PROVIDERS_X_KIND"
    assert problems("", ISAAC_AI_PROVIDERS="x") == [
        "environment ISAAC_AI_PROVIDERS: ai.providers must be a table, not text"
    ]


def test_a_provider_alone_or_what_is_below_a_value_is_no_key(problems):
    assert problems("", ISAAC_AI_PROVIDERS_X="x")[0].startswith(
        "environment ISAAC_AI_PROVIDERS_X: unknown key"
    )
    assert problems("", ["log.level.deep=1"])[0].startswith("--set: log.level must be one of")
    assert problems("", ["log\n.level=1"]) == ["--set: expected section.key=value, such as log.level=debug"]


def test_an_empty_variable_counts_as_not_set(tmp_path):
    assert load(tmp_path / "none.toml", {"ISAAC_LOG_LEVEL": "", "ISAAC_AI_MODEL": ""}).config == Config()


@pytest.mark.parametrize(
    ("text", "model"),
    [("llama3", "llama3"), ("3", "3"), ("true", "true"), ("'a b'", "a b"), ('"x=\\"y\\""', 'x="y"'), ("it's", "it's"), ("a=b", "a=b"), ("x\ny = 1", "x\ny = 1"), ("'x'\nlog = 1", "'x'\nlog = 1")],
)  # fmt: skip
def test_text_needs_no_quotes_outside_the_file(tmp_path, text, model):
    assert load(tmp_path / "none", {}, [f"ai.model={text}"]).config.ai.model == model
    assert load(tmp_path / "none", {"ISAAC_AI_MODEL": text}).config.ai.model == model


@pytest.mark.parametrize(
    ("text", "order"),
    [("a", ("a",)), ("a, b,", ("a", "b")), ("1", ("1",)), ('["a,b"]', ("a,b",)), ("[]", ()), (",", ())],
)
def test_a_list_may_be_written_with_commas_alone(tmp_path, text, order):
    assert load(tmp_path / "none", {}, [f"ai.order={text}"]).config.ai.order == order


def test_a_list_with_an_opening_bracket_must_be_toml(problems):
    assert problems("", ["ai.order=[a, b]"]) == [
        '--set: ai.order must be a list of texts, such as ["one", "two"], not text'
    ]


@pytest.mark.parametrize(
    ("text", "truth"), [("yes", True), ("On", True), ("1", True), ("no", False), ("0", False)]
)
def test_truth_has_many_words_outside_the_file(tmp_path, text, truth):
    assert load(tmp_path / "none", {"ISAAC_KNOWLEDGE_WHATIS": text}).config.knowledge.whatis is truth


def test_a_variable_finds_a_provider_that_exists_before_it_makes_a_new_one(tmp_path):
    file = tmp_path / "config.toml"
    file.write_text('[ai.providers."my.gw"]\n[ai.providers.my_gw_model]\n')
    environ = {
        "ISAAC_AI_PROVIDERS_MY_GW_MODEL": "one",
        "ISAAC_AI_PROVIDERS_MY_GW_MODEL_MODEL": "two",
        "ISAAC_AI_PROVIDERS_NEW_ONE_API_KEY_ENV": "K",
        "ISAAC_AI_PROVIDERS_MY_GW_HEADERS": "{A = 'b'}",
    }
    providers = load(file, environ).config.ai.providers
    assert list(providers) == ["my.gw", "my_gw_model", "new_one"]
    assert (providers["my.gw"].model, providers["my_gw_model"].model) == ("one", "two")
    assert providers["my.gw"].headers == {"A": "b"}
    assert providers["new_one"].api_key_env == "K"


def test_a_table_can_be_set_as_a_whole_and_is_laid_over_key_by_key(tmp_path):
    sets = ["ai.model=a", "ai={order = ['x'], model = 'b'}", "ai.providers.'p.q'={}"]
    ai = load(tmp_path / "none", {}, sets).config.ai
    assert (ai.model, ai.order, list(ai.providers)) == ("b", ("x",), ["p.q"])


@pytest.mark.parametrize(
    ("meta", "words"),
    [
        (msgspec.Meta(min_length=2), "text in quotes, 2 or more characters long"),
        (msgspec.Meta(min_length=1), "text in quotes, not empty"),
        (msgspec.Meta(max_length=9), "text in quotes, 0 to 9 characters long"),
        (msgspec.Meta(min_length=1, max_length=9), "text in quotes, 1 to 9 characters long"),
        (msgspec.Meta(min_length=2, max_length=2), "text in quotes, 2 characters long"),
        (msgspec.Meta(pattern="^a"), "text in quotes, that fits `^a`"),
    ],
)
def test_what_a_text_of_a_plugin_may_be_is_said(meta: msgspec.Meta, words: str) -> None:
    settings = msgspec.defstruct("Settings", [("name", Annotated[str, meta], "")], frozen=True)
    leaf = table_of(settings).fields["name"]
    assert isinstance(leaf, Leaf)
    assert leaf.words == words
