"""What a handler may use: its caller's terminal, environment, directory and standard input."""

import os
from collections.abc import Iterable
from pathlib import Path

import pytest

from isaacd.context import TTY, Context, Meta, Origin, Terminal
from isaacd.errors import ConfigInvalid, InvalidParams
from tests.fake_caller import FakeEvents
from tests.fakes import FakeServices

TERM = {"TERM": "xterm"}


@pytest.mark.parametrize(
    ("tty", "environ", "color"),
    [
        (None, {}, False),
        (TTY(stdout=True), TERM, True),
        (TTY(stdout=True), {}, False),
        (TTY(stdout=True), {"TERM": "dumb"}, False),
        (TTY(stdout=False), TERM, False),
        (TTY(stdout=True), {**TERM, "NO_COLOR": "1"}, False),
        (TTY(stdout=True), {**TERM, "NO_COLOR": ""}, True),
        (TTY(stdout=True), {**TERM, "CLICOLOR": "0"}, False),
        (TTY(stdout=False), {"FORCE_COLOR": "1"}, True),
        (TTY(stdout=False), {"FORCE_COLOR": "0"}, False),
        (TTY(stdout=False), {"CLICOLOR_FORCE": "1"}, True),
        (TTY(stdout=False), {"CLICOLOR_FORCE": "0"}, False),
        (TTY(stdout=False), {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
    ],
)
def test_colour_is_where_the_caller_wants_it(tty: TTY | None, environ: dict[str, str], color: bool) -> None:
    terminal = Terminal.of(tty, environ)
    assert terminal.color is color
    assert terminal.style("x", 1, 31) == ("\x1b[1;31mx\x1b[0m" if color else "x")
    assert terminal.style("", 1) == ""


@pytest.mark.parametrize(("columns", "used"), [(0, 80), (-5, 20), (1, 20), (100, 100), (10**9, 1000)])
def test_the_width_is_never_nonsense(columns: int, used: int) -> None:
    assert Terminal.of(TTY(columns=columns, lines=-1), {}) == Terminal(columns=used, lines=1)


def test_the_daemon_s_own_terminal_does_not_count() -> None:
    services = FakeServices({"NO_COLOR": "1", "FORCE_COLOR": "1", "TERM": "dumb"})
    assert Context(services, Meta(tty=TTY(stdout=True), env=TERM)).terminal.color
    assert not Context(services, Meta(tty=TTY(stdout=True))).terminal.color


def test_the_caller_s_variables_lie_over_the_daemon_s() -> None:
    services = FakeServices({"A": "daemon", "B": "daemon"})
    context = Context(services, Meta(env={"A": "caller"}, cwd="/here"))
    assert context.environ == {"A": "caller", "B": "daemon"}
    assert context.cwd == Path("/here")
    assert Context(services).environ is services.environ
    assert Context(services).cwd is None


def test_the_configuration_is_the_caller_s_and_read_once() -> None:
    context = Context(FakeServices(), Meta(env={"ISAAC_LOG_LEVEL": "error"}), sets=("daemon.idle_exit_s=5",))
    assert (context.config.log.level, context.config.daemon.idle_exit_s) == ("error", 5)
    assert context.loaded is context.loaded
    with pytest.raises(ConfigInvalid):
        assert Context(FakeServices(), sets=("no.such=1",)).config


def piped(chunks: Iterable[bytes], tty: TTY | None = TTY(stdin=False)) -> Context:  # noqa: B008 - frozen
    return Context(FakeServices(), Meta(tty=tty), FakeEvents(chunks))


@pytest.mark.anyio
async def test_standard_input_is_read_to_its_end() -> None:
    assert await piped([b"a line of a log, ", b"cut \xff"]).read_input() == "a line of a log, cut \ufffd"
    assert await piped([]).read_input() == ""
    assert await piped([b"1234"]).read_input(4) == "1234"
    assert await piped(["é".encode()[:1], "é".encode()[1:]]).read_input() == "é"


@pytest.mark.parametrize(
    "data",
    [b"\x7fELF\0\0", b"h\0i\0", "Привет".encode("cp1251"), "café".encode("latin1"), bytes(range(1, 256))],
)
@pytest.mark.anyio
async def test_standard_input_that_is_no_text_is_refused_with_what_to_do(data: bytes) -> None:
    with pytest.raises(InvalidParams, match="is not text in UTF-8") as refused:
        await piped([data]).read_input()
    assert "iconv" in (refused.value.hint or "")


@pytest.mark.anyio
async def test_too_much_standard_input_is_refused_as_soon_as_it_is_too_much() -> None:
    context = piped([b"123", b"45", b"never read"])
    with pytest.raises(InvalidParams, match="standard input is longer"):
        await context.read_input(4)
    assert await context.read() == b"never read"


@pytest.mark.anyio
async def test_a_terminal_or_a_caller_without_one_gives_no_input() -> None:
    assert await piped([b"x"], TTY(stdin=True)).read_input() is None
    assert await piped([b"x"], None).read_input() is None
    assert await Context(FakeServices(), Meta(tty=TTY(stdin=False))).read_input() is None


@pytest.mark.anyio
async def test_events_that_nobody_wants_are_lost() -> None:
    context = Context(FakeServices())
    await context.emit("delta", "x")
    await context.progress(1, 2, "x")
    assert await context.events.read(1) is None
    await context.events.emit("delta", "x")
    events = FakeEvents()
    await Context(FakeServices(), Meta(), events).progress(1, None, "reading")
    assert events.sent == [("progress", {"done": 1, "total": None, "label": "reading"})]


def test_plans_belong_to_a_connection_and_those_of_command_lines_to_a_session_of_processes() -> None:
    here = Origin(7, os.getpid)
    assert here.owner(is_command_line=False) == "connection 7"
    assert here.owner(is_command_line=True) == f"session {os.getsid(0)}"
    for gone in (Origin(7), Origin(7, lambda: 2**22 + 1)):
        assert gone.owner(is_command_line=True) == "connection 7"
