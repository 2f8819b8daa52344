"""Traces sent to a collector: as OTLP has them, without loss while it is away, and bounded."""

from pathlib import Path

import msgspec
import pytest

from isaacd.log import Log, open_log
from isaacd.observe.lag import EVERY_S, LoopLag
from isaacd.observe.otlp import MAX_WAITING, Exporter, address, document
from isaacd.trace import Traces, add

pytestmark = pytest.mark.anyio


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return open_log(tmp_path / "log")


class Collector:
    """Takes documents, or does not."""

    def __init__(self) -> None:
        self.up = True
        self.taken: list[dict] = []

    async def __call__(self, url: str, body: bytes) -> None:
        assert url == "http://c:4318/v1/traces"
        if not self.up:
            raise ConnectionRefusedError("nobody is there")
        self.taken.append(msgspec.json.decode(body))

    @property
    def spans(self) -> list[dict]:
        return [span for item in self.taken for span in item["resourceSpans"][0]["scopeSpans"][0]["spans"]]


def ended(count: int = 1, given: str | None = None):
    traces = Traces(monotonic=lambda: 2.0, now=lambda: 1_700_000_000.0, prefix="abc")
    for _ in range(count):
        trace = traces.begin("ask", 1.0, given)
        add(trace, "decode", 1.0, 1.5)
        trace.end("ok")
        yield trace


async def test_a_request_is_a_span_with_its_parts_below_it():
    (trace,) = ended(given="0af7651916cd43dd8448eb211c80319c")
    root, part = document([trace])["resourceSpans"][0]["scopeSpans"][0]["spans"]
    assert root["traceId"] == part["traceId"] == "0af7651916cd43dd8448eb211c80319c"
    assert part["parentSpanId"] == root["spanId"]
    assert len(root["spanId"]) == 16
    assert int(root["endTimeUnixNano"]) - int(root["startTimeUnixNano"]) == 10**9
    assert int(part["endTimeUnixNano"]) - int(part["startTimeUnixNano"]) == 5 * 10**8


async def test_while_the_collector_is_away_traces_wait_and_it_is_logged_once(log, tmp_path):
    collector = Collector()
    exporter = Exporter(lambda: "http://c:4318", collector, log)
    collector.up = False
    for trace in ended(3):
        exporter.ended(trace)
        await exporter.send()
    assert len((tmp_path / "log").read_text().splitlines()) == 1
    collector.up = True
    await exporter.send()
    assert len([span for span in collector.spans if span["name"] == "ask"]) == 3


async def test_what_waits_is_bounded_and_what_is_lost_counted(log):
    exporter = Exporter(lambda: "http://c:4318", Collector(), log)
    for trace in ended(MAX_WAITING + 7):
        exporter.ended(trace)
    assert exporter.dropped == 7


async def test_without_an_endpoint_nothing_is_kept(log):
    collector = Collector()
    exporter = Exporter(lambda: None, collector, log)
    for trace in ended():
        exporter.ended(trace)
    await exporter.send()
    assert collector.taken == []


@pytest.mark.parametrize("endpoint", ["http://c", "http://c/", "http://c/v1/traces"])
async def test_an_endpoint_is_completed(endpoint):
    assert address(endpoint) == "http://c/v1/traces"


async def test_the_loop_is_as_late_as_it_wakes_up_late():
    now, late = 0.0, iter((0.0, 0.25, 0.1))

    class Over(Exception):
        pass

    async def sleep(seconds: float) -> None:
        nonlocal now
        try:
            now += seconds + next(late)
        except StopIteration:
            raise Over from None

    lag = LoopLag(lambda: now, sleep)
    with pytest.raises(Over):
        await lag.run()
    assert (round(lag.last_s, 6), round(lag.worst_s, 6)) == (0.1, 0.25)
    assert EVERY_S > 1
