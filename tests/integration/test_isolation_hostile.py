"""A hostile plugin in a process of its own costs nobody else anything, and reaches nothing that is not its own."""

import fcntl
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest
from msgspec import structs

from isaacd.context import TTY, Meta, Terminal
from isaacd.errors import MethodNotFound, PermissionDenied, PluginFailed
from isaacd.plugin.isolation.fence import expected
from tests.hostile_plugin import HOSTILE
from tests.isolated import PATIENT, Isolated, Recorder, isolated, soon

pytestmark = [pytest.mark.anyio, pytest.mark.skipif(sys.platform != "linux", reason="the fence is Linux's")]
HELD = expected()


@pytest.fixture(params=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, object]]:
    return "asyncio", {"use_uvloop": request.param == "uvloop"}


@pytest.fixture
async def hostile(tmp_path: Path) -> AsyncIterator[Isolated]:
    secrets = {"OPENAI_API_KEY": "sk-secret", "ISAAC_AI__X": "y", "SSH_AUTH_SOCK": "/x"}
    async with isolated(tmp_path, "hostile", HOSTILE, environ=secrets) as one:
        yield one


async def test_it_answers_like_any_other(hostile: Isolated) -> None:
    assert await hostile.run("hello") == "hello world"
    assert await hostile.run("hello", name="ada") == "hello ada"


@pytest.mark.parametrize(
    ("name", "cause"),
    [
        ("leave", "exit code 3"),
        ("crash", "SIGSEGV"),
        ("huge", "cannot be sent"),
        ("bad", "cannot be sent"),
        ("fill", "memory"),
    ],
)
async def test_what_goes_wrong_fails_its_own_call_with_the_cause_and_the_next_call_works(
    hostile: Isolated, name: str, cause: str
) -> None:
    with pytest.raises(PluginFailed) as failed:
        await hostile.run(name)
    assert cause in failed.value.message
    assert "hostile" in failed.value.message
    assert await hostile.run("hello") == "hello world"


async def test_one_that_gives_no_sign_of_life_is_ended_with_that_as_the_cause(tmp_path: Path) -> None:
    async with isolated(tmp_path, "hostile", HOSTILE, patience=structs.replace(PATIENT, hang_s=2.0)) as one:
        with pytest.raises(PluginFailed, match=r"hostile.*no sign of life"):
            await one.run("loop")
        assert await one.run("hello") == "hello world"


async def test_memory_that_fills_little_by_little_ends_at_its_limit(hostile: Isolated) -> None:
    with pytest.raises(PluginFailed) as failed:
        await hostile.run("hoard")
    assert "memory" in failed.value.message
    assert await hostile.run("hello") == "hello world"


async def test_a_crash_fails_only_calls_under_way_and_names_the_plugin_to_each(hostile: Isolated) -> None:
    await hostile.run("hello")
    failures: list[str] = []

    async def wait() -> None:
        with pytest.raises(PluginFailed) as failed:
            await hostile.run("wait")
        failures.append(failed.value.message)

    async with anyio.create_task_group() as group:
        group.start_soon(wait)
        group.start_soon(wait)
        await anyio.wait_all_tasks_blocked()
        assert not await hostile.run("reached", state="ended")
        with pytest.raises(PluginFailed):
            await hostile.run("leave", code=7)
    assert len(failures) == 2
    assert all("exit code 7" in item and "hostile" in item for item in failures)


async def test_crashes_in_a_row_are_left_alone_for_longer_and_longer(hostile: Isolated) -> None:
    for _ in range(4):
        with pytest.raises(PluginFailed):
            await hostile.run("leave")
    with pytest.raises(PluginFailed) as refused:
        await hostile.run("hello")
    assert "4 times in a row" in refused.value.message
    assert refused.value.retry_after_ms
    assert "failed lately: 4 times" in hostile.told


async def test_a_cancelled_call_is_told_to_stop_and_comes_to_its_end(hostile: Isolated) -> None:
    await hostile.run("hello")
    pid = _pid(hostile)
    async with anyio.create_task_group() as group:
        group.start_soon(hostile.run, "wait")
        await _until(hostile, "waiting")
        group.cancel_scope.cancel()
    await _until(hostile, "ended")
    assert _pid(hostile) == pid


