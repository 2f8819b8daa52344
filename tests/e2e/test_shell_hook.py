"""Bash with `isaacctl shell-init bash` in it: what is run is kept, and the prompt never suffers for it."""

import os
import shutil
import socket
import stat
import subprocess
import time
from collections.abc import Iterator

import pytest

from tests.client_runs import Home, home
from tests.shell_person import ShellPerson, in_shell, records, spool_of

pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")


@pytest.fixture
def user() -> Iterator[Home]:
    with home() as made:
        yield made


def kept(user: Home) -> list[str]:
    return [run.command for run in records(user)]


def test_commands_are_kept_with_what_is_known_of_them_and_no_daemon(user):
    with in_shell(user) as shell:
        shell.runs("cd /usr", "false", "sleep 0.2", "pwd | cat", "cd /")
        shell.leaves()
    runs = records(user)
    assert [(run.command, run.exit_code, run.cwd) for run in runs] == [
        ("cd /usr", 0, str(user.base)),
        ("false", 1, "/usr"),
        ("sleep 0.2", 0, "/usr"),
        ("pwd | cat", 0, "/usr"),
        ("cd /", 0, "/usr"),
    ]
    assert all(run.shell == "bash" and run.host == os.uname().nodename for run in runs)
    assert len({run.session for run in runs}) == 1
    assert runs[2].duration_us is not None
    assert 200_000 <= runs[2].duration_us < 5_000_000
    assert runs[0].started_us is not None
    assert abs(runs[0].started_us / 1e6 - time.time()) < 120
    assert not user.lock.exists()


@pytest.mark.parametrize(
    "command",
    [
        "echo 'a\nb'",
        "echo $'tab\\there' \"\\\\\"",
        "echo back\\\\slash '&' \"&&\"",
        "echo 'ünïcödé → 日本'",
        "echo %s %d '%n'",
        "echo " + "long " * 900,
        "echo " + "é" * 3000,
        "echo " + "\\\\ " * 2000,
        "cat <<'END'\none\n  two\nEND",
        "for i in 1 2; do\n echo $i\ndone",
    ],
    ids=lambda text: text[:20],
)
def test_any_command_is_kept_as_it_was_typed(user, command):
    with in_shell(user, first="shopt -s cmdhist lithist; bind 'set enable-bracketed-paste off'") as shell:
        person = shell.person
        lines = command.split("\n")
        for line in lines:
            # A terminal takes no more than 4096 bytes of a line at once, unless readline reads it.
            for at in range(0, len(line), 512):
                person.types(line[at : at + 512])
            person.types("\n")
        shell.person.types("echo the''-end\n")
        shell.person.reads("the-end\n")
        shell.person.reads("ready> ")
        shell.leaves()
    assert kept(user)[0] == command


def test_what_is_not_meant_to_be_kept_is_not(user):
    with in_shell(user, first="HISTCONTROL=ignoreboth; HISTIGNORE='history*:bg'") as shell:
        shell.runs(
            "make x", "make x", " echo hidden", "history", "", "make x", "echo a", "  ls hidden -l", "ls -l"
        )
        shell.leaves()
    assert kept(user) == ["make x", "make x", "make x", "echo a", "ls -l"]


def test_a_blank_before_it_hides_a_command_in_any_case(user):
    with in_shell(user, first="unset HISTCONTROL") as shell:
        shell.runs(
            "echo 1", "echo 1", " echo hidden", "set +o history", "echo unseen", "set -o history", "echo 2"
        )
        shell.leaves()
    found = kept(user)
    assert "echo 2" in found
    assert found.count("echo 1") == 2
    assert not any("hidden" in command or "unseen" in command for command in found)


def test_what_the_person_has_set_up_goes_on(user):
    first = "PROMPT_COMMAND='seen=$?'; PS0='zero '; trap 'errs+=x' ERR"
    with in_shell(user, first=first) as shell:
        assert "zero" in shell.runs("false")[0]
        assert "seen 1" in shell.runs("echo seen $seen")[0]
        assert "errs x" in shell.runs("echo errs $errs.")[0]
        shell.runs('PROMPT_COMMAND="late=1; $PROMPT_COMMAND"', "true")
        assert "late 1" in shell.runs("echo late $late")[0]
        shell.leaves()
    assert kept(user)[0] == "false"
    assert records(user)[0].exit_code == 1


@pytest.mark.parametrize("options", ["set -u", "set -e", "set -eu; set -o pipefail", "set -C", "set -f; IFS=0123456789", "shopt -s nocasematch extglob nullglob failglob"])  # fmt: skip
def test_no_option_of_the_shell_breaks_it_or_is_broken(user, options):
    with in_shell(user, first=options) as shell:
        shown = shell.runs("echo one 123", "echo 'two\t'", "true && echo three")
        shell.leaves()
    assert ["one" in shown[0], "two" in shown[1], "three" in shown[2]] == [True] * 3
    assert not any("bash:" in text or "_isaac" in text for text in shown)
    assert kept(user)[0] == "echo one 123"
    assert kept(user)[-1] == "true && echo three"


def test_it_can_be_evaluated_twice(user):
    with in_shell(user) as shell:
        shell.runs('eval "$(cat ~/init)"', "echo once", "nosuchprogram")
        shell.leaves()
    assert kept(user).count("echo once") == 1


