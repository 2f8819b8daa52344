"""The life of a real daemon: one at a time, reloaded, drained, stopped, and in spite of broken surroundings."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from isaacd.wire import JsonLinesCodec
from tests.daemon import Daemon, a_home, eventually, running

SLOW = """
import anyio
from isaacd.api import Context, Plugin

plugin = Plugin("slow", summary="Commands that take their time.")
released = anyio.Event()

@plugin.command
async def wait(context: Context) -> str:
    \"\"\"Wait until released.\"\"\"
    context.log.info("waiting")
    await released.wait()
    return "done"

@plugin.command
def release(context: Context) -> None:
    \"\"\"Let all waiters go.\"\"\"
    released.set()

@plugin.command
async def stubborn(context: Context) -> None:
    \"\"\"Refuse to be cancelled.\"\"\"
    context.log.info("waiting")
    while True:
        try:
            await anyio.sleep_forever()
        except BaseException:
            pass
"""


# One at a time.


def test_a_second_daemon_leaves_at_once_and_says_why() -> None:
    with running() as daemon:
        second = subprocess.run(
            [sys.executable, "-m", "isaacd"],
            env=daemon.home.environ,
            capture_output=True,
            text=True,
            timeout=90,
        )
        assert second.returncode == 75
        assert str(daemon.home.lock) in second.stderr
        assert "isaacctl status" in second.stderr
        daemon.ping()


def test_after_kill_9_the_stale_socket_is_no_obstacle() -> None:
    with a_home() as home:
        with running(home=home) as first:
            first.send_signal(signal.SIGKILL)
            assert first.wait() == -signal.SIGKILL
        assert home.socket.exists()
        with running(home=home) as second:
            second.ping()


def test_a_daemon_whose_socket_was_taken_over_does_not_remove_the_new_one() -> None:
    with a_home() as home, running(home=home) as old:
        home.socket.unlink()
        home.lock.unlink()
        with running(home=home) as new:
            old.send_signal(signal.SIGTERM)
            assert old.wait() == 0
            new.ping()


def test_what_it_makes_is_private() -> None:
    with running() as daemon:
        made = [daemon.home.socket, daemon.home.lock, daemon.home.log, daemon.home.socket.parent]
        assert [item.stat().st_mode & 0o777 for item in made] == [0o600, 0o600, 0o600, 0o700]


# Leaving.


def test_term_lets_running_requests_end_and_refuses_new_ones() -> None:
    with running(plugins={"slow": SLOW}) as daemon, daemon.caller() as caller, daemon.caller() as idle:
        running_one = caller.ask("slow.wait")
        daemon.logged("waiting")
        daemon.send_signal(signal.SIGTERM)
        daemon.logged("draining")
        assert caller.fail("greet").startswith("shutting_down")
        assert idle.call("status")["draining"] is True
        with pytest.raises((FileNotFoundError, ConnectionRefusedError)):
            daemon.connect()
        caller.ask("slow.release")
        assert caller.answer(running_one)[2] == "done"
        assert daemon.wait() == 0
        assert not daemon.home.socket.exists()


def test_what_does_not_end_in_time_is_cancelled_and_told() -> None:
    with running("--set", "limits.drain_s=0", plugins={"slow": SLOW}) as daemon, daemon.caller() as caller:
        running_one = caller.ask("slow.wait")
        daemon.logged("waiting")
        daemon.send_signal(signal.SIGTERM)
        kind, _, error = caller.answer(running_one)
        assert kind == "error"
        assert error.startswith("server_cancelled")
        assert daemon.wait() == 0


def test_int_stops_at_once_although_requests_run_and_peers_do_not_read() -> None:
    drains = ("--set", "limits.drain_s=3600")
    with (
        running(*drains, plugins={"slow": SLOW}) as daemon,
        daemon.caller() as caller,
        daemon.caller() as deaf,
    ):
        running_one = caller.ask("slow.wait")
        for _ in range(100):
            deaf.ask("commands")
        daemon.logged("waiting")
        daemon.send_signal(signal.SIGINT)
        assert caller.answer(running_one)[2].startswith("server_cancelled")
        assert daemon.wait() == 0
        assert not daemon.home.socket.exists()


def test_int_cuts_a_drain_short() -> None:
    with running("--set", "limits.drain_s=3600", plugins={"slow": SLOW}) as daemon, daemon.caller() as caller:
        caller.ask("slow.wait")
        daemon.logged("waiting")
        daemon.send_signal(signal.SIGTERM)
        daemon.logged("draining")
        daemon.send_signal(signal.SIGINT)
        assert daemon.wait() == 0


def test_a_command_that_cannot_be_cancelled_cannot_keep_it_alive() -> None:
    with running(plugins={"slow": SLOW}) as daemon, daemon.caller() as caller:
        caller.ask("slow.stubborn")
        daemon.logged("waiting")
        daemon.send_signal(signal.SIGINT)
        assert daemon.wait() == 70
        assert daemon.logged("a command does not stop")
        assert not daemon.home.socket.exists()


def test_usr1_writes_down_what_is_under_way() -> None:
    with running(plugins={"slow": SLOW}) as daemon, daemon.caller() as caller:
        caller.ask("slow.wait")
        daemon.logged("waiting")
        daemon.send_signal(signal.SIGUSR1)
        eventually(
            lambda: any(
                "Session._serve" in place for line in daemon.log() for place in line.get("waits_in", ())
            ),
            "the log to name the session's task",
        )
        daemon.ping()


def test_stopping_by_request_answers_first() -> None:
    with running() as daemon, daemon.caller() as caller:
        assert caller.call("daemon.stop") is True
        assert caller.next() is None
        assert daemon.wait() == 0


LINGERING = """
import threading
from isaacd.api import Context, Plugin

