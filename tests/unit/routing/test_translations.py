"""Every row of the table says the same in each system, and a flag that nobody knows refuses the whole line."""

from pathlib import Path

import pytest

from isaacd.routing.translate.row import Row, read_rows
from isaacd.routing.translate.translator import Translator
from isaacd.safety.tier import Tier
from tests.routing_house import RoutingHouse

ROWS = read_rows()
TRANSLATOR = Translator()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.unix[0])
def test_a_row_holds_its_examples(row: Row) -> None:
    for line, wanted in row.examples.items():
        found = TRANSLATOR.translate(line)
        assert found is not None
        assert found.line == wanted, line
    for line, wanted in row.back.items():
        found = TRANSLATOR.translate(line, "powershell")
        assert found is not None
        assert found.line == wanted, line


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.unix[0])
def test_no_flag_is_dropped_on_the_way_there_and_back(row: Row) -> None:
    for line in row.back:
        there = TRANSLATOR.translate(line, "powershell")
        assert there is not None
        assert there.line is not None
        back = TRANSLATOR.translate(there.line)
        again = back and back.line and TRANSLATOR.translate(back.line, "powershell")
        assert again
        assert again.line == there.line


def test_there_are_sixty_commands_both_ways() -> None:
    there = {name.split()[0].lower() for row in ROWS if row.examples for name in (*row.cmd, *row.powershell)}
    back = {name.split()[0] for row in ROWS if row.cmd or row.powershell for name in row.unix}
    assert len(there) >= 100
    assert len(back) >= 60
    assert all(row.examples or row.back or row.unix == ["exit"] for row in ROWS)


@pytest.mark.parametrize(
    "line",
    [
        "del /s a.txt",
        "Get-ChildItem -Filter x -Wat",
        "copy a",
        "Move-Item a",
        "copy /z a b",
        "del C:\\x",
        "tasklist /svc",
    ],
)
def test_what_is_not_understood_refuses_the_whole_line(line: str) -> None:
    found = TRANSLATOR.translate(line)
    assert found is not None
    assert found.line is None
    assert found.why


@pytest.mark.parametrize(
    "line", ["del a & del b", "del $x", "copy a b > c", "del %X%", "copy `a` b", 'del "a']
)
def test_what_is_more_than_plain_words_is_left_alone(line: str) -> None:
    assert TRANSLATOR.translate(line) is None


def test_operands_keep_their_quotes() -> None:
    found = TRANSLATOR.translate('copy "my file; rm -rf x" "it\'s"')
    assert found is not None
    assert found.line == "cp 'my file; rm -rf x' 'it'\\''s'"


def test_an_operand_never_becomes_an_option() -> None:
    found = TRANSLATOR.translate('del "-rf"')
    assert found is not None
    assert found.line is None


def test_a_translation_is_judged_and_told(tmp_path: Path) -> None:
    house = RoutingHouse(tmp_path)
    found = house.route("Get-ChildItem -Force")
    assert found.line == "ls -a"
    assert found.verdict is not None
    assert found.verdict.tier is Tier.REVERSIBLE
    found = house.route("Remove-Item -Recurse -Force /")
    assert found.verdict is not None
    assert found.verdict.tier is Tier.DESTRUCTIVE
    assert house.route("del /s x").kind == "refused"


def test_a_command_that_is_here_is_not_translated_unless_its_flags_are_of_elsewhere(tmp_path: Path) -> None:
    house = RoutingHouse(tmp_path)
    assert house.route("dir", {}).line == "dir"
    assert house.route("dir /s", {}).line == "ls -R"
    assert house.route("dir /s", {"/s": "directory"}).line == "dir /s"
    assert house.route("ls | findstr x", {}).line == "ls | grep x"
    assert house.route("del a", translate=False).line == "del a"


def test_a_caller_with_another_shell_is_told_what_to_type(tmp_path: Path) -> None:
    found = RoutingHouse(tmp_path).route("rm -rf build", dialect="powershell")
    assert found.kind == "refused"
    assert found.correction is not None
    assert found.correction.line == "Remove-Item -Recurse -Force build"


@pytest.mark.parametrize(
    "line",
    [
        "Test-Connection example.org",
        "Resolve-DnsName example.org",
        "nslookup example.org",
        "ping example.org",
    ],
)
def test_a_command_of_both_systems_that_is_not_installed_leads_to_itself_once(
    tmp_path: Path, line: str
) -> None:
    found = RoutingHouse(tmp_path, programs=["ls"]).route(line)
    assert found.kind == "shell"
    assert found.line.split()[0] in ("ping", "nslookup")


def test_what_joins_files_is_not_taken_for_a_copy(tmp_path: Path) -> None:
    assert RoutingHouse(tmp_path, programs=["cp"]).route("copy a+b c").kind == "refused"
