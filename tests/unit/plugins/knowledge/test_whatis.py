"""The manual's summaries are read where there is a manual, and never get in the way where there is none."""

from pathlib import Path

from isaac_plugins.knowledge import whatis

PRINTED = """tar (1)              - an archiving utility
ls (1)               - list directory contents
ls (1)               - list it again
apt-get (8)          - APT package handling utility -- command-line interface
printf (3)           - formatted output conversion
[ (1)                - check file types
grep, egrep (1)      - print lines that match patterns
nonsense
bad (1)              - has an \x1b[31m escape
"""


def fake(folder: Path, script: str) -> dict[str, str]:
    program = folder / "apropos"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return {"PATH": f"{folder}:/usr/bin:/bin", "HOME": str(folder)}


def test_commands_are_read_once_and_only_from_their_sections() -> None:
    found = dict(whatis.parse(PRINTED))
    assert found == {
        "tar": "an archiving utility",
        "ls": "list directory contents",
        "apt-get": "APT package handling utility -- command-line interface",
        "[": "check file types",
        "grep": "print lines that match patterns",
        "bad": "has an [31m escape",
    }


def test_apropos_is_asked(tmp_path: Path) -> None:
    environ = fake(tmp_path, "echo 'tar (1) - an archiving utility'")
    assert whatis.entries(environ) == [("tar", "an archiving utility")]


def test_an_apropos_that_knows_fewer_options_is_asked_again(tmp_path: Path) -> None:
    environ = fake(tmp_path, '[ "$1" = . ] || exit 64; echo "tar (1) - an archiving utility"')
    assert whatis.entries(environ) == [("tar", "an archiving utility")]


def test_without_apropos_there_is_nothing(tmp_path: Path) -> None:
    assert whatis.entries({"PATH": str(tmp_path)}) == []


def test_an_apropos_that_fails_gives_nothing(tmp_path: Path) -> None:
    assert whatis.entries(fake(tmp_path, "exit 1")) == []


def test_one_that_never_ends_is_given_up(tmp_path: Path) -> None:
    environ = fake(tmp_path, "exec sleep 1000")
    assert whatis.entries(environ, timeout_s=0.05) == []
