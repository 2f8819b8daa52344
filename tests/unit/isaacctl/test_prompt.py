"""Lines and confirmations at a real terminal: what is typed, what is sent, and what Ctrl-C and Ctrl-D do."""

import os

import pytest

from tests.client_runs import eventually, home
from tests.fake_daemon import serving
from tests.pty_person import at_terminal

CTRL_C, CTRL_D, UP = "\x03", "\x04", "\x1b[A"


@pytest.fixture
def user():
    with home() as made:
        yield made


def asking(*questions):
    """A daemon that asks these questions, shows each answer, and tells the last messages in `got`."""
    got = []

    def script(peer, message):
        for number, (kind, data) in enumerate(questions, 1):
            peer.event(kind, {"question": number, "prompt": f"q{number}> ", **data}, seq=number)
            said = peer.receive()
            got.append(said)
            if said is None:
                return
        peer.result({"exit": 0, "out": "bye\n"})

    return got, script


def answers(got):
    return [said[2][1] for said in got]


def talk(user, script, **options):
    return at_terminal(["-m", "isaacctl", "chat"], user.environ, cwd=str(user.base), **options)


def test_a_line_is_sent_with_its_end_and_the_number_of_its_question(user):
    got, script = asking(("line", {"stays": True}))
    with serving(user.directory, script), talk(user, script) as person:
        person.reads("q1> ")
        person.types("grüße 漢字\r")
        person.reads("bye")
        assert person.leaves() == 0
    assert got == [[2, "$/input", [1, "grüße 漢字\n".encode(), 1]]]


def test_an_empty_line_is_no_end_and_ctrl_d_is(user):
    got, script = asking(*[("line", {"stays": True})] * 2)
    with serving(user.directory, script), talk(user, script) as person:
        person.reads("q1> ")
        person.types("\r")
        person.reads("q2> ")
        person.types(CTRL_D)
        assert person.leaves() == 0
    assert answers(got) == [b"\n", b""]


def test_ctrl_c_discards_what_was_typed_and_leaves_where_there_is_nothing(user):
    got, script = asking(*[("line", {"stays": True})] * 2)
    with serving(user.directory, script), talk(user, script) as person:
        person.reads("q1> ")
        person.types("wrong")
        person.reads("wrong")
        person.presses(CTRL_C)
        person.reads("q1> ")
        person.types("right\r")
        person.reads("q2> ")
        person.presses(CTRL_C)
        assert person.leaves() == 0
    assert answers(got) == [b"right\n", b""]


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("one \\\rtwo\r", "one \ntwo\n"),
        ('"""one\rtwo \\\r\rthree"""\r', "one\ntwo \\\n\nthree\n"),
        ('"""one"""\r', "one\n"),
        ("\x1b[200~pasted\nlines\x1b[201~\r", "pasted\nlines\n"),
    ],
)
def test_a_message_may_have_several_lines(user, typed, sent):
    got, script = asking(("line", {"stays": True, "multiline": True}))
    with serving(user.directory, script), talk(user, script) as person:
        person.reads("q1> ")
        person.types(typed)
        assert person.leaves() == 0
    assert answers(got) == [sent.encode()]


def test_lines_are_remembered_in_a_private_file(user):
    file = user.base / "state/history"
    question = ("line", {"stays": True, "multiline": True, "history": str(file)})
    got, script = asking(question, question)
    with serving(user.directory, script):
        with talk(user, script) as person:
            person.reads("q1> ")
            person.types("first \\\rsecond\\n\r")
            person.reads("q2> ")
            person.types(CTRL_D)
            assert person.leaves() == 0
        with talk(user, script) as person:
            person.reads("q1> ")
            person.types(UP + "\r")
            person.reads("q2> ")
            person.types(UP + UP + "\r")
            assert person.leaves() == 0
    assert answers(got) == [b"first \nsecond\\n\n", b"", b"first \nsecond\\n\n", b"first \nsecond\\n\n"]
    assert file.stat().st_mode & 0o777 == 0o600
    assert len(file.read_text().splitlines()) == 1


