"""Whatever strangers say reaches a terminal only as something to read: from plugins, models, histories and logs."""

import re
import subprocess
from collections.abc import Iterator

import pytest

from tests.daemon import Daemon, running
from tests.pty_person import at_terminal

# A title, a report that types, a clipboard, a cursor, C1's own CSI, a right-to-left override, a bell, a backspace.
HOSTILE = "a\x1b]0;title\x07b\x1b[6nc\x1b]52;c;cm0gLXJm\x07d\x1b[2J\x1b[He\x9b31mf\u202eg\x07h\x08i\x00j\x1bPq\x1b\\k"
PLUGIN = f'''
from collections.abc import AsyncIterator
from isaacd.api import Context, NotFound, Plugin

HOSTILE = {HOSTILE!r}
plugin = Plugin("evil", summary="Says bad things.")

@plugin.command
def text(context: Context) -> str:
    """Return it."""
    return HOSTILE

@plugin.command
def data(context: Context) -> dict[str, object]:
    """Return it as data."""
    return {{HOSTILE: [HOSTILE, {{"deep": HOSTILE}}]}}

@plugin.command
def table(context: Context) -> list[dict[str, str]]:
    """Return it as rows."""
    return [{{"name": HOSTILE, "what": HOSTILE}}]

@plugin.command
async def stream(context: Context) -> AsyncIterator[str]:
    """Stream it, a character at a time."""
    for char in HOSTILE:
        yield char

@plugin.command
async def events(context: Context) -> str:
    """Send it as progress and as lines of a log."""
    await context.progress(0.5, label=HOSTILE)
    await context.emit("log", HOSTILE)
    context.log.warning(HOSTILE, reason=HOSTILE)
    return "done"

@plugin.command
def fail(context: Context) -> str:
    """Fail with it."""
    raise NotFound(HOSTILE, hint=HOSTILE, detail={{"what": HOSTILE}})

@plugin.command
def crash(context: Context) -> str:
    """Crash with it."""
    raise RuntimeError(HOSTILE)
'''
# Isaac's own: colours, clearing the rest of a line, the cursor at the start of it, hidden and shown.
_OURS = re.compile(r"\x1b\[[0-9;]{0,16}m|\x1b\[[0-2]?K|\x1b\[[0-9]{0,2}[AG]|\x1b\[\?25[lh]|\x1b\[J|\r")
_STEERS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@pytest.fixture(scope="module")
def daemon() -> Iterator[Daemon]:
    with running(plugins={"evil": PLUGIN}, config='[log]\nlevel = "debug"\n') as daemon:
        home = daemon.home
        home.isaacctl("notes", "add", HOSTILE.replace("\0", ""), "--tag", "t")
        home.isaacctl("tasks", "run", "--label", HOSTILE.replace("\0", ""), "--", "evil", "text")
        home.isaacctl("tasks", "wait")
        (home.directory / "h").write_text(f"make {HOSTILE}\n")
        home.isaacctl("history", "import", "bash", str(home.directory / "h"))
        yield daemon


DOORS = (
    ("evil", "text"), ("evil", "data"), ("evil", "table"), ("evil", "stream"), ("evil", "events"), ("evil", "fail"),
    ("evil", "crash"), ("notes", "list"), ("notes", "show", "1"), ("notes", "search", "title"), ("tasks", "list"),
    ("tasks", "show", "1"), ("tasks", "follow", "1"), ("history",), ("history", "search", "make"), ("history", "stats"),
    ("logs", "-n", "200"), ("greet", HOSTILE.replace("\0", "")), (HOSTILE.replace("\0", ""),),
    ("route", HOSTILE.replace("\0", "")), ("explain", HOSTILE.replace("\0", "")),
    ("--set", f"ai.model={HOSTILE}".replace("\0", ""), "config", "show", "ai.model"),
    ("ask", "--provider", HOSTILE.replace("\0", ""), "x"), ("plugins", "info", HOSTILE.replace("\0", "")),
)  # fmt: skip


@pytest.mark.parametrize(
    "words", DOORS, ids=lambda words: " ".join(words[:2]).encode("unicode_escape").decode()[:30]
)
def test_no_door_lets_it_steer_a_terminal(daemon: Daemon, words: tuple[str, ...]) -> None:
    with at_terminal(["-m", "isaacctl", *words], daemon.home.environ) as person:
        person.leaves()
    shown = _OURS.sub("", person.raw)
    assert not _STEERS.search(shown), ascii(person.raw)


@pytest.mark.parametrize(
    "words", [("evil", "fail"), ("evil", "crash"), ("evil", "events"), (HOSTILE.replace("\0", ""),)]
)
def test_standard_error_is_harmless_in_a_pipe_too(daemon: Daemon, words: tuple[str, ...]) -> None:
    """What is written there is meant for people, and ends up on a terminal even when the output does not."""
    done: subprocess.CompletedProcess[str] = daemon.home.isaacctl(*words)
    assert not _STEERS.search(_OURS.sub("", done.stderr)), ascii(done.stderr)
