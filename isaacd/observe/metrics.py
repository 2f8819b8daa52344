"""The daemon's figures in the text format of Prometheus (version 0.0.4), under names that do not change."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from isaacd.ai.health import ProviderHealth
from isaacd.context import DaemonCard
from isaacd.trace import BUCKETS_S, Tally

_BREAKER = {"closed": 0, "half-open": 1, "open": 2}
Sample = tuple[str, Mapping[str, str], float]


class Metric(msgspec.Struct, frozen=True):
    """One figure: what it is called, of which kind it is, and what it says."""

    name: str
    kind: str
    about: str
    labels: tuple[str, ...] = ()


METRICS = (
    Metric(
        "isaac_info", "gauge", "Always 1; the labels say which Isaac and which Python.", ("version", "python")
    ),
    Metric("isaac_uptime_seconds", "gauge", "How long the daemon has been running."),
    Metric("isaac_resident_memory_bytes", "gauge", "The memory that the daemon's process holds."),
    Metric("isaac_connections", "gauge", "Clients that are connected."),
    Metric("isaac_requests_total", "counter", "Requests that have arrived."),
    Metric(
        "isaac_requests_in_flight",
        "gauge",
        "Requests that are being worked on, without those answered at once.",
    ),
    Metric("isaac_draining", "gauge", "1 while the daemon stops and takes no more work."),
    Metric("isaac_loop_lag_seconds", "gauge", "How late the event loop was, the last time it was looked at."),
    Metric("isaac_loop_lag_worst_seconds", "gauge", "How late it was at worst within a minute."),
    Metric(
        "isaac_log_lines_dropped", "gauge", "Lines that could not be logged since the last one that could."
    ),
    Metric("isaac_plugins", "gauge", "Plugins that were found, by their state.", ("state",)),
    Metric(
        "isaac_command_seconds", "histogram", "How long commands took, from arrival to reply.", ("command",)
    ),
    Metric("isaac_command_failed_total", "counter", "Commands that ended with an error.", ("command",)),
    Metric(
        "isaac_provider_breaker",
        "gauge",
        "0: calls go out; 1: one is tried; 2: none goes out.",
        ("provider", "model"),
    ),
    Metric("isaac_provider_in_flight", "gauge", "Calls under way.", ("provider", "model")),
    Metric("isaac_provider_queued", "gauge", "Calls that wait for their turn.", ("provider", "model")),
    Metric(
        "isaac_provider_first_piece_seconds",
        "gauge",
        "The time to the first piece of an answer, in 95 of 100 cases.",
        ("provider", "model"),
    ),
)


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """What the figures are made of."""

    card: DaemonCard
    tallies: Mapping[str, Tally]
    states: Iterable[str]
    lag_s: float
    worst_lag_s: float
    log_dropped: int


def exposition(figures: Figures) -> str:
    """Write all figures."""
    samples: dict[str, list[Sample]] = {metric.name: [] for metric in METRICS}
    for name, labels, value in _samples(figures):
        base = name
        for ending in ("_bucket", "_sum", "_count"):
            base = base.removesuffix(ending) if base not in samples else base
        samples[base].append((name, labels, value))
    lines = []
    for metric in METRICS:
        lines += [f"# HELP {metric.name} {metric.about}", f"# TYPE {metric.name} {metric.kind}"]
        lines += [f"{name}{_labels(labels)} {_number(value)}" for name, labels, value in samples[metric.name]]
    return "\n".join(lines) + "\n"


def _samples(figures: Figures) -> Iterator[Sample]:
    card = figures.card
    yield "isaac_info", {"version": card.version, "python": card.python}, 1
    yield "isaac_uptime_seconds", {}, card.uptime_s
    yield "isaac_resident_memory_bytes", {}, card.rss_kib * 1024
    yield "isaac_connections", {}, card.connections
    yield "isaac_requests_total", {}, card.requests
    yield "isaac_requests_in_flight", {}, card.in_flight
    yield "isaac_draining", {}, int(card.draining)
    yield "isaac_loop_lag_seconds", {}, figures.lag_s
    yield "isaac_loop_lag_worst_seconds", {}, figures.worst_lag_s
    yield "isaac_log_lines_dropped", {}, figures.log_dropped
    for state, count in sorted(Counter(figures.states).items()):
        yield "isaac_plugins", {"state": state}, count
    for command, tally in sorted(figures.tallies.items()):
        yield from _command(command, tally)
    for item in card.providers:
        yield from _provider(item)


def _command(command: str, tally: Tally) -> Iterator[Sample]:
    below = 0
    for bound, count in zip((*(f"{bound:g}" for bound in BUCKETS_S), "+Inf"), tally.buckets, strict=True):
        below += count
        yield "isaac_command_seconds_bucket", {"command": command, "le": bound}, below
    yield "isaac_command_seconds_sum", {"command": command}, tally.seconds
    yield "isaac_command_seconds_count", {"command": command}, tally.count
    yield "isaac_command_failed_total", {"command": command}, tally.failed


def _provider(item: ProviderHealth) -> Iterator[Sample]:
    labels = {"provider": item.provider, "model": item.model or ""}
    yield "isaac_provider_breaker", labels, _BREAKER[item.breaker]
    yield "isaac_provider_in_flight", labels, item.in_flight
    yield "isaac_provider_queued", labels, item.queued
    if item.first_piece_p95_ms is not None:
        yield "isaac_provider_first_piece_seconds", labels, item.first_piece_p95_ms / 1000


def _labels(labels: Mapping[str, str]) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items()) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.9g}"
