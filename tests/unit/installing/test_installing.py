"""Installing and removing: all of it or nothing, with what it needs and nothing that Isaac has, whatever breaks off."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from isaacd.clock import SystemClock
from isaacd.errors import (
    InvalidParams,
    IsaacError,
    NotFound,
    Overloaded,
    PermissionDenied,
    StorageUnavailable,
)
from isaacd.installing.install import Installed, Wishes, install
from isaacd.installing.place import Place
from isaacd.installing.remove import remove
from isaacd.plugin.receipts import Receipt, installed, read_receipts
from isaacd.workshop.packing import pack
from isaacd.workshop.project import Entry, Project, open_project
from isaacd.workshop.pyproject import ProjectTable
from isaacd.workshop.wheel import write_wheel
from tests.daemon import eventually

PLUGIN = """
from isaacd.api import Context, Plugin
plugin = Plugin("{name}", summary="Say {version}.", version="{version}", api="1")

@plugin.command
def {name}(context: Context) -> str:
    "Say it."
    return "{version}"
"""
Install = Callable[..., Installed]
Wheel = Callable[..., Path]
# pip without the settings of whoever runs the tests.
ENVIRON = {
    **{key: value for key, value in os.environ.items() if not key.startswith("PIP_")},
    "PIP_CONFIG_FILE": os.devnull,
}


@pytest.fixture(autouse=True)
def umask() -> object:
    """Installing closes what it makes to others, for the whole process."""
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture
def wheel(tmp_path: Path) -> Wheel:
    """Make a wheel: of a plugin, or with `plugin=""` of a mere package."""

    def make(name: str = "box", version: str = "1.0", *needs: str, plugin: str | None = None) -> Path:
        plugin = name if plugin is None else plugin
        module = f"isaac_plugins/{plugin}.py" if plugin else f"{name}.py"
        file = tmp_path / "sources" / name / version / module
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(PLUGIN.format(name=plugin, version=version) if plugin else f"version = {version!r}\n")
        project = Project(
            root=file.parent,
            table=ProjectTable(name=f"isaac-plugin-{name}" if plugin else name, dependencies=needs),
            version=version,
            plugins=(Entry(name=plugin, target=f"isaac_plugins.{plugin}", source=file),) if plugin else (),
            files={module: file},
        )
        shelf = tmp_path / "shelf"
        shelf.mkdir(exist_ok=True)
        return write_wheel(project, shelf)

    return make


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "home/plugins"
    made.mkdir(parents=True, mode=0o700)
    made.parent.chmod(0o700)
    return made


@pytest.fixture
def put(folder: Path, tmp_path: Path) -> Install:
    """Install from the shelf, without a network."""

    def run(wanted: str | Path, **more: bool) -> Installed:
        (tmp_path / "shelf").mkdir(exist_ok=True)
        wishes = Wishes(wanted=str(wanted), find_links=(str(tmp_path / "shelf"),), offline=True, **more)
        return install(wishes, folder, environ=ENVIRON, clock=SystemClock(), say=lambda _: None)

    return run


def state(folder: Path) -> dict[str, object]:
    """Everything below a folder: what a failed install must leave as it was; locks do not count."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
        if path.name != ".lock" and path.name != "installed"
    }


def test_a_wheel_is_installed_with_what_it_needs_and_found(wheel: Wheel, put: Install, folder: Path) -> None:
    wheel("helper", "2.0", plugin="")
    done = put(wheel("box", "1.0", "helper>=1", "msgspec", "isaacd", "anyio>=4"))
    assert (done.distribution, done.version, done.before) == ("isaac-plugin-box", "1.0", None)
    assert (done.plugins, done.needs) == (("box",), {"helper": "2.0"})
    (found,) = installed(folder)
    assert (found.name, found.module, found.attribute, found.source) == (
        "box",
        "isaac_plugins.box",
        "plugin",
        "entry",
    )
    assert (found.refused, found.distribution) == (None, "isaac-plugin-box 1.0")
    assert found.origin == Path(done.folder) / "isaac_plugins/box.py"
    assert found.path == (Path(done.folder),)
    assert {item.name for item in Path(done.folder).glob("*.dist-info")} == {
        "isaac_plugin_box-1.0.dist-info",
        "helper-2.0.dist-info",
    }, "nothing that Isaac has is installed a second time"
    modes = {path.stat().st_mode & 0o077 for path in folder.rglob("*")}
    assert modes == {0}, "nobody else reads or writes it"