def test_a_line_may_begin_with_text_and_words_are_completed(user):
    question = ("line", {"stays": True, "text": "/re", "words": ["/retry", "/help"]})
    got, script = asking(question)
    with serving(user.directory, script), talk(user, script) as person:
        person.reads("/re")
        person.types("\t\r")
        assert person.leaves() == 0
    assert answers(got) == [b"/retry\n"]


def test_a_hidden_line_is_not_shown(user):
    got, script = asking(("line", {"hidden": True}))
    with serving(user.directory, script), talk(user, script) as person:
        person.reads("q1> ")
        person.types("sesame\r")
        assert person.leaves() == 0
        assert "sesame" not in person.screen
    assert answers(got) == [b"sesame\n"]


@pytest.mark.parametrize(("typed", "sent"), [("y\r", b"y\n"), ("\r", b"\n"), (CTRL_D, b"")])
def test_a_confirmation_is_read_from_the_terminal_even_if_something_is_piped_in(user, typed, sent):
    got, script = asking(("confirm", {}))
    reading, writing = os.pipe()
    os.write(writing, b"y\ny\n")
    os.close(writing)
    with serving(user.directory, script), talk(user, script, stdin=reading) as person:
        person.reads("q1> ")
        person.types(typed)
        assert person.leaves() == 0
    os.close(reading)
    assert answers(got) == [sent]


def test_without_a_terminal_the_answer_is_no(user):
    got, script = asking(("confirm", {}), ("line", {}))
    with serving(user.directory, script):
        done = user.run("chat", input="y\ny\n", start_new_session=True)
    assert done.returncode == 0
    assert answers(got) == [b"", b""]


def test_a_confirmation_that_takes_too_long_is_no(user):
    got, script = asking(("confirm", {"timeout_ms": 50}))
    with serving(user.directory, script), talk(user, script) as person:
        person.reads("q1> ")
        assert person.leaves() == 0
    assert answers(got) == [b""]


def test_ctrl_c_at_a_confirmation_is_no_and_stops_the_command(user):
    got = []

    def script(peer, message):
        peer.event("confirm", {"question": 1, "prompt": "sure? "})
        got.extend([peer.receive(), peer.receive()])
        peer.error({"code": -32800, "message": "cancelled", "data": {"name": "cancelled"}})

    with serving(user.directory, script), talk(user, script) as person:
        person.reads("sure? ")
        person.presses(CTRL_C)
        assert person.leaves() == 130
    # The cancelling first: after a plain no the daemon would go on with something else.
    assert got == [[2, "cancel", [1]], [2, "$/input", [1, b"", 1]]]


def test_ctrl_c_while_an_answer_comes_stops_that_answer_only(user):
    got = []

    def script(peer, message):
        peer.event("line", {"question": 1, "prompt": "q1> ", "stays": True})
        got.append(peer.receive())
        peer.event("out", "streaming ")
        got.append(peer.receive())
        peer.event("line", {"question": 2, "prompt": "q2> ", "stays": True})
        got.append(peer.receive())
        peer.result({"exit": 0})

    with serving(user.directory, script), talk(user, script) as person:
        person.reads("q1> ")
        person.types("go\r")
        person.reads("streaming")
        person.presses(CTRL_C)
        person.reads("q2> ")
        person.types("on\r")
        assert person.leaves() == 0
    assert got[1] == [2, "$/interrupt", [1]]
    assert got[2] == [2, "$/input", [1, b"on\n", 2]]


def test_a_second_ctrl_c_within_a_second_leaves(user):
    seen = []

    def script(peer, message):
        peer.event("line", {"question": 1, "prompt": "q1> ", "stays": True})
        peer.receive()
        peer.event("out", "streaming ")
        seen.append(peer.receive())
        peer.receive()

    with serving(user.directory, script), talk(user, script) as person:
        person.reads("q1> ")
        person.types("go\r")
        person.reads("streaming")
        person.presses(CTRL_C)
        assert eventually(lambda: bool(seen))
        person.presses(CTRL_C)
        assert person.leaves() == 130
