"""The page of the figures for Prometheus, made from the table that they are written from."""

from isaacd.observe.metrics import METRICS
from isaacd.trace import BUCKETS_S, MAX_NAMES


def metrics_page(note: str) -> str:
    """Describe every figure."""
    bounds = ", ".join(f"{bound:g}" for bound in BUCKETS_S)
    rows = [
        f"| `{metric.name}` | {metric.kind} | {', '.join(f'`{name}`' for name in metric.labels) or '–'} | {metric.about} |"
        for metric in METRICS
    ]
    return "\n".join(
        [
            "# Metrics",
            "",
            note,
            "",
            "`isaacctl metrics`, and the method `metrics` on the socket, answer with these figures in the text format of",
            "Prometheus. The names stay. Everything counts from the start of the daemon.",
            "",
            "| name | kind | labels | |",
            "|---|---|---|---|",
            *rows,
            "",
            f"The bounds of `isaac_command_seconds` are {bounds} seconds. After {MAX_NAMES} names of commands, all others are",
            "counted as `other`.",
            "",
        ]
    )