def test_by_name_the_newest_is_taken_or_the_one_that_is_asked_for(
    wheel: Wheel, put: Install, folder: Path
) -> None:
    wheel("box", "1.0")
    wheel("box", "2.0")
    assert put("isaac-plugin-box==1.0").version == "1.0"
    done = put("Isaac_Plugin.Box")
    assert (done.version, done.before) == ("2.0", "1.0")
    assert len(list(installed(folder))) == 1
    assert [item.version for item in read_receipts(folder)] == ["2.0"]
    Place(folder).clean()
    assert len([item for item in (folder / "installed").iterdir() if item.is_dir()]) == 1


def test_a_folder_is_packed_and_none_of_its_code_is_run(put: Install, tmp_path: Path, folder: Path) -> None:
    project = tmp_path / "project"
    (project / "src/isaac_plugins").mkdir(parents=True)
    (project / "pyproject.toml").write_text(
        '[project]\nname = "isaac-plugin-mine"\nversion = "3"\n'
        '[project.entry-points."isaac.plugins"]\nmine = "isaac_plugins.mine"\n'
    )
    (project / "setup.py").write_text("raise SystemExit('run')\n")
    (project / "src/isaac_plugins/mine.py").write_text("raise SystemExit('run')\n")
    assert put(project).plugins == ("mine",)
    (tmp_path / "single.py").write_text(PLUGIN.format(name="single", version="0.1"))
    assert put(tmp_path / "single.py").distribution == "isaac-plugin-single"
    assert [item.name for item in installed(folder)] == ["mine", "single"]


def test_removing_takes_everything_and_only_that(wheel: Wheel, put: Install, folder: Path) -> None:
    wheel("helper", "2.0", plugin="")
    put(wheel("box", "1.0", "helper"))
    before = state(folder)
    put(wheel("fox", "1.0", "helper"))
    done = remove("fox", folder)
    assert (done.distribution, done.plugins, done.needs) == ("isaac-plugin-fox", ("fox",), {"helper": "2.0"})
    assert state(folder) == before
    remove("isaac-plugin-box", folder)
    assert state(folder) == {}
    with pytest.raises(NotFound):
        remove("box", folder)


@pytest.mark.parametrize(
    ("make", "wanted", "says"),
    [
        (("box", "2.0", "nowhere>1"), "isaac-plugin-box==2.0", "nowhere>1 to be found, which isaac-plugin-box needs"),
        (("box", "2.0", "msgspec<0.1"), "isaac-plugin-box==2.0", "other versions of packages"),
        (("box", "2.0", "isaacd>99"), "isaac-plugin-box==2.0", "other versions of packages"),
        (("thing", "2.0"), "isaac-plugin-box==3", "isaac-plugin-box==3"),
        (("fox", "2.0"), "msgspec", "no plugin, but a package"),
        (("fox", "2.0"), "https://example.org/x.tar.gz", "neither a name on PyPI"),
        (("fox", "2.0"), "x@git+https://example.org/x", "neither a name on PyPI"),
        (("fox", "2.0"), "--target=x", "neither a name on PyPI"),
        (("fox", "2.0"), "", "no name of a distribution"),
        (("fox", "2.0"), "./nowhere", "there is nothing at"),
        (("fox", "2.0"), "nowhere.whl", "there is no file nowhere.whl"),
    ],
)  # fmt: skip
def test_what_cannot_be_installed_is_told_and_changes_nothing(
    wheel: Wheel, put: Install, folder: Path, make: tuple[str, ...], wanted: str, says: str
) -> None:
    put(wheel("box", "1.0"))
    before = state(folder)
    wheel(*make)
    with pytest.raises(IsaacError) as caught:
        put(wanted)
    assert says in caught.value.message
    assert state(folder) == before


