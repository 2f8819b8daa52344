"""The costs of plugins as a table, and as a timeline with a bar for each step."""

from collections.abc import Sequence

from isaac_plugins.plugins.costs import Cost, Times
from isaacd.api import StepCard, Terminal

_MARKS = {"discovery": "·", "import": "█", "load": "█", "setup": "▒"}
_COLOURS = {"·": 2, "█": 36, "▒": 33}
_LEAST_COLUMNS = 20
# A pause that is longer than this part of all that was done is left out of the picture.
_PAUSE = 0.02
Span = tuple[float, float]


def draw(times: Times, terminal: Terminal) -> str:
    """Draw both, for a terminal as wide as this one."""
    if not times.plugins:
        return "no plugin has cost anything yet"
    names = max(len(cost.name) for cost in times.plugins)
    head = f"{'plugin':{names}}  {'state':8}  {'found ms':>9}  {'import ms':>9}  {'set-up ms':>9}  {'memory KiB':>10}"
    rows = [
        f"{cost.name:{names}}  {cost.state:8}  {cost.discovery_ms:9.2f}  {_blank(cost.import_ms)}"
        f"  {_blank(cost.setup_ms)}  {cost.memory_kib or '-':>10}"
        for cost in times.plugins
    ]
    return "\n".join([terminal.style(head, 1), *rows, "", *_picture(times, names, terminal)])


def _blank(value_ms: float) -> str:
    return f"{value_ms:9.2f}" if value_ms else f"{'-':>9}"


def _picture(times: Times, names: int, terminal: Terminal) -> list[str]:
    """Draw a line for each plugin of which more was needed than to find it, in the order of time."""
    used = [cost for cost in times.plugins if any(step.name != "discovery" for step in cost.steps)]
    if not used:
        return [f"load = {times.load}: no plugin has been imported"]
    used.sort(key=lambda cost: min(step.at_ms for step in cost.steps if step.name != "discovery"))
    spans = _merged([step for cost in used for step in cost.steps])
    whole = sum(end - start for start, end in spans) or 1.0
    columns = max(_LEAST_COLUMNS, terminal.columns - names - 4)
    lines = [_line(cost, names, spans, columns / whole, terminal) for cost in used]
    legend = f"load = {times.load}; · found  █ imported  ▒ set up; {whole:.1f} ms from left to right, without pauses"
    return [*lines, legend]


def _line(cost: Cost, names: int, spans: Sequence[Span], per_ms: float, terminal: Terminal) -> str:
    cells: dict[int, str] = {}
    for step in cost.steps:
        first = int(_place(step.at_ms, spans) * per_ms)
        last = max(first + 1, round(_place(step.at_ms + step.took_ms, spans) * per_ms))
        cells.update(dict.fromkeys(range(first, last), _MARKS.get(step.name, "?")))
    bar = "".join(
        terminal.style(mark, _COLOURS.get(mark, 0)) if (mark := cells.get(column, " ")) != " " else " "
        for column in range(max(cells) + 1)
    )
    return f"{cost.name:{names}} |{bar}"


def _merged(steps: Sequence[StepCard]) -> list[Span]:
    """Return the stretches of time in which something was done, without the long pauses between them."""
    work_ms = sum(step.took_ms for step in steps)
    spans: list[Span] = []
    for start, end in sorted((step.at_ms, step.at_ms + step.took_ms) for step in steps):
        if spans and start - spans[-1][1] <= work_ms * _PAUSE:
            spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
        else:
            spans.append((start, end))
    return spans


def _place(at_ms: float, spans: Sequence[Span]) -> float:
    """Return how much of the stretches lies before a moment."""
    return sum(max(0.0, min(at_ms, end) - start) for start, end in spans)
