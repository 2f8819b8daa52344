"""What an author is told of an import that failed."""

from pathlib import Path
from typing import Any

import pytest

from isaacd.errors import PluginFailed
from isaacd.plugin.declared import check_name
from isaacd.plugin.why import why_not


def failing(file: Path, code: str) -> BaseException:
    """Run code as if it stood in that file; return what it raises."""
    try:
        exec(compile(code, str(file), "exec"), {})
    except BaseException as error:  # noqa: BLE001 - some of them are no Exception
        return error
    raise AssertionError


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("x = 1\ny = z", "NameError: name 'z' is not defined (mine.py, line 2)"),
        ("raise ValueError", "ValueError (mine.py, line 1)"),
        ("import json\njson.loads('{')", "(mine.py, line 2)"),
        ("import sys\n\nsys.exit(3)", "SystemExit: 3 (mine.py, line 3)"),
    ],
)
def test_the_line_of_the_plugin_is_named(tmp_path: Path, code: str, told: str) -> None:
    file = tmp_path / "mine.py"
    assert why_not(failing(file, code), file)[0].endswith(told)


def test_a_file_of_a_package_is_named_from_its_folder_on(tmp_path: Path) -> None:
    inner = tmp_path / "pack" / "inner.py"
    assert why_not(failing(inner, "1 / 0"), tmp_path / "pack")[0].endswith("(pack/inner.py, line 1)")
    assert why_not(failing(inner, "1 / 0"), tmp_path / "pac")[0] == "ZeroDivisionError: division by zero"


def test_a_file_that_is_no_python_is_named_once(tmp_path: Path) -> None:
    reason, _ = why_not(failing(tmp_path / "mine.py", "def ("), tmp_path / "mine.py")
    assert reason.count("line 1") == 1


@pytest.mark.parametrize(("module", "is_told"), [("nowhere_at_all", True), ("isaacd.nowhere", False)])
def test_what_is_not_installed_is_told_how_it_comes_along(
    tmp_path: Path, module: str, *, is_told: bool
) -> None:
    _, hint = why_not(failing(tmp_path / "mine.py", f"import {module}"), tmp_path / "mine.py")
    assert ("plugins install" in (hint or "")) is is_told


def test_the_advice_of_our_own_errors_is_kept(tmp_path: Path) -> None:
    code = "from isaacd.api import Plugin\nPlugin('mine', capabilities=('fly',))"
    reason, hint = why_not(failing(tmp_path / "mine.py", code), tmp_path / "mine.py")
    assert reason == "there is no capability 'fly' (mine.py, line 2)"
    assert hint is not None
    assert hint.startswith("there are: ask, cache")


@pytest.mark.parametrize(
    ("name", "better"), [("my-plugin", "my_plugin"), ("1st Try", "st_try"), ("Hello", None), ("ß", None)]
)
def test_a_name_that_cannot_be_is_told_one_that_can(name: str, better: Any) -> None:
    with pytest.raises(PluginFailed) as caught:
        check_name(name)
    assert caught.value.hint == (better and f"call it {better}")
    if better:
        check_name(better)