def test_files_are_private_whatever_the_umask_and_a_lost_one_is_made_anew(user):
    with in_shell(user, first="umask 000") as shell:
        spool_of(user).unlink()
        shell.runs("echo one", "umask")
        assert stat.S_IMODE(spool_of(user).stat().st_mode) == 0o600
        assert stat.S_IMODE(spool_of(user).parent.stat().st_mode) == 0o700
        assert "0000" in shell.runs("umask")[0]
        line = next(spool_of(user).parent.glob("line-*"))
        assert stat.S_IMODE(line.stat().st_mode) == 0o600
        assert line.read_bytes().strip(b" \0") == b""
        shell.leaves()
    assert "echo one" in kept(user)


@pytest.mark.parametrize("kind", ["link", "pipe", "folder", "gone", "full"])
def test_whatever_is_in_place_of_the_spool_the_prompt_comes(user, kind):
    with in_shell(user) as shell:
        spool = spool_of(user)
        spool.unlink()
        elsewhere = user.base / "elsewhere"
        if kind == "link":
            spool.symlink_to(elsewhere)
        elif kind == "full":
            spool.symlink_to("/dev/full")
        elif kind == "pipe":
            os.mkfifo(spool)
        elif kind == "folder":
            spool.mkdir()
        else:
            shutil.rmtree(spool.parent)
        shown = shell.runs("echo one", "echo two")
        shell.leaves()
    assert "one" in shown[0]
    assert not any("bash:" in text for text in shown)
    assert not elsewhere.exists()


def test_shells_side_by_side_do_not_mix_their_records(user):
    loop = "for i in {1..150}; do _isaac_put 1 2 0 \"%s$i $(printf '%s%.0s' {1..%d})\"; done"
    with in_shell(user) as one, in_shell(user) as two, in_shell(user) as three:
        shells: list[ShellPerson] = [one, two, three]
        for name, shell, size in zip("abc", shells, (10, 300, 2500), strict=True):
            shell.person.types(
                loop.replace("%s", name, 1).replace("%s", name, 1).replace("%d", str(size * 2)) + "\n"
            )
        for shell in shells:
            shell.person.reads("ready> ")
            shell.leaves()
    found = [command for command in kept(user) if not command.startswith("for")]
    assert len(found) == 450
    assert all(set(command.split()[1]) == {command[0]} for command in found)


def test_a_daemon_that_does_not_answer_holds_nobody_up(user):
    user.directory.mkdir(mode=0o700)
    with socket.socket(socket.AF_UNIX) as wedged:
        wedged.bind(str(user.socket))
        wedged.listen()
        with in_shell(user) as shell:
            shell.runs("echo one", "nosuchprogram", "echo two")
            shell.leaves()
    assert kept(user) == ["echo one", "nosuchprogram", "echo two"]


def test_parts_can_be_left_out(user):
    without = [
        word for part in ("history", "run", "key", "completion", "not-found") for word in ("--without", part)
    ]
    with in_shell(user, "bash", *without) as shell:
        shown = shell.runs(
            "type isaacctl", "complete -p isaacctl", "type command_not_found_handle", "echo one"
        )
        shell.leaves()
    assert "is a function" not in "".join(shown)
    assert records(user) == []


def test_lines_run_through_isaac_are_in_the_history_and_change_this_shell(user):
    with in_shell(user) as shell:
        shell.runs("isaacctl run 'cd /usr'")
        assert "/usr" in shell.runs("pwd")[0]
        assert "hello" in shell.runs("isaacctl run 'echo hello'")[0]
        shell.runs("isaacctl run 'export COLOUR=blue'")
        assert "blue" in shell.runs("echo $COLOUR")[0]
        found = shell.runs("history")[0]
        assert "cd /usr" in found
        assert "echo hello\n" in found.replace("\r", "")
        assert "evil" not in shell.runs("isaacctl run 'echo echo evil >&13 2>/dev/null; true'", "true")[1]
        shell.leaves()
    user.run("stop")


def test_the_key_mends_the_line(user):
    with in_shell(user) as shell:
        shell.person.types("gti status\x18i")
        shell.person.reads("isaac: ")
        shell.person.reads("git status")
        shell.person.types("\x01echo \x05 mended\n")
        shell.person.reads("\ngit status mended\n")
        shell.person.reads("ready> ")
        assert "did you mean" in shell.runs("gti status")[0]
        shell.leaves()
    user.run("stop")


def test_isaacctl_is_completed(user):
    user.run("start")
    with in_shell(user) as shell:
        shell.person.types("isaacctl histo\t\n")
        assert "history" in shell.person.reads("ready> ")
        shell.leaves()
    assert user.run("shell-complete", "--", "history", "for").stdout.startswith("forget\t")
    user.run("stop")
    assert "shell-init" in user.run("shell-complete", "--", "shell").stdout
    assert not user.socket.exists()


def test_a_shell_without_a_terminal_is_left_alone(user):
    text = user.run("shell-init", "bash").stdout
    done = subprocess.run(
        ["bash", "-euc", f"{text}\necho fine"], env=user.environ, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("fine\n", "")
