"""A shell and nothing else: one JSON object a line through nc or socat, with every way of ending."""

import json
import shutil
import subprocess
from collections.abc import Iterator

import pytest

from tests.daemon import Daemon, running

pytestmark = pytest.mark.system

needs_nc = pytest.mark.skipif(shutil.which("nc") is None, reason="nc is not installed")
needs_socat = pytest.mark.skipif(shutil.which("socat") is None, reason="socat is not installed")

# An inline command, a task, and a stream, each answered differently inside the daemon.
REQUESTS = (
    '{"id": 1, "method": "ping"}\n'
    '{"jsonrpc": "2.0", "id": "two", "method": "greet", "params": {"name": "ada"}}\n'
    '{"id": 3, "method": "cli.run", "params": {"argv": ["greet", "--name", "bob"]}}\n'
)


@pytest.fixture(scope="module")
def daemon() -> Iterator[Daemon]:
    with running() as daemon:
        yield daemon


def ask(requests: str, *argv: str) -> list[dict[str, object]]:
    done = subprocess.run(argv, input=requests, capture_output=True, text=True, timeout=90, check=False)
    return [json.loads(line) for line in done.stdout.splitlines()]


def check(answers: list[dict[str, object]]) -> None:
    results = {str(answer["id"]): answer["result"] for answer in answers if "id" in answer}
    assert set(results) == {"1", "two", "3"}
    assert results["two"] == "hello ada"
    assert isinstance(results["3"], dict)
    assert results["3"]["exit"] == 0


@needs_nc
@pytest.mark.parametrize("option", ["-N", "-q1"])
def test_nc_that_ends_after_its_input_gets_every_answer(daemon: Daemon, option: str) -> None:
    check(ask(REQUESTS, "nc", option, "-U", str(daemon.home.socket)))


@needs_nc
def test_the_last_line_needs_no_end(daemon: Daemon) -> None:
    check(ask(REQUESTS.rstrip("\n"), "nc", "-N", "-U", str(daemon.home.socket)))


@needs_nc
def test_nc_that_keeps_the_connection_gets_its_answers_at_once(daemon: Daemon) -> None:
    command = ["nc", "-U", str(daemon.home.socket)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as nc:
        assert nc.stdin is not None
        assert nc.stdout is not None
        nc.stdin.write(REQUESTS)
        nc.stdin.flush()
        answers = [json.loads(nc.stdout.readline()) for _ in range(3)]
        check([item for item in answers if "id" in item])
        nc.stdin.write('{"id": 4, "method": "nonsense"}\n{broken\n')
        nc.stdin.close()
        assert json.loads(nc.stdout.readline())["error"]["code"] == -32601
        assert json.loads(nc.stdout.readline())["error"]["code"] == -32700
        nc.terminate()


@needs_socat
def test_socat_that_closes_its_half_gets_every_answer_and_ends(daemon: Daemon) -> None:
    check(ask(REQUESTS, "socat", "-t5", "-", f"UNIX-CONNECT:{daemon.home.socket}"))
