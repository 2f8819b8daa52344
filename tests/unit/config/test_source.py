"""The configuration follows its file, and survives the file's bad days."""

import os

import msgspec
import pytest

from isaacd.config import Config, ConfigSource
from isaacd.errors import ConfigInvalid


@pytest.fixture
def path(tmp_path):
    return tmp_path / "config.toml"


def model(source):
    return source.current().config.ai.model


def write(path, model):
    path.write_text(f"[ai]\nmodel = '{model}'\n")


def test_the_same_object_comes_back_until_the_file_changes(path):
    write(path, "a")
    source = ConfigSource(path, {})
    first = source.current()
    assert source.current() is first
    write(path, "longer")
    assert model(source) == "longer"


def test_a_file_may_appear_vanish_and_be_replaced(path):
    source = ConfigSource(path, {})
    assert model(source) is None
    write(path, "a")
    assert model(source) == "a"
    path.unlink()
    assert model(source) is None
    write(path, "b")
    other = path.with_name("new")
    write(other, "c")
    state = path.stat()
    assert model(source) == "b"
    os.utime(other, ns=(state.st_atime_ns, state.st_mtime_ns))
    other.rename(path)
    assert model(source) == "c"


@pytest.mark.parametrize("text", [None, "", "[ai]\n"])
def test_where_nothing_is_written_the_defaults_hold(path, text):
    if text is not None:
        path.write_text(text)
    assert ConfigSource(path, {}).current().config == msgspec.convert({}, Config)


def test_a_change_of_permissions_alone_is_noticed(path):
    write(path, "a")
    path.chmod(0o600)
    source = ConfigSource(path, {})
    assert source.current().warnings == ()
    path.chmod(0o620)
    assert len(source.current().warnings) == 1


def test_an_invalid_file_leaves_the_last_good_configuration_and_tells_its_problem(path):
    write(path, "good")
    source = ConfigSource(path, {})
    good = source.current()
    assert source.problem is None
    path.write_text("nonsense")
    assert source.current() is good
    assert isinstance(source.problem, ConfigInvalid)
    problem = source.problem
    source.current()
    assert source.problem is problem
    write(path, "better")
    assert model(source) == "better"
    assert source.problem is None


def test_before_the_first_good_file_the_other_layers_hold(path):
    path.write_text("nonsense")
    source = ConfigSource(path, {"ISAAC_AI_MODEL": "from-environ"}, ["ai.order=x"])
    assert model(source) == "from-environ"
    assert source.current().config.ai.order == ("x",)
    assert source.problem is not None


def test_where_those_are_wrong_too_the_defaults_hold(path):
    source = ConfigSource(path, {"ISAAC_LOG_LEVEL": "loud"})
    assert source.current().config.log.level == "info"
    assert "ISAAC_LOG_LEVEL" in source.problem.message


def test_nothing_is_read_before_the_first_question(path):
    source = ConfigSource(path, {})
    write(path, "late")
    assert model(source) == "late"


def test_a_callers_overrides_are_laid_over_the_daemons_and_kept(path):
    write(path, "file")
    source = ConfigSource(path, {"ISAAC_AI_MODEL": "daemon", "ISAAC_LOG_LEVEL": "debug"}, ["ai.order=a"])
    own = source.with_overrides({"ISAAC_AI_MODEL": "caller", "PATH": "/bin"}, ["ai.order=b"])
    assert (own.config.ai.model, own.config.ai.order, own.config.log.level) == ("caller", ("b",), "debug")
    assert str(own.origins["ai.model"]) == "environment ISAAC_AI_MODEL"
    assert source.with_overrides({"PATH": "/x", "ISAAC_AI_MODEL": "caller"}, ["ai.order=b"]) is own
    assert model(source) == "daemon"


def test_without_overrides_there_is_nothing_to_derive(path):
    source = ConfigSource(path, {})
    assert source.with_overrides({"PATH": "/bin", "HOME": "/h"}) is source.current()


def test_overrides_follow_the_file(path):
    write(path, "a")
    source = ConfigSource(path, {})
    assert source.with_overrides({}, ["ai.order=x"]).config.ai.model == "a"
    write(path, "bb")
    assert source.with_overrides({}, ["ai.order=x"]).config.ai.model == "bb"


def test_wrong_overrides_are_refused_for_their_request_only(path):
    source = ConfigSource(path, {})
    with pytest.raises(ConfigInvalid, match=r"log\.level"):
        source.with_overrides({}, ["log.level=loud"])
    assert source.problem is None
    assert source.with_overrides({}, ["log.level=debug"]).config.log.level == "debug"


def test_only_so_many_derived_configurations_are_kept(path):
    source = ConfigSource(path, {})
    first = source.with_overrides({}, ["ai.model=0"])
    for number in range(1, 31):
        source.with_overrides({}, [f"ai.model={number}"])
    assert source.with_overrides({}, ["ai.model=0"]) is first
    for number in range(31, 63):
        source.with_overrides({}, [f"ai.model={number}"])
    assert source.with_overrides({}, ["ai.model=0"]) is not first


def test_importing_and_asking_without_a_file_imports_no_parser(tmp_path):
    import subprocess
    import sys

    code = (
        "import sys; from pathlib import Path; before = set(sys.modules); from isaacd.config import ConfigSource;"
        "ConfigSource(Path(sys.argv[1]), {}).current(); print(*set(sys.modules) - before)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "none")],
        capture_output=True,
        text=True,
        timeout=90,
        check=True,
    )
    assert not {"tomllib", "difflib", "asyncio", "isaacd.config.explain"} & set(done.stdout.split())
