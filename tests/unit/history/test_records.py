"""Records survive whatever a command line holds; what is torn is skipped and counted."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isaacctl.spool import record
from isaacd.history.records import Reader, Run

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1).filter(
    str.strip
)


def made(command: str, cwd: str = "/tmp") -> bytes:
    return record(
        command,
        started_us=1_764_560_000_123_456,
        duration_us=250_000,
        exit_code=2,
        session="1.2",
        host="box",
        shell="bash",
        cwd=cwd,
    )


def read(data: bytes, size: int = 1 << 20) -> tuple[list[Run], int]:
    reader = Reader()
    runs = [run for at in range(0, len(data), size) for run in reader.feed(data[at : at + size])]
    reader.end()
    return runs, reader.torn


@given(TEXTS, st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), st.integers(1, 50))
def test_what_is_written_is_read_however_it_is_cut(command, cwd, size):
    runs, torn = read(made(command, cwd) * 3, size)
    assert torn == 0
    assert [(run.command, run.cwd) for run in runs] == [(command.rstrip("\n"), cwd)] * 3
    assert runs[0].started_us == 1_764_560_000_123_456
    assert (runs[0].duration_us, runs[0].exit_code, runs[0].host) == (250_000, 2, "box")


@given(TEXTS, st.data())
def test_a_torn_record_costs_only_itself(command, data):
    whole = made(command)
    torn = whole[: data.draw(st.integers(1, len(whole) - 1))]
    runs, count = read(made("before") + torn + made("after") + torn)
    assert [run.command for run in runs] == ["before", "after"]
    assert count == 2


@given(st.binary(max_size=300))
def test_no_bytes_break_the_reader(noise):
    runs, _ = read(noise + b"\n" + made("ls") + noise)
    assert "ls" in [run.command for run in runs]


def test_bytes_that_are_no_text_are_shown():
    runs, _ = read(made(os.fsdecode(b"cat caf\xe9")))
    assert runs[0].command == "cat caf\\xe9"


def test_halves_of_surrogate_pairs_do_not_stop_a_record():
    assert read(made("echo \ud800"))[0][0].command == "echo ?"


def pieces(key: str, content: bytes, size: int) -> list[bytes]:
    cut = [content[at : at + size] for at in range(0, len(content), size)]
    last = len(cut) - 1
    return [
        b"\x1e%s\t%s\t%d\t%s\n" % (b"=" if n == last else b"+", key.encode(), n, part)
        for n, part in enumerate(cut)
    ]


def test_records_in_pieces_are_put_together_even_if_two_shells_write_at_once():
    one, two = (pieces(key, made(key * 5000)[1:-1], 1000) for key in "ab")
    runs, torn = read(b"".join(piece for pair in zip(one, two, strict=True) for piece in pair))
    assert (sorted(run.command for run in runs), torn) == (["a" * 5000, "b" * 5000], 0)


@pytest.mark.parametrize("missing", [0, 2, -1])
def test_a_record_that_lacks_a_piece_is_torn(missing):
    parts = pieces("a", made("x" * 5000)[1:-1], 1000)
    del parts[missing]
    runs, torn = read(b"".join(parts) + made("ls"))
    assert ([run.command for run in runs], torn) == (["ls"], 1)


@pytest.mark.parametrize(
    "line",
    [
        b"\x1e1\tx\t\t\t\t\t\t/\tls\n",
        b"\x1e1\t-5\t\t\t\t\t\t/\tls\n",
        b"\x1e1\t99999999999999999999\t\t\t\t\t\t/\tls\n",
        b"\x1e1\t\t\t\t\t/\tls\n",
        b"\x1e2\t1\t\t\t\t\t\t/\tls\n",
        b"\x1e1\t1\t\t\t\t\t\t/\tl\0s\n",
        b"ls\n",
    ],
)
def test_what_is_no_record_is_counted(line):
    assert read(line + made("ok")) == (read(made("ok"))[0], 1)


def test_times_that_nobody_knows_are_none():
    (run,), torn = read(b"\x1e1\t\t\t\t\t\t\t\tls\n")
    assert (run, torn) == (Run(command="ls"), 0)
