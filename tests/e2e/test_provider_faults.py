"""A provider that is down, slow, cut off or lying: each question gets one answer or one error, and no answer is another's or a part."""

import json
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.daemon import Caller, running

COUNT = 28
KINDS = ("well", "500", "hangs up", "a page", "cut", "another's bytes", "no end")


class Service:
    """Answers every prompt with itself, or in the way that its number says, as long as it is `ill`."""

    def __init__(self) -> None:
        self.ill = True
        self.asked: Counter[str] = Counter()
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                prompt = body["messages"][-1]["content"]
                service.asked[prompt] += 1
                kind = KINDS[int(prompt.split()[-1]) % len(KINDS)] if service.ill else "well"
                self.close_connection = True
                self.send(kind, f"re: {prompt}")

            def send(self, kind: str, text: str) -> None:
                if kind == "hangs up":
                    return
                if kind in ("500", "a page"):
                    self.reply(500 if kind == "500" else 200, "text/html", b"<html>maintenance</html>")
                    return
                first, rest = piece(text[:5]), piece(text[5:], "stop")
                whole = first + rest + b"data: [DONE]\n\n"
                if kind == "cut":
                    self.reply(200, "text/event-stream", first, promised=len(whole))
                elif kind == "no end":
                    self.reply(200, "text/event-stream", first)
                elif kind == "another's bytes":
                    self.reply(200, "text/event-stream", first + b"data: {\x00\xff not json}\n\n" + rest)
                else:
                    self.reply(200, "text/event-stream", whole)

            def reply(self, status: int, kind: str, body: bytes, promised: int = 0) -> None:
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(promised or len(body)))
                self.send_header("Connection", "close")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)


def piece(text: str, end: str | None = None) -> bytes:
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": end}
    return b"data: " + json.dumps({"choices": [choice]}).encode() + b"\n\n"


@pytest.fixture
def service() -> Iterator[Service]:
    made = Service()
    thread = threading.Thread(target=made.server.serve_forever)
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


def ask_all(caller: Caller, **more: object) -> dict[str, tuple[str, Any]]:
    """Ask everything at once; each id must come back exactly once."""
    prompts = [f"prompt {number}" for number in range(COUNT)]
    asked = {caller.ask("ask", {"question": prompt, "provider": "odd", **more}): prompt for prompt in prompts}
    told: dict[str, tuple[str, Any]] = {}
    while len(told) < COUNT:
        message = caller.next()
        assert message is not None, f"the connection ended with {COUNT - len(told)} unanswered"
        kind, number, value = message
        prompt = asked.pop(number)  # a second response would be missed here
        told[prompt] = (kind, value)
    return told


def test_every_question_has_one_whole_answer_or_one_error(service: Service) -> None:
    config = f"""
[ai.retry]
max_attempts = 2
[ai.breaker]
failures = 1000
[ai.providers.odd]
kind = "openai-compatible"
base_url = "http://127.0.0.1:{service.server.server_port}/v1"
model = "m"
"""
    with running(config=config) as daemon, daemon.caller() as caller:
        first = ask_all(caller)
        whole = {prompt for prompt, (kind, _) in first.items() if kind == "reply"}
        for prompt, (kind, value) in first.items():
            number = int(prompt.split()[-1])
            if kind == "reply":
                assert value["text"] == f"re: {prompt}"
            else:
                assert KINDS[number % len(KINDS)] != "well", value
                assert "internal" not in value
                assert "Traceback" not in value
        assert len(whole) >= COUNT // len(KINDS)
        # Once it is well, all are answered; what was answered before is kept, and not asked again.
        before = service.asked.copy()
        service.ill = False
        second = ask_all(caller)
        assert {prompt: value["text"] for prompt, (_, value) in second.items()} == {
            prompt: f"re: {prompt}" for prompt in second
        }
        assert [prompt for prompt in whole if service.asked[prompt] != before[prompt]] == []
        today = caller.call("usage")["today"]
        assert today["ok"] == COUNT  # each was paid for once
        daemon.ping()
