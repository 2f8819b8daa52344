"""What we make of a line is what bash makes of it: the same commands, the same words, the same mistakes."""

import tempfile
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from isaacd.shell.find import Commands, commands
from isaacd.shell.invocation import Invocation
from isaacd.shell.parse import MAX_LINE_BYTES, Parser
from tests.bash_lines import BASH, Lines, accepted_by_bash, run_by_bash

needs_bash = pytest.mark.skipif(BASH is None, reason="bash is not installed")
PARSER = Parser()
LINES_A_BATCH = 60
BATCHES = [(seed, depth) for depth in (1, 2) for seed in range(4)]


def found_in(line: str) -> Commands:
    return commands(PARSER.parse(line), PARSER)


def stands_for(invocation: Invocation, argv: tuple[str, ...]) -> bool:
    """Say whether a command that we found can be one that bash ran."""
    if not invocation.words or invocation.name is None:
        return invocation.unseen is not None
    seen = invocation.argv
    open_ended = None in seen or any(word.is_pattern or word.is_expanded for word in invocation.words)
    return seen[0] == argv[0] if open_ended else seen == argv


@needs_bash
@pytest.mark.parametrize(("seed", "depth"), BATCHES)
def test_every_command_that_bash_runs_is_found_or_the_line_is_faulty(
    seed: int, depth: int, tmp_path: Path
) -> None:
    lines = [Lines(Random(seed * 1_000_003 + index)).line(depth) for index in range(LINES_A_BATCH)]
    for line, ran in zip(lines, run_by_bash(lines, tmp_path), strict=True):
        found = found_in(line)
        if not found.faults:
            lost = [argv for argv in ran if not any(stands_for(item, argv) for item in found.invocations)]
            assert not lost, line


@needs_bash
@pytest.mark.parametrize("seed", range(3))
def test_no_line_that_bash_accepts_is_faulty(seed: int) -> None:
    lines = [Lines(Random(seed * 7_919 + index)).line(1) for index in range(LINES_A_BATCH)]
    judged = [
        (line, is_good, found_in(line).faults)
        for line, is_good in zip(lines, accepted_by_bash(lines), strict=True)
    ]
    # Bash forgives a here-document that has no text; we say so.
    faulty = [
        line for line, is_good, faults in judged if is_good and faults and "here-document" not in faults[0]
    ]
    assert faulty == []


@needs_bash
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(
        st.builds(lambda seed: Lines(Random(seed)).word(0), st.integers(0, 10**9)), min_size=40, max_size=80
    )
)
def test_words_have_the_values_that_bash_gives_them(words: list[str]) -> None:
    lines = [f"show {word} {word}" for word in words]
    with tempfile.TemporaryDirectory() as folder:
        ran = run_by_bash(lines, Path(folder))
    for line, argvs in zip(lines, ran, strict=True):
        for argv in argvs:
            assert any(stands_for(item, argv) for item in found_in(line).invocations), line


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="ab $`\"'\\(){}[]<>|&;\n#!=*?~,.-@1é\udc80", max_size=80))
def test_no_text_makes_us_fail(text: str) -> None:
    found_in(text)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            "if then else elif fi for in do done while until case esac ;; ( ) { } [[ ]] (( )) $( ` ${ \" ' ; & && || | |& < > >> << <<< <( "
            "! time coproc function select a b=c $x f() eval sudo sh -c find -exec xargs alias trap \n \\ # {a,b} {1..9} E".split(
                " "
            )
        ),
        max_size=40,
    )
)
def test_no_jumble_of_what_bash_knows_makes_us_fail(pieces: list[str]) -> None:
    found_in(" ".join(pieces))


@needs_bash
@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(
        st.lists(
            st.sampled_from(
                "if then fi for in do done case esac ;; ( ) { } ; & && || | a b x) \" ' $( <<< < ! }".split()
            ),
            min_size=1,
            max_size=8,
        ).map(" ".join),
        min_size=40,
        max_size=60,
    )
)
def test_what_bash_does_not_accept_is_faulty(lines: list[str]) -> None:
    for line, is_good in zip(lines, accepted_by_bash(lines), strict=True):
        assert is_good or found_in(line).faults, line


@pytest.mark.parametrize(
    "piece",
    [
        "(",
        "$(",
        "`",
        '"$(',
        "${x:-",
        "{a,",
        "a;",
        "a|",
        "((",
        "if ",
        "for i in a b; do ",
        "eval ",
        "sudo ",
        "<<E ",
        "@(",
        "a=(",
        "a\n",
    ],
)
def test_a_line_as_long_as_allowed_is_read_to_an_end(piece: str) -> None:
    line = (piece * MAX_LINE_BYTES)[:MAX_LINE_BYTES]
    found = found_in(line)
    assert found.faults or found.invocations
    assert found_in(line + "x").faults