def test_a_package_without_plugins_is_none(wheel: Wheel, put: Install, folder: Path) -> None:
    with pytest.raises(InvalidParams, match=r"no entry point in the group isaac\.plugins"):
        put(wheel("helper", "1.0", plugin=""))
    assert state(folder) == {}


def test_one_that_would_take_the_namespace_is_refused(put: Install, tmp_path: Path, folder: Path) -> None:
    project = tmp_path / "project"
    (project / "src/isaac_plugins").mkdir(parents=True)
    (project / "pyproject.toml").write_text(
        '[project]\nname = "x"\nversion = "3"\n[project.entry-points."isaac.plugins"]\nmine = "isaac_plugins.mine"\n'
    )
    (project / "src/isaac_plugins/mine.py").write_text("")
    (project / "src/isaac_plugins/__init__.py").write_text("")
    with pytest.raises(InvalidParams, match="would hide all other plugins"):
        put(project)
    assert state(folder) == {}


def test_two_distributions_with_one_plugin_are_refused_and_both_named(
    wheel: Wheel, put: Install, folder: Path
) -> None:
    put(wheel("box", "1.0"))
    with pytest.raises(InvalidParams, match="isaac-plugin-other and isaac-plugin-box") as caught:
        put(wheel("other", "1.0", plugin="box"))
    assert "isaacctl plugins remove isaac-plugin-box" in str(caught.value.hint)
    assert [item.distribution for item in read_receipts(folder)] == ["isaac-plugin-box"]


def test_only_wheels_are_taken_unless_building_is_allowed(tmp_path: Path, put: Install, folder: Path) -> None:
    import io
    import tarfile

    text = b"raise SystemExit('built')\n"
    (tmp_path / "shelf").mkdir()
    with tarfile.open(tmp_path / "shelf/isaac-plugin-src-1.0.tar.gz", "w:gz") as archive:
        entry = tarfile.TarInfo("isaac-plugin-src-1.0/setup.py")
        entry.size = len(text)
        archive.addfile(entry, io.BytesIO(text))
    with pytest.raises(NotFound, match="no wheel of isaac-plugin-src") as caught:
        put("isaac-plugin-src")
    assert "--build" in str(caught.value.hint)


def test_folders_that_others_can_write_to_are_refused_and_readable_ones_are_not(
    wheel: Wheel, put: Install, folder: Path
) -> None:
    folder.chmod(0o775)
    with pytest.raises(PermissionDenied) as caught:
        put(wheel())
    assert caught.value.hint == f"chmod go-w {folder}"
    folder.chmod(0o755)
    put(wheel())


