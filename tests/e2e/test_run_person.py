"""`isaacctl run` before a person at a terminal: who says yes, no, nothing, and who presses keys."""

import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.daemon import DEADLINE_S, Daemon, eventually, running
from tests.pty_person import Person, at_terminal

CTRL_C, CTRL_D, CTRL_BACKSLASH, CTRL_Z = "\x03", "\x04", "\x1c", "\x1a"

# Speaks like a model: what it says stands in the variable; `slow` takes longer than anybody waits.
MODEL = '''
"""A model whose words are given."""

import anyio

from isaacd.api import Candidate, ChatRequest, Finish, Plugin, TextDelta, Usage

plugin = Plugin("oracle", summary="A model whose words are given.", version="1")


@plugin.provider
class Oracle:
    kind = "oracle"

    def __init__(self, name, config, host):
        self.name = name
        self.said = (config.model or "").replace("|", chr(10)).replace("ESC", chr(27))

    async def stream(self, request):
        if self.said == "slow":
            await anyio.sleep(60)
        yield TextDelta(self.said)
        yield Finish(reason="stop", model="m", usage=Usage(input_tokens=1, output_tokens=1))

    async def aclose(self):
        pass
'''
OFFERER = '''
"""Offers a line."""

from isaacd.api import Argument, Context, Handover, Plugin
from typing import Annotated

plugin = Plugin("offerer", summary="Offer a line.", version="1", capabilities=("run",))


@plugin.command
async def offerer(context: Context, line: Annotated[str, Argument("It.")]) -> Handover | None:
    """Offer a line.

    Examples:
        isaacctl offerer ls
    """

    async def explain(line: str) -> str:
        return f"it is {line}\\x1b[2J"

    return await context.plans.offer(line, about="to do something", explain=explain)
'''
# A line that a person's own rule makes one of tier 4, and that does no harm.
SAFETY = '[[rule]]\ncommand = "printf"\ntier = "4"\nreason = "it is precious"\n'


@pytest.fixture(scope="module")
def daemon() -> Iterator[Daemon]:
    with running(plugins={"oracle": MODEL, "offerer": OFFERER}) as made:
        made.home.config.parent.mkdir(parents=True, exist_ok=True)
        (made.home.config.parent / "safety.toml").write_text(SAFETY)
        made.home.environ["SHELL"] = "/bin/bash"
        yield made


@pytest.fixture
def folder(daemon: Daemon, tmp_path: Path) -> Path:
    return tmp_path


def sit_down(
    daemon: Daemon, folder: Path, *argv: str, stdin: int | None = None, command: str = "run"
) -> AbstractContextManager[Person]:
    return at_terminal(["-m", "isaacctl", command, *argv], daemon.home.environ, cwd=str(folder), stdin=stdin)


def test_yes_runs_it_and_the_reasons_stand_above_the_question(daemon: Daemon, folder: Path) -> None:
    with sit_down(daemon, folder, "python3 -c 0 > made; echo $((40 + 2)) done; sh -c 'exit 3'") as person:
        above = person.reads("Run it? [y/N] ")
        assert "tier 3" in above
        assert "$ python3 -c 0 > made" in above
        person.types("y\r")
        person.reads("42 done")
        assert person.leaves() == 3
    assert (folder / "made").exists()


@pytest.mark.parametrize("said", ["n\r", "\r", "yesno\r", "x\r", CTRL_D, "Y E S\r"])
def test_all_other_answers_are_a_no(daemon: Daemon, folder: Path, said: str) -> None:
    with sit_down(daemon, folder, "make x; touch made") as person:
        person.reads("Run it? [y/N] ")
        person.types(said)
        person.reads("not run")
        assert person.leaves() == 77
    assert not (folder / "made").exists()


def test_ctrl_c_at_the_question_ends_it(daemon: Daemon, folder: Path) -> None:
    with sit_down(daemon, folder, "make x; touch made") as person:
        person.reads("Run it? [y/N] ")
        person.presses(CTRL_C)
        assert person.leaves() == 130
    assert not (folder / "made").exists()


def test_what_was_typed_before_the_question_is_no_answer(daemon: Daemon, folder: Path) -> None:
    with sit_down(daemon, folder, "make x; touch made") as person:
        person.types("y\ry\ry\r")
        person.reads("Run it? [y/N] ")
        person.types("\r")
        assert person.leaves() == 77
    assert not (folder / "made").exists()


