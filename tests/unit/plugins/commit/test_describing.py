"""What a diff says of itself: names of files and of code, kinds of changes, in both styles."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isaac_plugins.commit.describing import MAX_SUBJECT_CHARS, describe
from isaac_plugins.commit.kinds import kind_of
from isaacd.assist.diff import read_diff
from tests.diffs import added, changed, deleted, renamed


@pytest.mark.parametrize(
    ("diff", "plain", "conventional"),
    [
        (
            changed("src/box.py", new=["def pack(box):", "    return box"], before=["import os"]),
            "Add pack in box.py",
            "feat: add pack in box.py",
        ),
        (
            changed("src/box.py", old=["def pack(box):"], new=["def fill(box):"]),
            "Rename pack to fill in box.py",
            "refactor: rename pack to fill in box.py",
        ),
        (
            changed("src/box.py", old=["    return 1"], new=["    return 2"], about="def pack(box):"),
            "Change pack in box.py",
            "refactor: change pack in box.py",
        ),
        (added("src/box.go", "package box", "func Pack(b Box) error {", "}"), "Add box.go with Pack", "feat: add box.go with Pack"),
        (deleted("old.sh", "echo"), "Remove old.sh", "refactor: remove old.sh"),
        (renamed("a/x.py", "b/x.py"), "Move x.py to b", "refactor: move x.py to b"),
        (renamed("x.py", "y.py"), "Rename x.py to y.py", "refactor: rename x.py to y.py"),
        (renamed("a/x.py", "b/x.py") + renamed("a/y.py", "b/y.py"), "Move 2 files from a to b", "refactor: move 2 files from a to b"),
        (
            changed("README.md", new=["## Install", "Do it."], before=["# Box"]),
            "Extend README.md: Install",
            "docs: extend README.md: Install",
        ),
        (
            changed("pyproject.toml", old=['version = "1.2.3"'], new=['version = "1.3.0"']),
            "Raise the version from 1.2.3 to 1.3.0",
            "build: raise the version from 1.2.3 to 1.3.0",
        ),
        (
            changed("requirements.txt", old=["requests==2.31.0"], new=["requests==2.32.1"]),
            "Raise requests from 2.31.0 to 2.32.1",
            "build: raise requests from 2.31.0 to 2.32.1",
        ),
        (changed("poetry.lock", old=["a"], new=["b"]), "Update the locked versions of dependencies", "build: update the locked versions of dependencies"),
        (
            changed("src/box.py", old=["if x:", "  y()"], new=["if x:", "    y()"]),
            "Change the layout of box.py",
            "style: change the layout of box.py",
        ),
        (
            changed("src/box.py", new=["def pack():"]) + changed("tests/test_box.py", new=["def test_pack():"]),
            "Add pack in box.py, with tests",
            "feat: add pack in box.py, with tests",
        ),
        (changed("tests/test_box.py", new=["def test_pack():"]), "Add test_pack in test_box.py", "test: add test_pack in test_box.py"),
        (changed(".github/workflows/ci.yml", old=["a: 1"], new=["a: 2"]), "Update ci.yml", "ci(workflows): update ci.yml"),
    ],
)  # fmt: skip
def test_a_subject_names_what_was_done(diff, plain, conventional):
    described = describe(read_diff(diff))
    assert described.written("plain")[0] == plain
    assert described.written("conventional")[0] == conventional


def test_the_body_has_a_row_for_each_file():
    diff = (
        changed("src/box.py", new=["def pack():", "class Box:"])
        + deleted("src/old.py", "x")
        + renamed("a.py", "b.py")
    )
    assert describe(read_diff(diff)).body.splitlines() == [
        "- src/box.py: add pack and Box",
        "- remove src/old.py",
        "- rename a.py to b.py",
    ]


def test_many_files_are_not_all_named():
    diff = "".join(added(f"src/f{number}.py", "x = 1") for number in range(40))
    described = describe(read_diff(diff))
    assert described.subject == "Add f0.py, f1.py, f2.py and 37 more in src"
    assert described.body.splitlines()[-1] == "- and 20 files more"


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("tests/test_x.py", "tests"), ("src/x_test.go", "tests"), ("a.spec.ts", "tests"), ("README.md", "docs"), ("docs/x.py", "docs"),
        ("Dockerfile", "build"), ("package-lock.json", "lock"), (".gitlab-ci.yml", "ci"), ("x.toml", "config"), ("src/x.rs", "code"),
        ("contest/x.py", "code"),
    ],
)  # fmt: skip
def test_a_path_tells_its_kind(path, kind):
    assert kind_of(path) == kind


@given(
    st.lists(
        st.sampled_from(
            [
                added("a/b.py", "def f():"),
                deleted("c.py", "x"),
                renamed("x", "y"),
                changed("d.md", new=["# T"]),
                changed("w" * 90 + ".py", new=["class " + "Z" * 90]),
            ]
        ),
        min_size=1,
        max_size=8,
    )
)
def test_a_subject_is_one_short_line(diffs):
    for style in ("plain", "conventional"):
        subject, _ = describe(read_diff("".join(diffs))).written(style)
        assert subject
        assert "\n" not in subject
        assert len(subject) <= MAX_SUBJECT_CHARS
