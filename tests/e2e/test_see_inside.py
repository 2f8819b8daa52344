"""A real daemon seen from outside: traces, figures, and a collector that gets what it is sent."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

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
        assert 50 <= command["took_ms"] <= card["took_ms"]
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


def test_status_says_by_room_what_memory_is_held():
    with running() as daemon, daemon.caller() as caller:
        assert caller.call("status")["memory"] is None
        memory = caller.call("status", {"memory": True})["memory"]
        by_room = {item["room"]: item["bytes"] for item in memory["rooms"]}
        assert by_room["python"] > by_room["isaacd.server"] > 10_000
        assert sum(by_room.values()) < memory["rss"]
        assert "isaacd.server" in daemon.home.isaacctl("status", "--memory").stdout


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
