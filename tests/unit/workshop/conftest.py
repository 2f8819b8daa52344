"""Plugin projects to work on."""

from collections.abc import Callable
from pathlib import Path

import pytest

Write = Callable[..., Path]

PYPROJECT = """
[build-system]
requires = ["nowhere"]
build-backend = "hatchling.build"

[project]
name = "Isaac.Plugin_Box"
version = "1.2"
description = "A box."
readme = "README.md"
requires-python = ">=3.11"
license = "MIT"
authors = [{{ name = "Ada", email = "ada@example.org" }}, {{ name = "Bob" }}]
dependencies = [{dependencies}]
urls = {{ Home = "https://example.org" }}
scripts = {{ box = "isaac_plugins.box:main" }}

[project.optional-dependencies]
More_Things = ["rich>=13; python_version < '4'", "idna"]

[project.entry-points."isaac.plugins"]
box = "isaac_plugins.box"
"""
BOX = '''"""A box for things."""

from isaacd.api import Context, Plugin

plugin = Plugin("box", summary="A box for things.", version="1.2", api="1")


@plugin.command
def box(context: Context) -> str:
    """Look into the box.

    Examples:
        isaacctl box
    """
    return "empty"
'''


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a project with a plugin `box`; its source may be another, and further files be added by keyword."""

    def run(source: str = BOX, *, dependencies: str = "", pyproject: str = PYPROJECT, **files: str) -> Path:
        root = tmp_path / "project"
        texts = {
            "pyproject.toml": pyproject.format(dependencies=dependencies),
            "README.md": "# Box\n\nÄ box.\n",
            "LICENSE": "MIT\n",
            "src/isaac_plugins/box.py": source,
            "tests/test_box.py": "def test_nothing():\n    pass\n",
            **files,
        }
        for place, text in texts.items():
            (root / place).parent.mkdir(parents=True, exist_ok=True)
            (root / place).write_text(text, encoding="utf-8")
        return root

    return run
