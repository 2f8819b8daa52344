"""What is known of a machine is read from files, and no secret is in it."""

import os

import pytest

from isaac_plugins import env
from isaac_plugins.env.machine import inside, system
from isaac_plugins.env.programs import found, packages, troubles, version_of
from isaac_plugins.env.repository import repository


@pytest.mark.parametrize(
    ("files", "name"),
    [
        ({}, None),
        ({".dockerenv": ""}, "docker"),
        ({"run/.containerenv": ""}, "podman"),
        ({"proc/version": "Linux version 5.15 (Microsoft@Microsoft.com)"}, "wsl"),
        ({"run/systemd/container": "systemd-nspawn\n"}, "systemd-nspawn"),
        ({"proc/1/cgroup": "0::/lxc/box\n"}, "lxc"),
        ({"var/run/secrets/kubernetes.io/token": "x", ".dockerenv": ""}, "kubernetes"),
    ],
)
def test_containers_and_guests_are_known_by_their_signs(tmp_path, files, name):
    for file, text in files.items():
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text(text)
    assert inside(tmp_path) == name


def test_a_system_without_files_is_described_as_well(tmp_path):
    said = system(tmp_path)
    assert (said.distribution, said.memory_mib, said.init) == (None, None, None)
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/os-release").write_text('NAME=x\nPRETTY_NAME="Some Linux 7"\n')
    assert system(tmp_path).distribution == "Some Linux 7"


def test_versions_come_from_names_folders_and_packages(tmp_path):
    def program(place: str) -> str:
        path = tmp_path / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
        path.chmod(0o755)
        return str(path)

    real = program("opt/versions/3.12.1/bin/python3.12")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/python3").symlink_to(real)
    assert version_of("python3", str(tmp_path / "bin/python3"), {}) == "3.12.1"
    assert version_of("node", program("node-v20.1.0-linux-x64/bin/node"), {}) == "20.1.0"
    assert version_of("kubectl", program("big-sdk-528.0.0/bin/kubectl"), {}) is None
    assert version_of("gcc", program("x/bin/gcc-13"), {}) == "13"
    assert version_of("git", "/usr/bin/git", {"git": "1:2.39.5-0+deb12u1"}) in ("2.39.5", None)
    assert [tool.name for tool in found(("python3", "nothing"), str(tmp_path / "bin"), {})] == ["python3"]


def test_packages_are_read_from_the_list(tmp_path):
    (tmp_path / "status").write_text("Package: git\nVersion: 1:2.39.5-0\n\nPackage: other\nVersion: 9\n")
    assert packages(tmp_path / "status") == {"git": "1:2.39.5-0"}
    assert packages(tmp_path / "none") == {}


def test_what_is_wrong_with_a_path_is_told(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").symlink_to(tmp_path / "a")
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    (tmp_path / "file").touch()
    parts = [str(tmp_path / name) for name in ("a", "a", "b", "open", "file", "gone")]
    kinds = [item.trouble for item in troubles(os.pathsep.join([*parts, "rel", "", "bad\0path"[:3]]))]
    assert kinds == [
        "duplicate",
        "duplicate",
        "world-writable",
        "not-a-folder",
        "missing",
        "relative",
        "empty",
        "relative",
    ]


def test_a_repository_is_read_without_git(tmp_path):
    assert repository(tmp_path) is None
    git = tmp_path / ".git"
    (git / "refs/heads").mkdir(parents=True)
    (git / "HEAD").write_text("ref: refs/heads/main\n")
    assert repository(tmp_path).commit is None  # type: ignore[union-attr]
    (git / "packed-refs").write_text("# pack\n" + "a" * 40 + " refs/heads/main\n")
    (git / "MERGE_HEAD").touch()
    below = tmp_path / "x/y"
    below.mkdir(parents=True)
    about = repository(below)
    assert about is not None
    assert (about.root, about.branch, about.commit, about.state, about.stashes) == (
        str(tmp_path), "main", "a" * 40, "merge", 0,
    )  # fmt: skip
    (git / "HEAD").write_text("b" * 40)
    detached = repository(tmp_path)
    assert detached is not None
    assert (detached.branch, detached.commit) == (None, "b" * 40)


def test_a_worktree_knows_its_branch(tmp_path):
    git = tmp_path / "main/.git"
    own = git / "worktrees/side"
    (git / "refs/heads").mkdir(parents=True)
    own.mkdir(parents=True)
    (git / "refs/heads/side").write_text("c" * 40)
    (own / "HEAD").write_text("ref: refs/heads/side\n")
    (own / "commondir").write_text("../..\n")
    (tmp_path / "side").mkdir()
    (tmp_path / "side/.git").write_text(f"gitdir: {own}\n")
    about = repository(tmp_path / "side")
    assert about is not None
    assert (about.branch, about.commit) == ("side", "c" * 40)


def test_secrets_in_variables_are_masked():
    rows = env._variables(
        {"OPENAI_API_KEY": "hunter2pw", "X_BASE_URL": "https://ada:hunter2pw@h/", "TERM": "xterm"}
    )
    assert all("hunter2pw" not in row.value for row in rows)
    assert [row.value for row in rows if row.name == "TERM"] == ["xterm"]