def test_a_full_disk_is_told_in_a_sentence(
    folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    said = "Processing x\nERROR: Exception:\nTraceback (most recent call last):\nOSError: [Errno 28] No space left on device\n"
    site = tmp_path / "site/pip"
    site.mkdir(parents=True)
    (site / "__init__.py").write_text("")
    (site / "__main__.py").write_text(f"import sys; sys.stderr.write({said!r} ); sys.exit(2)\n")
    wishes = Wishes(wanted="isaac-plugin-box", offline=True)
    with pytest.raises(StorageUnavailable, match="no room left to install isaac-plugin-box"):
        install(wishes, folder, environ={"PYTHONPATH": str(site.parent)}, clock=SystemClock(), say=print)
    assert "Traceback" not in capfd.readouterr().err
    assert state(folder) == {}


def test_one_at_a_time(wheel: Wheel, put: Install, folder: Path) -> None:
    with Place(folder).held(), pytest.raises(Overloaded):
        put(wheel())
    put(wheel())


def test_a_damaged_receipt_is_none_and_names_no_other_folder(
    wheel: Wheel, put: Install, folder: Path
) -> None:
    put(wheel())
    (receipt,) = read_receipts(folder)
    place = folder / "installed"
    (place / "damaged.json").write_bytes(b"\xff{")
    for folder_named in ("..", "../..", "/", "", "a/b"):
        other = msgspec.structs.replace(receipt, folder=folder_named)
        (place / "evil.json").write_bytes(msgspec.json.encode(other))
        assert [item.folder for item in read_receipts(folder)] == [receipt.folder]


def test_what_another_python_has_compiled_or_what_is_gone_is_refused_with_the_cure(folder: Path) -> None:
    place = folder / "installed"
    (place / "box-1").mkdir(parents=True)
    receipt = Receipt(
        distribution="box",
        version="1",
        folder="box-1",
        asked="box",
        plugins={"box": "isaac_plugins.box"},
        python="2.7",
    )
    (place / "box.json").write_bytes(msgspec.json.encode(receipt))
    (found,) = installed(folder)
    assert "was installed for Python 2.7" in str(found.refused)
    (place / "box-1").rmdir()
    (found,) = installed(folder)
    assert "isaacctl plugins install box" in str(found.refused)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_one_that_is_killed_leaves_the_former_version_in_force(
    wheel: Wheel, put: Install, folder: Path, tmp_path: Path, number: signal.Signals
) -> None:
    put(wheel("box", "1.0"))
    former = read_receipts(folder)
    wheel("box", "2.0")
    # pip that has laid out half and then waits for ever.
    pip = tmp_path / "site/pip"
    pip.mkdir(parents=True)
    (pip / "__init__.py").write_text("")
    (pip / "__main__.py").write_text(
        "import pathlib, sys, time\n"
        "target = pathlib.Path(sys.argv[sys.argv.index('--target') + 1])\n"
        "(target / 'half').write_text('')\n"
        "time.sleep(1000)\n"
    )
    command = [sys.executable, "-m", "isaacd.installing", "install", "--folder", str(folder)]
    command += ["--socket", str(tmp_path / "none"), "--offline", "--", "isaac-plugin-box"]
    process = subprocess.Popen(
        command,
        env={**ENVIRON, "PYTHONPATH": str(pip.parent)},
        start_new_session=True,
        stderr=subprocess.DEVNULL,
    )
    try:
        eventually(lambda: list((folder / "installed").glob(".staging-*/half")), "pip to have laid out half")
        process.send_signal(number)
        process.wait(90)
    finally:
        os.killpg(process.pid, signal.SIGKILL) if number is signal.SIGKILL else process.kill()
        process.wait()
    assert read_receipts(folder) == former
    if number is not signal.SIGKILL:
        assert process.returncode == 130
        assert not list((folder / "installed").glob(".staging-*"))
    assert put("isaac-plugin-box").version == "2.0"
    assert not list((folder / "installed").glob(".staging-*"))


def test_it_speaks_json_and_says_when_the_daemon_does_not_run(
    wheel: Wheel, folder: Path, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "isaacd.installing", "install", "--json", "--folder", str(folder)]
    command += ["--socket", str(tmp_path / "none"), "--offline", "--", str(wheel())]
    done = subprocess.run(command, env=ENVIRON, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["done"]["version"] == "1.0"
    assert said["daemon"] is None
    failed = subprocess.run(
        [*command[:-1], "nowhere.whl"], env=ENVIRON, capture_output=True, text=True, check=False
    )
    assert failed.returncode == 1
    assert json.loads(failed.stdout)["error"]["name"] == "not_found"


def test_a_packed_project_and_an_installed_one_are_the_same(put: Install, tmp_path: Path) -> None:
    (tmp_path / "single.py").write_text(PLUGIN.format(name="single", version="0.1"))
    made = pack(open_project(tmp_path / "single.py"), tmp_path / "dist", {})
    assert put(made.wheel).plugins == put(tmp_path / "single.py").plugins == ("single",)