plugin = Plugin("lingering", summary="Leaves a thread that never ends.")

@plugin.command
def leave(context: Context) -> bool:
    \"\"\"Leave a thread.\"\"\"
    threading.Thread(target=threading.Event().wait, name="never-ending").start()
    return True
"""


def test_threads_that_a_trusted_plugin_left_are_named_and_do_not_keep_it_from_ending() -> None:
    with running(plugins={"lingering": LINGERING}) as daemon, daemon.caller() as caller:
        assert caller.call("lingering.leave") is True
        assert caller.call("daemon.stop") is True
        assert daemon.wait() == 0
        (left,) = daemon.logged("threads of plugins have not ended")
        assert (left["count"], left["names"]) == (1, ["never-ending"])


def test_started_on_demand_it_leaves_when_idle_but_not_before() -> None:
    with running("--on-demand", "--set", "daemon.idle_exit_s=0.3", plugins={"slow": SLOW}) as daemon:
        with daemon.caller() as caller:
            caller.ask("slow.wait")
            daemon.logged("waiting")
            # Longer than the limit: another daemon, with nothing to do, comes and goes meanwhile.
            with running("--on-demand", "--set", "daemon.idle_exit_s=0.3") as other:
                assert other.wait() == 0
            assert caller.call("ping")
        assert daemon.wait() == 0
        assert daemon.logged("idle")


# Configuration.


def test_hup_reloads_and_a_bad_file_leaves_the_old_configuration() -> None:
    with (
        running(plugins={"slow": SLOW}, config='[log]\nlevel = "info"\n') as daemon,
        daemon.caller() as caller,
    ):
        running_one = caller.ask("slow.wait")
        daemon.logged("waiting")
        daemon.home.write_config('[log]\nlevel = "debug"\n[ai]\nmodel = "first"\n')
        daemon.send_signal(signal.SIGHUP)
        daemon.logged("configuration read")
        daemon.home.write_config("[ai]\nmodle = 1\n")
        daemon.send_signal(signal.SIGHUP)
        (refused,) = daemon.logged("configuration refused")
        assert "modle" in refused["reason"]
        assert "line 2" in refused["reason"] or ":2" in refused["reason"]
        shown = daemon.home.isaacctl("config", "show", "ai.model")
        assert "first" in shown.stdout
        assert "modle" in shown.stderr
        caller.ask("slow.release")
        assert caller.answer(running_one)[2] == "done"


def test_a_log_that_was_moved_away_is_begun_anew_by_a_hangup() -> None:
    with running() as daemon:
        daemon.ping()
        daemon.logged("ready")
        moved = daemon.home.log.rename(daemon.home.log.with_name("isaacd.log.old"))
        daemon.send_signal(signal.SIGHUP)
        daemon.logged("configuration read")
        assert "configuration read" not in moved.read_text()


def test_the_log_level_of_the_file_holds_from_the_start() -> None:
    with running(config='[log]\nlevel = "error"\n') as daemon:
        daemon.ping()
    assert not any(line["level"] == "info" for line in daemon.log())


def test_a_broken_file_at_the_start_is_told_by_every_command() -> None:
    with running(config="[ai]\nmodel = \n") as daemon:
        greeted = daemon.home.isaacctl("greet")
        assert (greeted.returncode, greeted.stdout) == (0, "hello world\n")
        assert "config.toml" in greeted.stderr
        assert "line 2" in greeted.stderr or ":2" in greeted.stderr
        assert daemon.home.isaacctl("config", "check").returncode == 78


def test_a_setting_on_its_own_command_line_that_is_wrong_keeps_it_from_starting() -> None:
    with a_home() as home:
        daemon = Daemon(home, ["--set", "log.level=loud"])
        try:
            assert daemon.wait() == 78
            assert "log.level" in daemon.stderr
            assert not home.socket.exists()
        finally:
            daemon.kill()


# Plugins that fail.

BAD_PLUGINS = {
    "raises": "raise RuntimeError('broken at import')",
    "exits": "import sys\nsys.exit('leaving')",
    "syntax": "def (",
    "empty": "",
    "misnamed": "from isaacd.api import Plugin\nplugin = Plugin('other')",
    "Upper": "from isaacd.api import Plugin\nplugin = Plugin('Upper')",
    "no_help": "from isaacd.api import *\nplugin = Plugin('no_help')\n@plugin.command\ndef f(context: Context) -> None: ...",
    "twice": """
