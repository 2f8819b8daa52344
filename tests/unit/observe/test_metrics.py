"""Figures: each named once in the table, in a form that Prometheus reads, sums that agree."""

import re
from pathlib import Path

import pytest

from isaacd.ai.health import ProviderHealth
from isaacd.context import DaemonCard
from isaacd.observe.metrics import METRICS, Figures, exposition
from isaacd.trace import Tally, Traces

LINE = re.compile(r'^([a-z_]+)(?:\{((?:[a-z]+="(?:[^"\\\n]|\\["\\n])*",?)+)\})? (-?[0-9.e+-]+)$')


def figures(tallies: dict[str, Tally], model: str = "m") -> Figures:
    card = DaemonCard(
        version="1", pid=2, uptime_s=3.5, socket="s", log="l", python="3", rss_kib=4, connections=5, requests=6,
        in_flight=7, plugins=8,
        providers=(ProviderHealth(provider="p", kind="k", model=model, breaker="open", first_piece_p95_ms=250.0),),
    )  # fmt: skip
    return Figures(
        card=card,
        tallies=tallies,
        states=["loaded", "ready", "ready"],
        lag_s=0.5,
        worst_lag_s=1.5,
        log_dropped=0,
    )


def read(text: str) -> dict[tuple[str, str], float]:
    found = {}
    for line in text.splitlines():
        if not line.startswith("# "):
            match = LINE.match(line)
            assert match, line
            key = (match[1], match[2] or "")
            assert key not in found
            found[key] = float(match[3])
    return found


def test_every_line_can_be_read_and_every_figure_is_described():
    text = exposition(figures({}))
    found = read(text)
    assert found["isaac_resident_memory_bytes", ""] == 4096
    assert found["isaac_plugins", 'state="ready"'] == 2
    assert found["isaac_provider_breaker", 'provider="p",model="m"'] == 2
    assert found["isaac_provider_first_piece_seconds", 'provider="p",model="m"'] == 0.25
    assert [line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")] == [
        metric.name for metric in METRICS
    ]


def test_a_histogram_adds_up():
    traces = Traces(monotonic=lambda: 0.0, prefix="")
    for seconds in (0.00001, 0.0005, 0.5, 1000.0):
        traces.begin("ask", -seconds).end("ok")
    traces.begin("ask", 0.0).end("not_found")
    found = read(exposition(figures(traces.tallies)))
    buckets = [value for (name, _), value in found.items() if name == "isaac_command_seconds_bucket"]
    assert buckets == sorted(buckets)
    assert buckets[-1] == found["isaac_command_seconds_count", 'command="ask"'] == 5
    assert found["isaac_command_failed_total", 'command="ask"'] == 1


@pytest.mark.parametrize("model", ['quo"te', "back\\slash", "new\nline", "\x1b[2J"])
def test_no_name_breaks_out_of_its_label(model):
    assert len(read(exposition(figures({}, model)))) == len(read(exposition(figures({}))))


def test_the_reference_names_every_figure():
    page = Path(__file__).parents[3].joinpath("docs/reference/metrics.md").read_text()
    assert all(f"`{metric.name}`" in page for metric in METRICS)
