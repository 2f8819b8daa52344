"""The command `review`: checks that are sure, an AI whose lines have to be there, and exit codes for scripts."""

import pytest

from isaac_plugins.review import plugin
from isaacd.errors import ProviderUnavailable
from tests.assist_house import AssistHouse
from tests.diffs import added, changed, deleted, renamed
from tests.fake_caller import TERMINAL


@pytest.fixture
def house(tmp_path):
    return AssistHouse(tmp_path, plugin, programs=["git", "rm"])


def found(house, diff, *argv):
    shown = house.type("review", "--json", *argv, "-", piped=[diff.encode()])
    return [
        (item["path"], item["line"], item["severity"], item["message"]) for item in shown.json["findings"]
    ]


@pytest.mark.parametrize(
    ("diff", "line", "severity", "told"),
    [
        (changed("a.py", new=["<<<<<<< HEAD"], before=["x = 1"]), 2, "error", "a marker of a conflict"),
        (changed("a.js", new=["  debugger;"]), 1, "error", "a breakpoint was left behind"),
        (changed("a.py", new=["    breakpoint()"]), 1, "error", "a breakpoint was left behind"),
        (changed("src/a.ts", new=["console.log(x)"]), 1, "warning", "console output was left behind"),
        (changed("a.spec.ts", new=["it.only('x', () => {})"]), 1, "error", "only this test would run"),
        (changed("a.py", new=["x = 1  # TODO later"]), 1, "note", "a TODO was added"),
        (changed("a.py", new=["x = 1  "]), 1, "note", "blanks at the end of the line"),
        (changed("a.py", new=["key = 'ghp_" + "a1B2c3D4" * 5 + "'"]), 1, "error", "it seems to hold a token of GitHub"),
        (added("a.py", "def f(:", "    pass"), 1, "error", "this is no Python: invalid syntax"),
        (added("a.json", '{"a": 1,}'), 1, "error", "this is no JSON: "),
        (added("a.toml", "a = 1", "b ="), 2, "error", "this is no TOML"),
        (added("a.py", "def f(x=[]):", "    return x"), 1, "warning", "a default value that is shared by all calls"),
        (added("a.py", "try:", "    f()", "except:", "    pass"), 3, "warning", "a bare except"),
        (added("a.py", "assert (x, 'always')"), 1, "warning", "assert of a tuple is always true"),
        (changed("a.py", new=["subprocess.run(x, shell=True)"]), 1, "warning", "a shell runs this line"),
        (changed("run.sh", new=["rm -rf /"]), 1, "warning", "a dangerous line: "),
        (changed("Dockerfile", new=["RUN rm -rf /"]), 1, "warning", "a dangerous line: "),
        (added("a.py.orig", "x"), 0, "warning", "a leftover of an editor or a merge"),
        (added("src/a.py", *(f"x{number} = {number}" for number in range(30))), 0, "note", "30 lines of code are added, and no test changes"),
    ],
)  # fmt: skip
def test_what_a_program_can_be_sure_of_is_found(house, diff, line, severity, told):
    assert any(
        (at, how) == (line, severity) and text.startswith(told) for _, at, how, text in found(house, diff)
    ), found(house, diff)


@pytest.mark.parametrize(
    "diff",
    [
        changed("a.py", new=["x = 1"]),
        changed("README.md", new=["Title", "======="]),
        changed("a.py", old=["breakpoint()"]),
        changed("tests/test_a.js", new=["console.log(x)"]),
        added("a.py", "assert (1, 2) == (1, 'x')"),
        changed("README.md", new=["a line  "]),
        deleted("a.py", "def f(:"),
        renamed("a.py", "b.py"),
        changed("run.sh", new=["# rm -rf /", "ls -l"]),
        added("tsconfig.json", "// a comment", "{}"),
    ],
)
def test_what_is_fine_is_left_alone(house, diff):
    assert found(house, diff) == []


def test_a_changed_file_is_read_whole_only_if_it_is_the_one_that_the_diff_made(house):
    (house.here / ".git").mkdir()
    diff = changed("a.py", new=["def f(:"], before=["x = 1"])
    (house.here / "a.py").write_text("x = 1\ndef f(:\n")
    assert any("this is no Python" in text for *_, text in found(house, diff))
    (house.here / "a.py").write_text("y = 1\ndef f(:\n")
    assert found(house, diff) == []


def test_a_file_is_reviewed_as_if_it_were_new(house):
    (house.here / "a.py").write_text("import os\nbreakpoint()\n")
    shown = house.type("review", "a.py")
    assert shown.out.startswith("a.py:2: error: a breakpoint was left behind [pattern]\n")


def test_what_is_not_committed_is_fetched_by_the_client(house):
    data = changed("a.py", new=["breakpoint()"]).encode()
    shown = house.type("review", answers=[b"0 %d\n" % len(data) + data])
    assert "a.py:1: error" in shown.out
    question = next(data for kind, data in shown.events.sent if kind == "gather")
    assert (question["what"], question["arguments"]) == ("git-range", ["HEAD"])


def test_a_range_is_fetched_by_the_client(house):
    shown = house.type("review", "main..HEAD", answers=[b"128 20\nfatal: bad revision\n"])
    assert shown.exit == 1
    assert "bad revision" in shown.err


@pytest.mark.parametrize(
    ("argv", "code"),
    [((), 0), (("--fail-on", "error"), 0), (("--fail-on", "warning"), 1), (("--fail-on", "note"), 1)],
)
def test_a_script_can_rely_on_the_exit_code(house, argv, code):
    diff = changed("a.ts", new=["console.log(x)"])
    shown = house.type("review", *argv, "-", piped=[diff.encode()])
    assert shown.exit == code
    assert "a.ts:1: warning" in shown.out
    assert house.type("review", "--json", *argv, "-", piped=[diff.encode()]).exit == code


def test_a_model_reads_it_and_what_it_makes_up_is_dropped(house):
    house.has_model(
        {
            "summary": "Adds a box.",
            "findings": [
                {
                    "path": "a.py",
                    "line": 1,
                    "severity": "warning",
                    "message": "it never closes\nthe file \x1b[2J",
                },
                {"path": "a.py", "line": 77, "severity": "error", "message": "not there"},
                {"path": "other.py", "line": 1, "severity": "error", "message": "nor this"},
            ],
        }
    )
    diff = changed("a.py", new=["f = open('x')"])
    assert found(house, diff) == [("a.py", 1, "warning", "it never closes the file \x1b[2J")]
    shown = house.type("review", "-", piped=[diff.encode()], tty=TERMINAL)
    assert "\x1b[2J" not in shown.out
    assert "    1 + f = open('x')" in house.sent[0]


def test_secrets_are_not_sent(house):
    house.has_model({"summary": "", "findings": []})
    found(house, changed("a.py", new=["key = 'ghp_" + "a1B2c3D4" * 5 + "'"]))
    assert all("ghp_a1B2" not in text for text in house.sent)


def test_a_model_that_fails_leaves_the_checks(house):
    house.has_model(ProviderUnavailable("it is away"))
    shown = house.type("review", "-", piped=[changed("a.js", new=["debugger;"]).encode()])
    assert "a.js:1: error" in shown.out
    assert "was not read by an AI: it is away" in shown.err


def test_nothing_to_review_is_told(house):
    assert house.type("review").exit == 2
    assert house.type("review", answers=[b"0 0\n"]).exit == 1
    assert house.type("review", "--staged", "x").exit == 2
