"""Which files are read, and which are refused before anyone looks into them."""

import os
import resource
import signal
import stat

import pytest

from isaacd.config import Config, load
from isaacd.config.file import ConfigFile, read_file
from isaacd.errors import ConfigInvalid, PermissionDenied

UID = os.geteuid()


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text("[ai]\nmodel = 'x'\n")
    path.chmod(0o600)
    return path


def told(path, **options):
    return [str(item).replace(str(path), "FILE") for item in read_file(path, **options).problems]


def test_a_missing_file_leaves_the_defaults(tmp_path):
    for path in (tmp_path / "none", tmp_path / "none/below"):
        loaded = load(path, {})
        assert loaded.config == Config()
        assert not loaded.file.exists


def test_a_symbolic_link_is_followed(file):
    link = file.with_name("link.toml")
    link.symlink_to(file)
    loaded = load(link, {})
    assert loaded.config.ai.model == "x"
    assert loaded.origins["ai.model"].name == str(link)


def test_a_symbolic_link_to_nothing_is_no_missing_file(tmp_path):
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "none")
    assert told(link) == ["FILE: this is a symbolic link to nothing"]


def test_a_circle_of_links_a_directory_and_a_named_pipe_are_refused_without_waiting(tmp_path):
    circle = tmp_path / "circle"
    circle.symlink_to(circle)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert told(circle)[0].startswith("FILE: this cannot be read: ")
    assert told(tmp_path) == ["FILE: this is a directory, not a file"]
    assert told(pipe) == ["FILE: this cannot be read: not a regular file"]


@pytest.mark.skipif(UID == 0, reason="root reads everything")
def test_a_file_without_permission_is_refused(file):
    file.chmod(0)
    assert told(file) == ["FILE: this cannot be read: Permission denied"]


def test_a_file_that_everybody_can_write_is_refused(file):
    file.chmod(0o606)
    assert told(file) == [
        "FILE: everybody can write this file and send your keys elsewhere; close it: chmod o-w FILE"
    ]
    with pytest.raises(ConfigInvalid):
        load(file, {})


def test_a_file_of_another_user_is_refused_unless_that_is_root(file):
    (problem,) = told(file, uid=UID + 1)[:1] if UID else ["FILE: this file belongs to user 0"]
    assert problem.startswith(f"FILE: this file belongs to user {UID}")
    if UID == 0:
        assert told(file, uid=1000) == []
        os.chown(file, 1001, -1)
        assert told(file, uid=1000)[0].startswith("FILE: this file belongs to user 1001")


def test_a_file_that_the_group_can_write_is_read_with_a_warning(file):
    file.chmod(0o660)
    loaded = load(file, {})
    assert loaded.config.ai.model == "x"
    assert [str(item) for item in loaded.warnings] == [
        f"{file}: your group can write this file; close it: chmod g-w {file}"
    ]
    file.chmod(0o644)
    assert load(file, {}).warnings == ()


def test_problems_of_the_file_and_in_it_are_told_together(file):
    file.write_text("[ia]\n")
    file.chmod(0o666)
    with pytest.raises(ConfigInvalid) as caught:
        load(file, {})
    assert len(caught.value.detail["problems"]) == 2


def test_a_new_file_is_private_and_changes_nothing_and_an_old_one_is_left_alone(tmp_path):
    path = tmp_path / "a/b/config.toml"
    assert ConfigFile(path).create()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert load(path, {}).config == Config()
    path.write_text("# mine\n")
    assert not ConfigFile(path).create()
    assert path.read_text() == "# mine\n"


def test_a_file_that_cannot_be_created_is_said_to_be_so(file):
    with pytest.raises(PermissionDenied, match="cannot create"):
        ConfigFile(file / "below/config.toml").create()


def test_a_file_that_cannot_be_written_to_its_end_is_taken_away_again(tmp_path):
    path = tmp_path / "config.toml"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    on_excess = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
    try:
        with pytest.raises(PermissionDenied, match="cannot create"):
            ConfigFile(path).create()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, on_excess)
    assert not path.exists()
