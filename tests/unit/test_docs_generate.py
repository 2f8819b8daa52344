"""The generated reference pages say what the code says."""

import importlib.util
import inspect
from pathlib import Path

import pytest

from isaacd import errors
from isaacd.config.tree import leaves, schema_tree

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def generate():
    spec = importlib.util.spec_from_file_location("docs_generate", ROOT / "docs/generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_pages_in_the_repository_are_current(generate):
    assert generate.stale() == [], "run python docs/generate.py"


def test_check_tells_what_is_stale_and_writing_makes_it_current(generate, tmp_path, capsys):
    assert generate.main(["--check"], tmp_path) == 1
    assert "errors.md is not current" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
    assert generate.main([], tmp_path) == 0
    assert generate.main(["--check"], tmp_path) == 0
    (tmp_path / "reference/errors.md").write_text("old")
    assert generate.stale(tmp_path) == ["reference/errors.md"]
    assert generate.main(["--nonsense"], tmp_path) == 2


def test_every_key_is_described_and_documented(generate):
    page = generate.config_page()
    for key, leaf in leaves(schema_tree()):
        assert leaf.description or key[-1] == "NAME", key
        assert f"`{key[-1]}`" in page or key[-1] == "NAME", key


def test_every_error_is_documented_and_no_code_is_used_twice(generate):
    page = generate.errors_page()
    classes = [item for item in vars(errors).values() if isinstance(item, type)]
    names = [item.name for item in classes if issubclass(item, errors.IsaacError)]
    assert all(f"`{name}`" in page for name in names)
    codes = [line.split("|")[1] for line in page.splitlines() if line.startswith("| -")]
    assert len(codes) == len(set(codes))


def test_every_name_of_the_plugin_api_is_described_once(generate):
    from isaacd import api

    page = generate.PAGES["reference/api.md"]()
    assert [name for name in api.__all__ if page.count(f"\n### `{name}`\n") != (name != "API_VERSION")] == []
    assert f"## Version {api.API_VERSION}" in page
    offered = {name: getattr(api, name) for name in api.__all__}
    undocumented = [
        name
        for name, value in offered.items()
        if (isinstance(value, type) or inspect.isfunction(value)) and not value.__doc__
    ]
    assert undocumented == []


def test_the_page_of_the_plugin_api_shows_overloads_defaults_and_events(generate):
    page = generate.PAGES["reference/api.md"]()
    assert "on(event: str, *, timeout_s: float=30.0) -> Callable[[F], F]" in page
    assert "async get(key: str, kind: type[T], default: D) -> T | D" in page
    assert "| `history.added` |" in page
    assert "| `secrets:NAME` |" in page


def test_every_command_that_can_be_typed_is_described_with_its_help_and_its_schema(generate):
    import msgspec

    page = generate.PAGES["reference/commands.md"]()
    for plugin in generate.bundled():
        for command in plugin.commands:
            assert (f"\n### `{command.name}`\n" in page) != command.hidden, command.name
            assert command.hidden or command.summary in page
    schemas = [block.partition("\n```")[0] for block in page.split("```json\n")[1:]]
    assert all(msgspec.json.decode(schema)["type"] == "object" for schema in schemas)


def test_the_methods_of_the_conversation_are_in_the_protocol_with_their_arguments():
    import re

    from isaacd.server.faces import FACES
    from isaacd.server.methods import BUILTIN, NOTIFIED

    page = (ROOT / "docs/reference/protocol.md").read_text()
    section = page.partition("## Methods of the conversation")[2].partition("\n## ")[0]
    rows = dict(re.findall(r"^\| `([\w.]+)` \| ([^|]*) \|", section, re.MULTILINE))
    assert [
        name for name in FACES if f"`{name}`" not in page
    ] == []  # another protocol, with a section of its own
    for name, method in BUILTIN.items():
        if name in FACES:
            continue
        arguments = ", ".join(f"`{item.name}`" for item in method._command.parameters) or "none"
        assert rows[name] == arguments, name
    assert [name for name in NOTIFIED if f"`{name}`" not in section] == []