async def test_one_that_does_not_stop_is_killed(tmp_path: Path) -> None:
    async with isolated(tmp_path, "hostile", HOSTILE, patience=structs.replace(PATIENT, grace_s=0.5)) as one:
        await one.run("hello")
        pid = _pid(one)
        async with anyio.create_task_group() as group:
            group.start_soon(one.run, "stubborn")
            await _until(one, "waiting")
            group.cancel_scope.cancel()
        await soon(lambda: not _alive(pid), "its end")
        assert await one.run("hello") == "hello world"


async def test_no_secret_reaches_it_by_its_environment(hostile: Isolated) -> None:
    env = {"HOME": "/h", "OPENAI_API_KEY": "sk-secret", "ISAAC_CALLER": "x", "TERM": "xterm"}
    told = await hostile.run("environ", meta=Meta(cwd="/", env=env, tty=TTY()))
    assert "sk-secret" not in str(told)
    assert "SSH_AUTH_SOCK" not in str(told)
    assert told["caller"] == {"HOME": "/h", "TERM": "xterm"}
    assert set(told["own"]) <= {"HOME", "TMPDIR", "PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ"}


@pytest.mark.skipif(
    HELD.landlock < 3, reason="this kernel has no Landlock of that version, and `told` says so"
)
async def test_it_reaches_no_files_but_its_own(hostile: Isolated) -> None:
    found = await hostile.run("files", path=str(hostile.home))
    assert found.pop("own") == "mine"
    assert not [name for name, what in found.items() if what.startswith("done")], found
    assert (hostile.home / ".ssh/id_rsa").read_text() == "PRIVATE KEY"
    assert not (hostile.home / "planted").exists()


@pytest.mark.skipif(not HELD.seccomp, reason="there is no filter of system calls for this machine")
async def test_it_reaches_no_other_process(hostile: Isolated, tmp_path: Path) -> None:
    path = str(tmp_path / "d.sock")
    with socket.socket(socket.AF_UNIX) as daemon:
        daemon.bind(path)
        daemon.listen()
        found = await hostile.run("others", sock=path)
        daemon.setblocking(False)
        with pytest.raises(BlockingIOError):
            daemon.accept()
    assert not [name for name, what in found.items() if what.startswith("done")], found


async def test_it_inherits_nothing_that_was_left_open(tmp_path: Path) -> None:
    secret = os.open(tmp_path, os.O_RDONLY)
    os.set_inheritable(secret, True)
    # A number that nobody uses: to take one that an event loop polls would end this process (libuv aborts).
    high = fcntl.fcntl(secret, fcntl.F_DUPFD, 300)
    try:
        async with isolated(tmp_path, "hostile", HOSTILE) as one:
            kinds = await one.run("open_files")
    finally:
        os.close(secret)
        os.close(high)
    # Its input and output, the loop's selector with its pair, and the conversation.
    assert len(kinds) <= 7
    assert oct(0o4) not in kinds


async def test_threads_are_limited(hostile: Isolated) -> None:
    assert await hostile.run("threads") < 10_000


async def test_what_it_writes_is_kept_in_part_and_redacted(hostile: Isolated) -> None:
    assert await hostile.run("flood") == "done"
    await soon(lambda: "plugin output" in hostile.log, "its output")
    log = hostile.log
    assert len(log) < 200_000
    assert "sk-ant-api03" not in log
    assert "\x1b" not in log


async def test_a_stream_comes_whole_and_in_order(hostile: Isolated) -> None:
    events = Recorder()
    result = await hostile.run("pieces", events=events)
    assert events.events == [("delta", "x" * 1000)] * 2000
    assert result == "x" * 2_000_000


async def test_a_view_runs_over_there_and_its_failure_is_the_plugins(hostile: Isolated) -> None:
    result = await hostile.run("seen")
    seen = next(item for item in hostile.plugin.commands if item.name == "hostile.seen")
    assert result == {"x": 7}
    assert seen.view is not None
    assert seen.view(result, Terminal()) == "\x1b[2Jseen 7 Shape"  # the command line takes the escapes out
    result = await hostile.run("unseen")
    unseen = next(item for item in hostile.plugin.commands if item.name == "hostile.unseen")
    assert result == {"x": 7}
    assert unseen.view is not None
    with pytest.raises(PluginFailed, match="ZeroDivisionError"):
        unseen.view(result, Terminal())


@pytest.mark.parametrize(
    "data",
    [
        "ff" * 10,  # no message
        "94011663c0c3",  # a response to what was not asked
        "9401ce00ffffffc0c3",
        "dd7fffffff",  # an array that would fill the memory
        "c6ffffffff",
        "91" * 200,  # deeper than allowed
        "93a0a0a0",
        "9400c0a1619090",
    ],
)
async def test_garbage_ends_the_conversation_and_nothing_else(hostile: Isolated, data: str) -> None:
    with anyio.fail_after(90), pytest.raises((PluginFailed, TimeoutError)):
        with anyio.fail_after(2):
            await hostile.run("garbage", hexadecimal=data)
    assert await hostile.run("hello") == "hello world"


