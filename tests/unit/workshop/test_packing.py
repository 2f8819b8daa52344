"""Wheels that we write: what installers read in them, the same bytes each time, and refusals that help."""

import os
import subprocess
import sys
import zipfile
from importlib.metadata import distributions
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isaacd.errors import InvalidParams, IsaacError, NotFound, PermissionDenied
from isaacd.plugin.receipts import normalized
from isaacd.workshop.packing import pack
from isaacd.workshop.project import open_project
from isaacd.workshop.pyproject import is_version, requirement_name
from isaacd.workshop.wheelfile import check_wheel
from tests.unit.workshop.conftest import BOX, PYPROJECT, Write

DYNAMIC = PYPROJECT.replace('version = "1.2"', 'dynamic = ["version"]')


def test_pip_installs_the_wheel_and_everything_in_it_is_found(write: Write, tmp_path: Path) -> None:
    root = write(dependencies='"idna>=3"', **{"src/isaac_plugins/box_data/words.txt": "a\n"})
    made = pack(open_project(root), tmp_path, {})
    assert (made.distribution, made.version, made.plugins, made.by) == (
        "Isaac.Plugin_Box",
        "1.2",
        ("box",),
        "isaac",
    )
    assert Path(made.wheel).name == "isaac_plugin_box-1.2-py3-none-any.whl"
    site = tmp_path / "site"
    command = [sys.executable, "-m", "pip", "install", "--no-index", "--no-deps", "--target", str(site)]
    done = subprocess.run([*command, made.wheel], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (found,) = distributions(path=[str(site)])
    assert [(item.group, item.name, item.value) for item in found.entry_points] == [
        ("console_scripts", "box", "isaac_plugins.box:main"),
        ("isaac.plugins", "box", "isaac_plugins.box"),
    ]
    meta = found.metadata
    assert (meta["Name"], meta["Version"], meta["Summary"]) == ("Isaac.Plugin_Box", "1.2", "A box.")
    assert (meta["Requires-Python"], meta["License-Expression"], meta["License-File"]) == (
        ">=3.11",
        "MIT",
        "LICENSE",
    )
    assert (meta["Author"], meta["Author-email"]) == ("Bob", "Ada <ada@example.org>")
    assert meta.get_all("Requires-Dist") == [
        "idna>=3",
        "rich>=13 ; (python_version < '4') and extra == \"more-things\"",
        'idna ; extra == "more-things"',
    ]
    assert "Ä box." in meta.get_payload()
    assert (site / "isaac_plugins/box_data/words.txt").read_text() == "a\n"
    assert found.files is not None
    inside = [item for item in found.files if item.parts[0] != ".."]
    assert all((site / item).is_file() for item in inside)


def test_the_same_files_give_the_same_wheel_whenever_and_wherever_it_is_made(
    write: Write, tmp_path: Path
) -> None:
    root = write()
    first = pack(open_project(root), tmp_path / "one", {})
    for file in root.rglob("*"):
        os.utime(file, (1, 1))
    (root / "src/isaac_plugins/box.py").chmod(0o755)
    (root / "src/isaac_plugins/__pycache__").mkdir()
    (root / "src/isaac_plugins/__pycache__/box.cpython-311.pyc").write_bytes(b"x")
    second = pack(open_project(root), tmp_path / "two", {})
    assert first.sha256 == second.sha256
    third = pack(open_project(root), tmp_path / "three", {"SOURCE_DATE_EPOCH": "1700000000"})
    assert third.sha256 != first.sha256
    with zipfile.ZipFile(third.wheel) as archive:
        assert {item.date_time for item in archive.infolist()} == {(2023, 11, 14, 22, 13, 20)}


@pytest.mark.parametrize("as_package", [False, True])
def test_a_single_file_or_package_is_packed_from_what_it_says_itself(
    tmp_path: Path, *, as_package: bool
) -> None:
    file = tmp_path / ("box/__init__.py" if as_package else "box.py")
    file.parent.mkdir(exist_ok=True)
    file.write_text(BOX)
    made = pack(open_project(file.parent if as_package else file), tmp_path / "dist", {})
    assert (made.distribution, made.version, made.plugins) == ("isaac-plugin-box", "1.2", ("box",))
    with zipfile.ZipFile(made.wheel) as archive:
        place = "isaac_plugins/box/__init__.py" if as_package else "isaac_plugins/box.py"
        assert archive.read(place).decode() == BOX


def test_a_dynamic_version_is_the_plugin_s_own(write: Write, tmp_path: Path) -> None:
    assert pack(open_project(write(pyproject=DYNAMIC)), tmp_path, {}).version == "1.2"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("hatchling.build", "mysterious.build"), "built by mysterious.build, which is not installed"),
        (('version = "1.2"', 'dynamic = ["version", "readme"]'), "can tell its readme"),
        (('version = "1.2"', ""), "says no version"),
        (('version = "1.2"', 'version = "one"'), "'one' is no version"),
        (('name = "Isaac.Plugin_Box"', 'name = "../up"'), "is no name for a distribution"),
        (('name = "Isaac.Plugin_Box"', "name = 3"), "Expected `str`, got `int` - at `$.project.name`"),
        (("[project]", "[project"), "pyproject.toml"),
        (('box = "isaac_plugins.box"', 'box = "isaac_plugins.fox"'), "there is no"),
        (('box = "isaac_plugins.box"', 'box = "../../etc"'), "names no module"),
        (('readme = "README.md"', 'readme = "GONE.md"'), "GONE.md"),
        (('[project.entry-points."isaac.plugins"]', "[project.entry-points.others]"), "names no plugin"),
    ],
)
def test_what_cannot_be_packed_is_refused_and_leaves_nothing(
    write: Write, tmp_path: Path, change: tuple[str, str], says: str
) -> None:
    root = write(pyproject=PYPROJECT.replace(*change))
    with pytest.raises(IsaacError) as caught:
        pack(open_project(root), tmp_path / "dist", {})
    assert says in caught.value.message
    assert not list((tmp_path / "dist").glob("*")) if (tmp_path / "dist").exists() else True


