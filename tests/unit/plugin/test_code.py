"""Loadings of one plugin stand side by side, and none sees the code of another."""

import itertools
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from isaacd.plugin.code import Code, _modules
from isaacd.plugin.places import Found

INIT = """
import sys
import PACK.inner
import PACK.inner as renamed
from PACK import inner
from PACK.inner import VERSION
from . import inner as relative
SAME = {PACK.inner.VERSION, renamed.VERSION, inner.VERSION, VERSION, relative.VERSION}
def later():
    from PACK.late import VERSION as late
    import PACK.late
    from .late import VERSION as again
    return {VERSION, late, again, PACK.late.VERSION}
class Thing: ...
plugin = sys.modules[__name__]
"""


# The process counts loadings by name, so each test has a name of its own.
NUMBERS = itertools.count(1)


@pytest.fixture
def found(tmp_path: Path) -> Iterator[Found]:
    before, path = set(sys.modules), list(sys.path)
    name = f"packed{next(NUMBERS)}"
    found = Found(name=name, origin=tmp_path / name, source="entry", module=name, path=(tmp_path,))
    write(found, 1)
    yield found
    sys.path[:] = path
    for name in set(sys.modules) - before:
        del sys.modules[name]


def write(found: Found, version: int, extra: str = "") -> None:
    found.origin.mkdir(exist_ok=True)
    (found.origin / "__init__.py").write_text(INIT.replace("PACK", found.name) + extra)
    for name in ("inner", "late"):
        (found.origin / f"{name}.py").write_text(f"VERSION = {version}\n")


def test_each_loading_has_its_own_code_by_every_way_to_import_it(found: Found) -> None:
    loadings: list[Any] = []
    codes = []
    for version in (1, 2, 3):
        write(found, version)
        codes.append(Code(found))
        loadings.append(codes[-1].load())
    for version, plugin in enumerate(loadings, 1):
        assert {version} == plugin.SAME
    # What an older one imports only now is as it was then.
    assert [plugin.later() for plugin in loadings] == [{1}, {2}, {3}]
    assert len({plugin.Thing.__module__ for plugin in loadings}) == 3
    for plugin in loadings:
        assert sys.modules[plugin.Thing.__module__] is plugin
    for code in codes[:2]:
        code.drop(codes[2])
    assert sys.modules[found.name] is loadings[2]
    assert sys.modules[f"{found.name}.inner"].VERSION == 3
    codes[2].drop()
    assert not [name for name in sys.modules if name.partition(".")[0].partition("~")[0] == found.name]


def test_one_that_cannot_be_imported_leaves_nothing_behind(found: Found) -> None:
    code = Code(found)
    code.load()
    write(found, 2, "1 / 0\n")
    before = set(sys.modules)
    with pytest.raises(ZeroDivisionError):
        Code(found).load()
    assert set(sys.modules) == before
    assert {1} == sys.modules[found.name].SAME
    code.drop()


def test_an_edit_of_the_same_size_within_a_second_is_seen(found: Found) -> None:
    for version in (4, 5, 6):
        write(found, version)
        code = Code(found)
        loaded: Any = code.load()
        assert {version} == loaded.SAME
        code.drop()


def test_others_may_import_while_modules_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    class Meanwhile(str):
        """A name; whenever another is compared with it, a thread has just imported something."""

        def __eq__(self, other: object) -> bool:
            monkeypatch.setitem(sys.modules, f"meanwhile{next(NUMBERS)}", sys)
            return str.__eq__(self, other)

        __hash__ = str.__hash__

    assert _modules(Meanwhile("sys")) == ["sys"]