async def test_it_cannot_ask_for_what_is_not_its_call_nor_for_what_is_not_offered(hostile: Isolated) -> None:
    with pytest.raises(PermissionDenied):
        await hostile.run("raw", method="state.load", params=[99999, ["x"]])
    with pytest.raises(MethodNotFound):
        await hostile.run("raw", method="daemon.stop", params=[1])
    number = await hostile.run("number")
    with pytest.raises(PermissionDenied, match="over"):
        await hostile.run("raw", method="emit", params=[number, "delta", "x"])


async def test_it_cannot_write_to_the_terminal_past_the_command_line(hostile: Isolated) -> None:
    events = Recorder()
    with pytest.raises(PermissionDenied):
        await hostile.run("out", events=events)
    assert not events.events


async def test_very_many_requests_at_once_are_answered_one_after_another(hostile: Isolated) -> None:
    assert await hostile.run("many") == 3000


async def test_what_it_has_not_declared_is_refused_by_name(hostile: Isolated) -> None:
    found = await hostile.run("refusals")
    assert all(text.startswith("PermissionDenied") for text in found.values()), found
    assert "secrets:OPENAI_API_KEY" in str(found["secrets"]) or "without having said so" in found["secrets"]


async def test_a_program_that_was_not_declared_is_not_handed_over(hostile: Isolated) -> None:
    with pytest.raises(PermissionDenied, match="without having declared"):
        await hostile.run("handed")


async def test_its_own_words_cannot_steer_a_terminal(hostile: Isolated) -> None:
    assert "\x1b" not in hostile.manifest.summary
    assert "\x07" not in hostile.manifest.summary


async def test_without_the_process_that_all_are_forked_from_calls_fail_and_the_next_one_works(
    hostile: Isolated,
) -> None:
    await hostile.run("hello")
    nursery = _stat(_pid(hostile))[1]
    async with anyio.create_task_group() as group:

        async def wait() -> None:
            with pytest.raises(PluginFailed, match="killed from outside"):
                await hostile.run("wait")

        group.start_soon(wait)
        await anyio.wait_all_tasks_blocked()
        os.kill(int(nursery), signal.SIGKILL)
    assert await hostile.run("hello") == "hello world"
    await hostile.importer.aclose()
    with pytest.raises(OSError):
        _stat(int(nursery))  # somebody has seen it off


async def test_it_ends_when_it_is_dropped_and_leaves_no_temporary_files(hostile: Isolated) -> None:
    await hostile.run("hello")
    pid = _pid(hostile)
    await hostile.importer.drop(hostile.plugin)
    assert not _alive(pid)
    folder = hostile.services.paths.cache_dir / "plugin-tmp"
    await soon(lambda: not list(folder.iterdir()), "its files to be removed")


async def test_what_holds_is_told(hostile: Isolated) -> None:
    await hostile.run("hello")
    told = hostile.told
    assert f"running: process {_pid(hostile)}" in told
    assert ("landlock abi" in told) == bool(HELD.landlock)
    assert ("NOT restricted" in told) == (not HELD.landlock or not HELD.seccomp)
    assert "memory 256 MiB" in told


async def test_it_ends_after_a_while_without_calls(tmp_path: Path) -> None:
    async with isolated(tmp_path, "hostile", HOSTILE, patience=structs.replace(PATIENT, idle_s=0.05)) as one:
        await one.run("hello")
        pid = _pid(one)
        await soon(lambda: not _alive(pid), "its end")
        assert await one.run("hello") == "hello world"
        assert "failed lately" not in one.told


async def _until(one: Isolated, state: str) -> None:
    """Wait until `wait` or `stubborn` have got so far."""
    with anyio.fail_after(90):
        while not await one.run("reached", state=state):
            await anyio.lowlevel.checkpoint()


def _pid(one: Isolated) -> int:
    return int(one.told.partition("running: process ")[2].partition(";")[0])


def _stat(pid: int) -> list[str]:
    """Return what the kernel says of a process: its state, its parent, and so on."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _alive(pid: int) -> bool:
    try:
        return _stat(pid)[0] != "Z"
    except (OSError, IndexError):
        return False
