"""`route` and `approve` over real sockets, in both languages: the two calls of editors and shells."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from isaacd.wire import Codec, JsonLinesCodec, NativeCodec
from tests.daemon import DEADLINE_S, Caller, Daemon, running


@pytest.fixture(scope="module")
def daemon() -> Iterator[Daemon]:
    with running() as made:
        yield made


@pytest.fixture(params=[NativeCodec, JsonLinesCodec], ids=["native", "json"])
def caller(request: pytest.FixtureRequest, daemon: Daemon) -> Iterator[Caller]:
    codec: Codec = request.param()
    with daemon.caller(codec) as made:
        yield made


def route(caller: Caller, folder: Path, line: str, **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = caller.call("route", {"line": line, "_meta": {"cwd": str(folder)}, **more})
    return found


def refusal(caller: Caller, **arguments: Any) -> str:
    kind, _, error = caller.answer(caller.ask("approve", arguments))
    assert kind == "error"
    return str(error)


def test_a_line_is_routed_agreed_to_and_executed_by_whoever_asked(caller: Caller, tmp_path: Path) -> None:
    card = route(caller, tmp_path, "python3 -c 0 > made; pwd")
    plan = card["plan"]
    assert (card["tier"], plan["tier"], plan["demand"]) == ("3", "3", "reasons")
    assert "needs a yes" in refusal(caller, token=plan["token"])
    released = caller.call("approve", {"token": plan["token"], "yes": True})
    done = subprocess.run(released["argv"], cwd=released["cwd"], capture_output=True, text=True, check=True)
    assert done.stdout == f"{tmp_path}\n"
    assert (tmp_path / "made").exists()
    assert refusal(caller, token=plan["token"], yes=True).startswith("permission_denied")


def test_what_only_reads_needs_no_yes_and_what_destroys_its_phrase(caller: Caller, tmp_path: Path) -> None:
    plan = route(caller, tmp_path, "ls")["plan"]
    assert caller.call("approve", plan["token"])["argv"][1:] == ["-c", "ls"]
    plan = route(caller, tmp_path, "rm -rf /")["plan"]
    assert "refused" in refusal(caller, token=plan["token"], yes=True)
    assert caller.call("approve", {"token": plan["token"], "phrase": plan["phrase"]})["tier"] == "4"


def test_a_token_is_that_of_its_connection_and_of_its_program(
    caller: Caller, daemon: Daemon, tmp_path: Path
) -> None:
    token = route(caller, tmp_path, "ls")["plan"]["token"]
    with daemon.caller() as other:
        assert "another connection" in refusal(other, token=token, yes=True)
    assert "another connection" in refusal(caller, token=token, yes=True, _meta={"caller": "other"})
    shown = daemon.home.isaacctl("approve", "--yes", token)
    assert shown.returncode == 77
    assert caller.call("approve", token)["line"] == "ls"


def test_what_has_changed_is_told_with_a_fresh_plan(caller: Caller, tmp_path: Path) -> None:
    script = tmp_path / "do.sh"
    script.write_text("echo good\n")
    token = route(caller, tmp_path, "sh do.sh")["plan"]["token"]
    script.write_text("echo evil\n")
    assert refusal(caller, token=token, yes=True).startswith("content_modified")
    caller.call("hello", {"proto": [1], "errors": "map"})
    token = route(caller, tmp_path, "sh do.sh")["plan"]["token"]
    script.write_text("echo worse\n")
    number = caller.ask("approve", {"token": token, "yes": True})
    assert "content_modified" in str(caller.answer(number))


def test_a_restart_spends_every_token_and_says_so(tmp_path: Path) -> None:
    with running() as first, first.caller() as caller:
        token = route(caller, tmp_path, "ls")["plan"]["token"]
        assert token not in str(first.log())
    with running() as second, second.caller() as caller:
        assert refusal(caller, token=token, yes=True).startswith("content_modified: the daemon was restarted")


def test_a_shell_may_be_named_and_is_bound(caller: Caller, tmp_path: Path) -> None:
    plan = route(caller, tmp_path, "echo {a,b}", shell="/bin/sh")["plan"]
    assert (plan["shell"], plan["tier"]) == ("/bin/sh", "3")
    assert caller.call("approve", {"token": plan["token"], "yes": True})["argv"][0] == "/bin/sh"
    kind, _, error = caller.answer(caller.ask("route", {"line": "ls", "shell": "/bin/rm"}))
    assert (kind, error.partition(":")[0]) == ("error", "invalid_params")


def test_a_program_may_do_without_a_plan_and_a_command_line_has_to_ask_for_one(
    caller: Caller, daemon: Daemon, tmp_path: Path
) -> None:
    assert route(caller, tmp_path, "ls", plan=False)["plan"] is None
    assert route(caller, tmp_path, "? what is this")["plan"] is None
    assert '"plan":null' in daemon.home.isaacctl("route", "--json", "ls").stdout
    assert '"token":"' in daemon.home.isaacctl("route", "--plan", "--json", "ls").stdout


def test_two_command_lines_of_one_terminal_share_a_plan(daemon: Daemon, tmp_path: Path) -> None:
    script = (
        "import json, subprocess, sys; run = lambda *argv: subprocess.run([sys.executable, '-m', 'isaacctl', *argv, '--json'],"
        "capture_output=True, text=True); token = json.loads(run('route', '--plan', 'make x').stdout)['plan']['token'];"
        "print(run('approve', token).returncode, json.loads(run('approve', '--yes', token).stdout)['line'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=daemon.home.environ, cwd=tmp_path, capture_output=True, text=True, timeout=DEADLINE_S, check=False,
    )  # fmt: skip
    assert done.stdout == "77 make x\n", done.stderr


@pytest.mark.parametrize(
    "arguments", [{}, {"token": 1}, {"token": "x", "yes": "y"}, {"token": "x", "force": True}]
)
def test_nonsense_is_refused(caller: Caller, arguments: dict[str, Any]) -> None:
    assert refusal(caller, **arguments).startswith("invalid_params")


def test_no_model_may_run_or_agree_to_anything(daemon: Daemon) -> None:
    tools = daemon.home.isaacctl("tools", "--json").stdout
    assert '"run"' not in tools
    assert "approve" not in tools