from isaacd.api import Context, Plugin
plugin = Plugin("twice", summary="Offers one command twice.")
@plugin.command(name="same")
def one(context: Context) -> int:
    '''Be the first.'''
    return 1
@plugin.command(name="same")
def two(context: Context) -> int:
    '''Be the second.'''
    return 2
""",
    "ping": """
from isaacd.api import Context, Plugin
plugin = Plugin("ping", summary="Takes a name of the protocol.")
@plugin.command
def ping(context: Context) -> str:
    '''Pretend.'''
    return "not the daemon"
""",
    "kindless": """
from isaacd.api import Plugin
plugin = Plugin("kindless", summary="Offers a provider without a kind.")
@plugin.provider
class Nothing:
    pass
""",
    "good": """
from isaacd.api import Context, Plugin
plugin = Plugin("good", summary="Works.")
@plugin.command
def good(context: Context) -> str:
    '''Work.'''
    return "works"
""",
}


def test_plugins_that_fail_are_shown_and_harm_no_others() -> None:
    with running(plugins=BAD_PLUGINS) as daemon:
        with daemon.caller() as caller:
            cards = {row["name"]: row for row in caller.call("plugins")}
            assert cards["good"]["state"] == "ready"
            assert {name for name in BAD_PLUGINS if cards[name]["state"] == "failed"} == set(BAD_PLUGINS) - {
                "good"
            }
            assert caller.call("good") == "works"
            assert caller.call("greet") == "hello world"
            assert caller.call("ping")["pid"] == daemon.pid
            assert caller.fail("twice.same").startswith("plugin_failed: the plugin twice cannot be used")
        shown = daemon.home.isaacctl("plugins")
        assert "broken at import" in shown.stdout
        assert "failed" in shown.stdout


def test_a_plugin_that_hides_a_bundled_one_does_not_replace_it() -> None:
    fake = "from isaacd.api import Plugin\nraise RuntimeError('never imported')"
    with running(plugins={"greet": fake}) as daemon, daemon.caller(JsonLinesCodec()) as caller:
        assert caller.call("greet") == "hello world"


# Places that cannot be written.


def test_a_home_that_does_not_exist_is_no_obstacle() -> None:
    parts = ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME")
    with running(environ=dict.fromkeys(parts, "/dev/null/x")) as daemon:
        with daemon.caller() as caller:
            assert caller.call("greet") == "hello world"
            place = Path(caller.call("status")["log"])
        assert place.parent == daemon.home.socket.parent
        eventually(place.exists, "the log")


def _can_remount() -> bool:
    unshare = shutil.which("unshare")
    return (
        bool(unshare)
        and not subprocess.run([unshare, "-rm", "true"], capture_output=True, check=False).returncode
    )


@pytest.mark.skipif(not _can_remount(), reason="unshare -rm does not work here")
def test_a_read_only_home_is_no_obstacle() -> None:
    with a_home() as home:
        for part in ("config", "data", "state", "cache", "isaacd"):
            (home.directory / part).mkdir(mode=0o700)
        script = 'mount --bind "$0" "$0" && mount --bind "$0/isaacd" "$0/isaacd" && mount -o remount,bind,ro "$0" && exec "$@"'
        with running(home=home, prefix=["unshare", "-rm", "sh", "-c", script, str(home.directory)]) as daemon:
            with daemon.caller() as caller:
                assert caller.call("greet") == "hello world"
                place = Path(caller.call("status")["log"])
            assert place.parent == home.socket.parent
            assert not list((home.directory / "state").iterdir())


def test_without_a_runtime_directory_it_says_what_is_wrong() -> None:
    with a_home() as home:
        (home.directory / "isaacd").write_text("in the way")
        daemon = Daemon(home)
        try:
            assert daemon.wait() == 77
            assert str(home.socket.parent) in daemon.stderr
        finally:
            daemon.kill()


def test_a_listener_handed_over_is_served_and_removed_at_the_end() -> None:
    with a_home() as home:
        started = home.isaacctl("greet")
        assert (started.returncode, started.stdout) == (0, "hello world\n"), started.stderr
        assert home.isaacctl("stop").returncode == 0
        assert not home.socket.exists()
        assert list(home.socket.parent.iterdir()) == [home.lock]


def test_descriptors_that_were_not_handed_over_are_refused(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "isaacd", "--socket-fd", "77", "--lock-fd", "78"],
        env={**os.environ, "HOME": str(tmp_path), "ISAACD_SOCKET": str(tmp_path / "s")},
        capture_output=True,
        text=True,
        timeout=90,
    )
    assert done.returncode == 2
    assert "were not handed over" in done.stderr
    assert "Traceback" not in done.stderr


# Plugins that block everybody.

BLOCKING = """
from isaacd.api import Context, Plugin

