"""Mistyped lines: the usual slips are found, plausible lines are left alone, and danger is never a correction."""

from pathlib import Path

import pytest

from isaacd.routing.tokens import segments, trimmed
from isaacd.routing.typo.distance import MISSING, NEIGHBOUR, SWAPPED, distance
from isaacd.routing.typo.lexicon import Lexicon
from isaacd.safety.tier import Tier
from tests.routing_house import RoutingHouse


@pytest.fixture
def house(tmp_path: Path) -> RoutingHouse:
    return RoutingHouse(tmp_path, files=["notes.txt", "backup.sh", "ünïcode file"])


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("cd..", "cd .."),
        ("sl -a", "ls -a"),
        ("PS C:\\Users> dir", "dir"),
        ("C:\\Users>dir", "dir"),
        ("ada@host:~/src$ ls -la", "ls -la"),
        ("[ada@host src]$ git status", "git status"),
        ("python backu.sh notes.tx", "python backup.sh notes.tx"),
        ("gti status", "git status"),
        ("git brnach", "git branch"),
        ("git stash lsit", "git stash list"),
        ("git git status", "git status"),
        ("git clone git clone x", "git clone x"),
        ("gitstatus", "git status"),
        ("gitp ush", "git push"),
        ("ls-la", "ls -la"),
        ("ls- la", "ls -la"),
        ("GIT status", "git status"),
        ("apt-install vim", "apt install vim"),
        ("apt isntall vim", "apt install vim"),
        ("apt uninstall vim", "apt remove vim"),
        ("sudo apt-get isntall vim", "sudo apt-get install vim"),
        ("ssh_add key", "ssh-add key"),
        ("systemctl nginx restart", "systemctl restart nginx"),
        ("ls --hepl", "ls --help"),
        ("git commit --ammend", "git commit --amend"),
        ("git rebase -continue", "git rebase --continue"),
        ("$ git status", "git status"),
        ("ls |\u00a0grep x", "ls | grep x"),
        ("ls | gerp x", "ls | grep x"),
        ("git commit -m 'done\"", 'git commit -m "done"'),
        ("cat ntoes.txt", "cat notes.txt"),
        ("backup.sh", "./backup.sh"),
        ("ping https://example.org/x", "ping example.org"),
        ("gti brnach", "git branch"),
        ("ls]", "ls"),
        ("shh ada@example.org", "ssh ada@example.org"),
        ("cd../..", "cd ../.."),
        ("cd/tmp", "cd /tmp"),
        ("cd~/src", "cd ~/src"),
        ("npm rnu test", "npm run test"),
        ("docker compsoe ps", "docker compose ps"),
        ("apt-gte update", "apt-get update"),
        ("cat NOTES.txt", "cat notes.txt"),
        ("cp ntoes.txt new.txt", "cp notes.txt new.txt"),
        ("chmod +x bakcup.sh", "chmod +x backup.sh"),
        ("ls \u2013la", "ls -la"),
        ("grep \u201cfoo\u201d notes.txt", 'grep "foo" notes.txt'),
        ("find . \u2014 print", "find . -print"),
        ("npm install \u2013save-dev", "npm install --save-dev"),
        ("find . -tpye f", "find . -type f"),
    ],
)
def test_usual_slips_are_suggested(house: RoutingHouse, typed: str, meant: str) -> None:
    found = house.route(typed)
    assert found.correction is not None
    assert found.correction.line == meant
    assert found.line == typed, "nothing is corrected unasked"


@pytest.mark.parametrize(
    "line",
    [
        "ls",
        "git push origin main",
        "git -C x status",
        "git stash",
        "man man",
        "which which",
        "./x",
        "X=1",
        "docker run x",
        "npm run biuld",
        "echo gti",
        "if true; then ls; fi",
        "cat 'ntoes.txt'",
        "cat $FILE",
        "python x.py --hlp=1",
        "kubectl get pdos",
        "x() { ls; }",
    ],
)
def test_what_is_plausible_is_left_alone(house: RoutingHouse, line: str) -> None:
    assert house.route(line).correction is None