def test_parts_to_compile_are_left_to_a_backend(write: Write, tmp_path: Path) -> None:
    root = write(**{"src/isaac_plugins/fast.pyx": "x"})
    with pytest.raises(InvalidParams, match="parts to compile"):
        pack(open_project(root), tmp_path, {})


def test_an_installed_backend_builds_and_its_complaints_are_told(write: Write, tmp_path: Path) -> None:
    backend = tmp_path / "site/backend_of_test.py"
    backend.parent.mkdir()
    backend.write_text("def build_wheel(folder):\n    raise SystemExit('no luck today')\n")
    root = write(pyproject=PYPROJECT.replace("hatchling.build", "backend_of_test"))
    sys.path.append(str(backend.parent))
    try:
        from isaacd.errors import PluginFailed

        with pytest.raises(PluginFailed) as caught:
            pack(open_project(root), tmp_path / "dist", {"PYTHONPATH": str(backend.parent)})
        assert "no luck today" in str(caught.value.hint)
        with pytest.raises(InvalidParams, match="not installed here"):
            pack(open_project(root), tmp_path / "dist", {}, own=True)
    finally:
        sys.path.remove(str(backend.parent))
    assert not list((tmp_path / "dist").iterdir())


def test_nothing_there_and_no_plugin_there_are_told(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="there is nothing at"):
        open_project(tmp_path / "gone")
    with pytest.raises(NotFound, match="is no plugin"):
        open_project(tmp_path)


def test_a_place_that_cannot_be_written_is_told(write: Write, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(PermissionDenied, match="cannot write into"):
        pack(open_project(write()), tmp_path / "file/dist", {})


def damaged(wheel: Path, place: str, data: bytes | None) -> Path:
    """Copy a wheel with one file changed, added or taken away."""
    copy = wheel.with_name("damaged.whl")
    with zipfile.ZipFile(wheel) as old, zipfile.ZipFile(copy, "w") as new:
        for name in old.namelist():
            if name != place:
                new.writestr(name, old.read(name))
        if data is not None:
            new.writestr(place, data)
    return copy


@pytest.mark.parametrize(
    ("place", "data", "says"),
    [
        ("isaac_plugins/box.py", b"changed", "is not what its record says"),
        ("isaac_plugins/box.py", None, "not there"),
        ("isaac_plugins/more.py", b"", "is not in its record"),
        ("../outside.py", b"", "outside of its folder"),
        ("/outside.py", b"", "outside of its folder"),
        ("isaac_plugin_box-1.2.dist-info/METADATA", None, "not there"),
        ("isaac_plugin_box-1.2.dist-info/RECORD", None, "RECORD"),
        ("other-1.dist-info/METADATA", b"", "or several"),
    ],
)
def test_a_damaged_wheel_is_refused(
    write: Write, tmp_path: Path, place: str, data: bytes | None, says: str
) -> None:
    wheel = Path(pack(open_project(write()), tmp_path, {}).wheel)
    with pytest.raises(InvalidParams) as caught:
        check_wheel(damaged(wheel, place, data))
    assert says in caught.value.message


@given(st.binary(max_size=200))
def test_bytes_that_are_no_wheel_are_refused(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    file = tmp_path_factory.getbasetemp() / "nonsense.whl"
    file.write_bytes(data)
    with pytest.raises(InvalidParams):
        check_wheel(file)


def test_names_and_versions_are_those_of_the_standards() -> None:
    assert normalized("Isaac.__Plugin-_x") == "isaac-plugin-x"
    assert requirement_name(" Foo.Bar[x,y] >= 1 ; python_version > '3'") == "Foo.Bar"
    assert all(map(is_version, ["1", "1.2.3", "1!2", "1.0a1", "1.0.post2", "1.0.dev3", "1.0+local.1"]))
    assert not any(map(is_version, ["", "v1", "1.", "one", "1 ", "1\n", "1.0-", "../1"]))