def test_the_phrase_runs_what_destroys_and_nothing_else_does(daemon: Daemon, folder: Path) -> None:
    for said, code in (("y\r", 77), ("yes\r", 77), ("run printf\r", 77), ("", 0)):
        with sit_down(daemon, folder, "--yes", "printf %s-%s ran away") as person:
            person.reads("Type `")
            phrase = person.reads("`")
            person.reads(": ")
            person.types(said or f"{phrase}\r")
            if not code:
                person.reads("ran-away")
            assert person.leaves() == code
            assert ("ran-away" in person.screen) == (code == 0)


@pytest.mark.parametrize("argv", [(), ("--yes",)])
def test_without_a_terminal_the_phrase_cannot_be_typed_and_yes_does_not_stand_for_it(
    daemon: Daemon, folder: Path, argv: tuple[str, ...]
) -> None:
    for feed in (b"", b"run printf %s ran\n" * 5, b"y\n" * 20):
        done = alone(daemon, folder, *argv, "printf %s ran", stdin=feed)
        assert (done.returncode, done.stdout) == (77, b"")


def alone(
    daemon: Daemon, folder: Path, *argv: str, stdin: bytes = b"", environ: dict[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run it in a session of its own, without any terminal."""
    return subprocess.run(
        [sys.executable, "-m", "isaacctl", "run", *argv],
        env=daemon.home.environ | (environ or {}), cwd=folder, input=stdin, capture_output=True,
        timeout=DEADLINE_S, check=False, start_new_session=True,
    )  # fmt: skip


def test_without_a_terminal_the_answer_is_no_whatever_is_piped_in_or_configured(
    daemon: Daemon, folder: Path
) -> None:
    for variable in ("ISAAC_YES", "ISAAC_RUN_YES", "ISAAC_ASSUME_YES"):
        done = alone(daemon, folder, "make x; touch made", stdin=b"y\nyes\n", environ={variable: "1"})
        assert done.returncode in (77, 78), done.stderr
    assert b"--yes" in alone(daemon, folder, "make x; touch made").stderr
    assert alone(daemon, folder, "--set", "run.yes=true", "make x; touch made").returncode == 78
    assert not (folder / "made").exists()


def test_a_pipe_goes_to_the_line_and_the_question_to_the_terminal(daemon: Daemon, folder: Path) -> None:
    read, write = os.pipe()
    os.write(write, b"n\npiped in\n")
    os.close(write)
    with sit_down(daemon, folder, "cat > got; python3 -c 0; cat got", stdin=read) as person:
        person.reads("Run it? [y/N] ")
        person.types("y\r")
        person.reads("piped in")
        assert person.leaves() == 0
    os.close(read)
    assert (folder / "got").read_text() == "n\npiped in\n"


def test_a_program_that_asks_has_the_terminal(daemon: Daemon, folder: Path) -> None:
    line = "test -t 0 && test -t 1 && test -t 2 && stty size && read -rp 'name: ' n && echo \"hello $n\""
    with sit_down(daemon, folder, "--yes", line) as person:
        person.reads("24 80")
        person.reads("name: ")
        person.types("ada\r")
        person.reads("hello ada")
        assert person.leaves() == 0
    with sit_down(
        daemon, folder, "--yes", "stty -echo; read -rp 'secret: ' n; stty echo; echo; echo ${#n}"
    ) as person:
        person.reads("secret: ")
        person.types("hidden\r")
        person.reads("6")
        assert person.leaves() == 0
        assert "hidden" not in person.screen


@pytest.mark.parametrize(("key", "number"), [(CTRL_C, signal.SIGINT), (CTRL_BACKSLASH, signal.SIGQUIT)])
def test_keys_that_end_a_program_end_the_client_by_the_same_signal(
    daemon: Daemon, folder: Path, key: str, number: signal.Signals
) -> None:
    # Not a shell: bash ignores SIGQUIT.
    code = "import signal, time; signal.signal(2, signal.SIG_DFL); print('rea' + 'dy', flush=True); time.sleep(60)"
    with sit_down(daemon, folder, "--yes", f'exec {sys.executable} -c "{code}"') as person:
        person.reads("ready")
        person.types(key)
        assert person.leaves() == -number


def test_ctrl_c_before_the_program_has_begun_keeps_it_from_beginning(daemon: Daemon, folder: Path) -> None:
    with sit_down(daemon, folder, "trap '' INT; echo started; touch made; sleep 0.5") as person:
        person.reads("running: ")
        person.types(CTRL_C)
        assert person.leaves() in (0, 130, -signal.SIGINT)
        if person.exit:
            assert not (folder / "made").exists()


def test_a_program_that_handles_ctrl_c_goes_on(daemon: Daemon, folder: Path) -> None:
    line = "trap 'echo got it; n=1' INT; echo rea''dy; while test -z $n; do sleep 0.05; done; echo on; exit 5"
    with sit_down(daemon, folder, "--yes", line) as person:
        person.reads("ready")
        person.types(CTRL_C)
        person.reads("got it")
        person.reads("on")
        assert person.leaves() == 5


def a_shell(daemon: Daemon, folder: Path) -> AbstractContextManager[Person]:
    start = "import os; os.execvp('bash', ['bash', '--norc', '--noprofile', '-i'])"
    environ = {**daemon.home.environ, "PS1": "PROMPT> ", "ISAAC": f"{sys.executable} -m isaacctl"}
    return at_terminal(["-c", start], environ, cwd=str(folder))


def test_ctrl_z_stops_both_and_fg_goes_on_with_both(daemon: Daemon, folder: Path) -> None:
    with a_shell(daemon, folder) as person:
        person.reads("PROMPT> ")
        for _ in range(3):
            person.types("$ISAAC run \"echo rea''dy; cat\"; echo code $?\r")
            person.reads("ready")
            person.types("first\r")
            person.reads("first")
            person.reads("first")
            person.types(CTRL_Z)
            person.reads("Stopped")
            person.reads("code 148")
            person.reads("PROMPT> ")
            person.insists("fg\r", "cat")
            person.types("second\r")
            person.reads("second")
            person.reads("second")
            person.types(CTRL_D)
            person.reads("PROMPT> ")
        person.types("jobs; exit\r")
        person.reads("exit")
        assert person.leaves() == 0


def test_a_program_that_stops_itself_stops_the_client_and_goes_on_with_it(
    daemon: Daemon, folder: Path
) -> None:
    with a_shell(daemon, folder) as person:
        person.reads("PROMPT> ")
        person.types("$ISAAC run --yes 'echo $$ > pid; kill -STOP $$; echo went on'\r")
        person.reads("Stopped")
        person.reads("PROMPT> ")
        person.insists("fg\r", "went on")
        person.reads("PROMPT> ")
        person.types("$ISAAC run --yes 'sleep 0.2; read x; echo got $x' &\r")
        person.reads("PROMPT> ")
        eventually(lambda: "T" in states("read x; echo got"), "the reader to be stopped")
        person.insists("fg\r", "run --yes")
        person.types("it\r")
        person.reads("got it")
        person.types("exit\r")
        assert person.leaves() == 0


def states(text: str) -> str:
    """Return the states of the processes whose command line has a text in it."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if text.encode() in (process / "cmdline").read_bytes():
                found.append((process / "stat").read_text().rpartition(")")[2].split()[0])
        except OSError:
            continue
    return "".join(found)


def test_a_loop_in_the_shell_ends_with_ctrl_c_as_it_would_without(daemon: Daemon, folder: Path) -> None:
    with a_shell(daemon, folder) as person:
        person.reads("PROMPT> ")
        person.types("for i in 1 2 3; do $ISAAC run 'echo turn; exec sleep 60'; done; echo af''ter\r")
        person.reads("turn")
        person.reads("turn")
        person.types(CTRL_C)
        person.reads("PROMPT> ")
        person.types("exit\r")
        person.leaves()
        assert "after" not in person.screen


def test_a_mistake_is_offered_and_what_is_meant_runs_as_its_own_tier_demands(
    daemon: Daemon, folder: Path
) -> None:
    for said, shown, code in (
        ("y\r", "git version", 0),
        ("n\r", "gti: command not found", 127),
        ("c\r", "not run", 77),
        ("\r", "not run", 77),
    ):
        with sit_down(daemon, folder, "gti --version") as person:
            person.reads("Did you mean `git --version`?")
            person.reads(": ")
            person.types(said)
            person.reads(shown)
            assert person.leaves() == code


def test_nothing_in_a_line_steers_the_terminal_or_hides(daemon: Daemon, folder: Path) -> None:
    line = "make \x1b[2J\x1b]0;title\x07 a\u202eb\u200bc\r\n\n\n   touch made\x9b2J"
    with sit_down(daemon, folder, line) as person:
        person.reads("run it as typed, [c]ancel: ")
        person.types("n\r")
        shown = person.reads("Run it? [y/N] ")
        person.types("\r")
        assert person.leaves() == 77
        raw = person.raw
    assert "\\x1b[2J\\x1b]0;title\\x07 a\\u202eb\\u200bc\\x0d" in shown
    assert ">    touch made\\x9b2J" in shown.replace("\xa0", " ")
    assert not any(char in raw for char in ("\x1b]", "\x1b[2J", "\u202e", "\u200b", "\x9b", "\x07"))
    assert "U+202E" in shown


def test_all_of_a_long_line_is_shown(daemon: Daemon, folder: Path) -> None:
    line = "make " + " ".join(f"target{number}" for number in range(2000)) + "; touch made"
    with sit_down(daemon, folder, line) as person:
        shown = person.reads("Run it? [y/N] ")
        person.types("\r")
        assert person.leaves() == 77
    flat = shown.replace("\n", "")
    assert "target1000" in flat
    assert "touch made" in flat
    assert "more than anybody reads" in flat


def test_what_changes_while_the_person_reads_is_asked_about_again(daemon: Daemon, folder: Path) -> None:
    script = folder / "do.sh"
    script.write_text("echo good\n")
    with sit_down(daemon, folder, "sh do.sh") as person:
        person.reads("Run it? [y/N] ")
        script.write_text("echo evil; touch made\n")
        person.types("y\r")
        person.reads("has changed")
        person.reads("Run it? [y/N] ")
        person.types("n\r")
        assert person.leaves() == 77
    assert not (folder / "made").exists()


# The AI.


def asked(
    daemon: Daemon, folder: Path, says: str, line: str = "python3 -c 0; touch made", *argv: str
) -> AbstractContextManager[Person]:
    settings = (
        "--set",
        "ai.providers.o.kind=oracle",
        "--set",
        f"ai.providers.o.model={says}",
        "--set",
        "ai.order=o",
    )
    return sit_down(daemon, folder, *settings, *argv, line)


def test_an_ai_explains_in_words_that_are_marked_as_its_own_and_cannot_steer_the_terminal(
    daemon: Daemon, folder: Path
) -> None:
    with asked(daemon, folder, "It builds x.ESC[2J|tier: 1") as person:
        shown = person.reads("Run it? [y/N] ")
        assert "o (an AI, which may be wrong): It builds x.\\x1b[2J" in shown
        assert "tier 3" in shown, "it lowers nothing"
        person.types("y\r")
        person.leaves()
        assert "\x1b[2J" not in person.raw
    assert (folder / "made").exists()


def test_an_ai_that_thinks_it_worse_has_it_refused_without_the_phrase(daemon: Daemon, folder: Path) -> None:
    for said, code in (("y\r", 77), ("run it anyway\r", 0)):
        with asked(daemon, folder, "It wipes everything.|tier: 4", "touch made; python3 -c 0") as person:
            person.reads("tier 4")
            person.reads("thinks that it is more dangerous")
            person.reads("Type `run it anyway`")
            person.reads(": ")
            person.types(said)
            assert person.leaves() == code
    assert (folder / "made").exists()


def test_an_ai_that_is_slow_or_off_is_not_waited_for(daemon: Daemon, folder: Path) -> None:
    for extra in (("--set", "run.explain_timeout_s=0.2"), ("--set", "run.explain=false")):
        with asked(daemon, folder, "slow", "python3 -c 0; touch made", *extra) as person:
            shown = person.reads("Run it? [y/N] ")
            assert "an AI" not in shown
            person.types("\r")
            assert person.leaves() == 77


# Lines that were made up.


def test_a_line_that_was_made_up_is_run_edited_explained_or_cancelled(daemon: Daemon, folder: Path) -> None:
    with sit_down(daemon, folder, "echo one two", command="offerer") as person:
        above = person.reads("[r]un [e]dit e[x]plain [c]ancel: ")
        assert "to do something" in above
        assert "$ echo one two" in above
        person.types("x\r")
        person.reads("it is echo one two\\x1b[2J")
        person.reads("[c]ancel: ")
        person.types("e\r")
        person.reads("$ echo one two")
        person.types("; python3 -c 0 > made\r")
        person.reads("tier 3")
        person.reads("[c]ancel: ")
        person.types("r\r")
        person.reads("one two")
        assert person.leaves() == 0
    assert (folder / "made").exists()
    for said in ("c\r", "\r", "y\r", CTRL_D):
        with sit_down(daemon, folder, "touch other", command="offerer") as person:
            person.reads("[c]ancel: ")
            person.types(said)
            person.leaves()
    assert not (folder / "other").exists()


def test_a_made_up_line_of_tier_4_demands_its_phrase_behind_the_choice(daemon: Daemon, folder: Path) -> None:
    for said in ("y\r", "r\r", "\r"):
        with sit_down(daemon, folder, "printf %s-%s ran away", command="offerer") as person:
            person.reads("[c]ancel: ")
            person.types("r\r")
            person.reads("Type `")
            person.reads(": ")
            person.types(said)
            person.leaves()
            assert "ran-away" not in person.screen


def test_without_a_terminal_a_made_up_line_is_only_shown(daemon: Daemon, folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "isaacctl", "offerer", "touch made"],
        env=daemon.home.environ, cwd=folder, input=b"r\n" * 5, capture_output=True, timeout=DEADLINE_S, check=False,
        start_new_session=True,
    )  # fmt: skip
    assert done.stdout == b"touch made\n"
    assert b"tier 2" in done.stderr
    assert not (folder / "made").exists()


# What leads elsewhere.


def test_a_question_is_asked_a_command_is_done_and_nothing_is_nothing(daemon: Daemon, folder: Path) -> None:
    assert b"isaacd" in alone(daemon, folder, "/status").stdout
    assert alone(daemon, folder, "? how do I list open ports").stdout
    assert alone(daemon, folder, "# nothing").returncode == 0
    assert json.loads(alone(daemon, folder, "--json", "# nothing").stdout)["kind"] == "nothing"
    assert json.loads(alone(daemon, folder, "--json", "/status").stdout)["pid"] == daemon.pid
    assert json.loads(alone(daemon, folder, "--json", "? how do I list open ports").stdout)
    assert alone(daemon, folder, "").returncode == 2


def test_a_line_for_the_shell_itself_is_handed_back_by_a_descriptor_or_shown(
    daemon: Daemon, folder: Path
) -> None:
    done = alone(daemon, folder, "cd /")
    assert (done.returncode, done.stdout) == (121, b"cd /\n")
    assert b"your own shell" in done.stderr
    function = (
        'isaac() { local line code; exec {fd}<>"$PWD/eval"; ISAAC_EVAL_FD=$fd $ISAAC run "$@"; code=$?; exec {fd}>&-; '
        'line=$(<eval); rm eval; case $line in ""|$\'\\x1e\'*) return $code;; esac; eval "$line"; }; '
    )
    script = f"{function} isaac 'cd sub && X=$((6*7))'; echo $PWD $X; isaac --yes 'env | grep -c ISAAC_EVAL'; echo $?"
    (folder / "sub").mkdir()
    environ = {**daemon.home.environ, "ISAAC": f"{shlex.quote(sys.executable)} -m isaacctl"}
    ran = subprocess.run(
        ["bash", "-c", script], env=environ, cwd=folder, capture_output=True, timeout=DEADLINE_S, check=False,
        stdin=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    assert ran.stdout.decode().split() == [f"{folder}/sub", "42", "0", "1"], ran.stderr


def test_dry_run_shows_the_plan_and_runs_nothing(daemon: Daemon, folder: Path) -> None:
    done = alone(daemon, folder, "--dry-run", "python3 -c 0; touch made")
    assert done.returncode == 0
    assert b"tier 3" in done.stdout
    told = json.loads(alone(daemon, folder, "--dry-run", "--yes", "--json", "rm -rf /").stdout)
    assert (told["tier"], told["demand"], told["kind"]) == ("4", "phrase", "shell")
    assert told["phrase"]
    assert not (folder / "made").exists()
