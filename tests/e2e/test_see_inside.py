"""A real daemon seen from outside: traces, figures, and a collector that gets what it is sent."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tests.daemon import eventually, running

SLOW = """
import anyio
from isaacd.api import Context, Plugin
plugin = Plugin("slow")
@plugin.command
async def slow(context: Context, seconds: float = 0.05) -> str:
    '''Take a while.

    Examples:
        isaacctl slow
    '''
    context.log.info("slow began")
    await anyio.sleep(seconds)
    return "done"
"""


def test_a_callers_name_leads_to_the_way_of_its_request_and_to_the_log():
    with running(plugins={"slow": SLOW}) as daemon, daemon.caller() as caller:
        caller.call("slow", {"seconds": 0.05, "_meta": {"trace": "build-7"}})
        (card,) = caller.call("trace", {"id": "build-7"})
        names = [span["name"] for span in card["spans"]]
        assert [name for name in names if name in ("decode", "command", "reply")] == [
            "decode",
            "command",
            "reply",
        ]
        assert "import" in names
        (command,) = (span for span in card["spans"] if span["name"] == "command")
        assert 45 <= command["took_ms"] <= card["took_ms"]
        assert (card["method"], card["outcome"]) == ("slow", "ok")
        (line,) = daemon.logged("slow began")
        assert line["trace"] == "build-7"


def test_no_word_of_a_request_is_in_its_trace():
    with running() as daemon:
        daemon.home.isaacctl("notes", "add", "planted-secret-words")
        with daemon.caller() as caller:
            said = json.dumps(caller.call("trace"))
        assert "notes.add" in said
        assert "planted" not in said


def test_a_request_that_fails_says_so():
    with running() as daemon, daemon.caller() as caller:
        caller.fail("trace", {"id": "nothing-like-it"})
        assert daemon.home.isaacctl("notes", "show", "77").returncode == 1
        outcomes = {card["command"] or card["method"]: card["outcome"] for card in caller.call("trace")}
        assert outcomes["trace"] == "not_found"
        assert outcomes["notes.show"] == "not_found"


def test_figures_come_over_the_socket_and_at_the_command_line():
    with running() as daemon, daemon.caller() as caller:
        assert "isaac_requests_total" in caller.call("metrics")
        assert daemon.home.isaacctl("metrics").stdout.startswith("# HELP isaac_info ")


def test_status_says_more_only_if_asked():
    with running() as daemon, daemon.caller() as caller:
        assert caller.call("status")["house"] is None
        house = caller.call("status", {"full": True})["house"]
        assert house["threads"] >= 1
        assert house["plugins"]
        assert "event loop" in daemon.home.isaacctl("status", "--full").stdout


def test_memory_is_accounted_for_while_others_are_answered():
    """The parts add up to what the kernel says, nobody waits, and looking leaves nothing behind."""
    with running(plugins={"slow": SLOW}) as daemon, daemon.caller() as caller, daemon.caller() as other:
        other.call("greet")
        number = caller.ask("status", {"memory": True})
        assert other.call("greet") == "hello world"
        memory = caller.answer(number)[2]["memory"]
        by_group: dict[str, dict[str, float]] = {}
        for row in memory["rows"]:
            by_group.setdefault(row["group"], {})[row["name"]] = row["kib"]
        assert sum(by_group["mapped"].values()) == memory["rss_kib"]
        python_kib = sum(sum(by_group[group].values()) for group in ("room", "plugin", "code", "rest"))
        assert python_kib == pytest.approx(memory["python_kib"], rel=0.01)
        heap_kib = by_group["mapped"]["heap and anonymous"]
        told_kib = memory["python_kib"] + memory["sqlite_kib"] + memory["unaccounted_kib"]
        assert told_kib == pytest.approx(heap_kib, rel=0.01)
        assert 0 < memory["pss_kib"] <= memory["rss_kib"]
        assert {"standard library", "msgspec", "isaacd.server"} <= set(by_group["code"])
        assert "catalog of commands" in by_group["room"]
        assert "greet" in by_group["plugin"]
        # On the command line too, as a table with bars.
        shown = daemon.home.isaacctl("status", "--memory").stdout
        assert "what rooms hold" in shown
        assert "\u2588" in shown
        files = daemon.open_files()
        for _ in range(3):
            caller.call("status", {"memory": True})
        assert daemon.open_files() <= files
        assert not Path(f"/proc/{daemon.pid}/task/{daemon.pid}/children").read_text().split()


@pytest.fixture
def collector():
    taken: list[dict] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            taken.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", taken
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_collector_gets_traces_only_if_one_is_configured(collector):
    address, taken = collector
    with running(config=f'[observe]\notlp_endpoint = "{address}"\n', plugins={"slow": SLOW}) as daemon:
        daemon.logged("ready")
        with daemon.caller() as caller:
            eventually(lambda: caller.call("slow", {"seconds": 0.0}) and taken, "traces to arrive")
    spans = [span for item in taken for span in item["resourceSpans"][0]["scopeSpans"][0]["spans"]]
    assert any(span["name"] == "slow" for span in spans)