plugin = Plugin("blocking", summary="Holds everybody up.")

@plugin.command
async def hold(context: Context, pipe: str) -> str:
    \"\"\"Wait until somebody writes into a pipe, as no plugin may.\"\"\"
    with open(pipe, "rb") as stream:
        return stream.read().decode()
"""


def test_a_plugin_that_blocks_the_event_loop_is_named_in_the_log_while_it_does() -> None:
    with (
        running(plugins={"blocking": BLOCKING}) as daemon,
        daemon.caller() as caller,
        daemon.caller() as other,
    ):
        daemon.logged("ready")
        other.call("ping")
        pipe = daemon.home.directory / "pipe"
        os.mkfifo(pipe)
        number = caller.ask("blocking.hold", str(pipe))
        # A busy machine may have held the loop up before, which is nobody's fault.
        blocked = eventually(
            lambda: next((line for line in daemon.log() if line.get("plugin") == "blocking"), {}),
            "the log to name the plugin",
        )
        assert blocked["event"] == "event loop blocked"
        assert "isaac_plugins/blocking.py:9)" in blocked["place"]
        assert blocked["place"].startswith("hold (")
        waiting = [other.ask("greet", str(count)) for count in range(20)]
        pipe.write_bytes(b"released")
        assert caller.answer(number)[2] == "released"
        # Whoever asked meanwhile has waited, and nothing was lost.
        assert [other.answer(one)[2] for one in waiting] == [f"hello {count}" for count in range(20)]
        daemon.logged("event loop free again")
        daemon.ping()