def test_only_what_is_beyond_doubt_and_reads_is_corrected_unasked(house: RoutingHouse) -> None:
    found = house.route("git brnach", autocorrect=True)
    assert found.line == "git branch"
    assert found.correction is not None
    assert found.correction.applied
    assert found.verdict is not None
    assert found.verdict.tier is Tier.REVERSIBLE, "it says so"
    for line in ("git psuh", "terraform destory", "gut status", "apt isntall vim"):
        found = house.route(line, autocorrect=True)
        assert found.line == line
        assert found.correction is None or not found.correction.applied


@pytest.mark.parametrize("line", ["gt log", "cs setup", "got status", "> ls"])
def test_a_slip_that_may_be_meant_is_never_corrected_unasked(house: RoutingHouse, line: str) -> None:
    route = house.route(line, autocorrect=True)
    assert route.line == line
    assert route.correction is not None
    assert not route.correction.applied


def test_a_copied_prompt_of_powershell_is_not_taken_for_a_program(house: RoutingHouse) -> None:
    assert house.route("PS C:\\> dir", autocorrect=True).line == "dir"


def test_a_correction_is_never_more_dangerous_than_what_was_typed(house: RoutingHouse) -> None:
    for line in ("rn -rf /", "rmm -rf ~", "dd- if=x of=/dev/sda"):
        found = house.route(line, autocorrect=True)
        assert found.correction is None
        assert found.line == line


def test_a_program_that_was_just_installed_is_known(house: RoutingHouse) -> None:
    assert house.route("frobnicat x").correction is None
    house.install("frobnicate")
    found = house.route("frobnicat x").correction
    assert found is not None
    assert found.line == "frobnicate x"


def test_names_of_the_person_s_own_shell_are_no_mistakes(house: RoutingHouse) -> None:
    assert house.route("gti x", shell_names=frozenset({"gti"})).correction is None


def test_keys_next_to_each_other_cost_less_than_others() -> None:
    assert distance("git", "git", 9) == 0
    assert distance("gut", "git", 9) == NEIGHBOUR
    assert distance("gpt", "git", 9) > NEIGHBOUR
    assert distance("branhc", "branch", 9) == SWAPPED
    assert distance("brnch", "branch", 9) == MISSING
    assert distance("clllear", "clear", 9) < distance("clxyear", "clear", 9)


def test_a_lexicon_gives_the_likeliest_first() -> None:
    found = Lexicon({"grep": 0.0, "gref": 1.0, "make": 0.0}).near("gerp")
    assert [item.word for item in found] == ["grep"]
    assert Lexicon({"a": 0.0}).near("b") == ()


def test_lines_are_cut_into_words_with_their_places() -> None:
    cut = segments('A=1 ls -l \'a b\' > out 2>&1 | grep "x\\"y" # end')
    assert cut is not None
    assert [[piece.text for piece in segment.words] for segment in cut] == [
        ["A=1", "ls", "-l", "'a b'"],
        ["grep", '"x\\"y"'],
    ]
    for line in ("$(ls)", "`ls`", "(ls)", "echo 'x", "cat <<EOF"):
        assert segments(line) is None


def test_a_blank_behind_a_backslash_stays() -> None:
    assert trimmed(" ls a\\  \n") == "ls a\\ "
    assert trimmed(" ls a\\\\ ") == "ls a\\\\"


@pytest.mark.parametrize(
    "line",
    [
        'git commit -m "it\u2019s done"',
        "git commit -m 'a \u2013 b'",
        "echo \u201chi\u201d",
        "echo don\u2019t",
        "cp new.txt notes.txt2",
        "mv notes.txt ntoes.txt",
        "chmod 7555 notes.txt",
        "find . -print0 -newerBt x",
        "cd/",
    ],
)
def test_what_may_be_meant_as_it_is_stays(house: RoutingHouse, line: str) -> None:
    found = house.route(line).correction
    assert found is None or line == "cd/"


def test_a_slip_in_a_folder_of_a_path_is_found_if_it_leads_somewhere(tmp_path: Path) -> None:
    house = RoutingHouse(tmp_path, files=["notes.txt"])
    (house.cwd / "source").mkdir()
    (house.cwd / "source" / "app.py").touch()
    found = house.route("cat soruce/app.py").correction
    assert found is not None
    assert found.line == "cat source/app.py"
    assert house.route("cat soruce/other.py").correction is None
