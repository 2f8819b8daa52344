"""The generated reference pages say what the code says."""

import importlib.util
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
    (tmp_path / "errors.md").write_text("old")
    assert generate.stale(tmp_path) == ["errors.md"]
    assert generate.main(["--nonsense"], tmp_path) == 2


def test_every_key_is_described_and_documented(generate):
    page = generate.config_page()
    for key, leaf in leaves(schema_tree()):
        assert leaf.description or key[-1] == "NAME", key
        assert f"`{key[-1]}`" in page or key[-1] == "NAME", key


def test_every_error_is_documented_and_no_code_is_used_twice(generate):
    page = generate.errors_page()
    names = [item.name for item in vars(errors).values() if isinstance(item, type)]
    assert all(f"`{name}`" in page for name in names)
    codes = [line.split("|")[1] for line in page.splitlines() if line.startswith("| -")]
    assert len(codes) == len(set(codes))
