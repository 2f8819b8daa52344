"""What the ledger says, as text for people and for spreadsheets."""

from collections.abc import Sequence
from datetime import UTC, datetime

from isaac_plugins.usage import chart
from isaacd.api import BudgetState, Overview, PastCall, PriceRow, Terminal, UsageReport, UsageSums

_TOP = 8
_CHART_LINES = 6
_LONGEST_KEY = 32
_GAUGE_COLUMNS = 20
_BOLD, _DIM, _RED, _GREEN, _YELLOW = 1, 2, 31, 32, 33
_TIGHT = 0.8


def overview(found: Overview, terminal: Terminal) -> str:
    """Lay out how things stand."""
    lines = [_summary("today", found.today), _summary("this month", found.month)]
    if found.budgets:
        lines += ["", terminal.style("budgets", _BOLD), *_budgets(found.budgets, terminal)]
    if len(found.days) > 1:
        lines += ["", *_over_time(found.days, terminal)]
    for title, rows in (("models", found.models), ("callers", found.callers)):
        if rows:
            lines += ["", terminal.style(f"{title}, last 30 days", _BOLD), *_bars(rows[:_TOP], terminal)]
            lines += (
                [f"  and {len(rows) - _TOP} more: isaacctl usage --by {title[:-1]}"]
                if len(rows) > _TOP
                else []
            )
    return "\n".join([*lines, *_notes(found.month, found.troubles, terminal)])


def report(found: UsageReport, terminal: Terminal) -> str:
    """Lay out one line for each day, model, caller ..., and the sum."""
    span = " to ".join(filter(None, (found.since, found.until))) or "all time"
    if not found.rows:
        return "\n".join([f"no calls ({span})", *_notes(found.total, found.troubles, terminal)])
    head = terminal.style(f"by {found.by}, {span}", _BOLD)
    lines = [head, *_bars(found.rows, terminal), "", _summary("in all", found.total)]
    return "\n".join([*lines, *_notes(found.total, found.troubles, terminal)])


def csv(found: UsageReport) -> str:
    """Write the rows of a report as RFC 4180 says; a cell that a spreadsheet would take for a formula is quoted."""
    names = UsageSums.__struct_fields__
    lines = [",".join((found.by, *names[1:]))]
    for row in found.rows:
        cells = [_cell(row.key), *(_number(getattr(row, name)) for name in names[1:])]
        lines.append(",".join(cells))
    return "\n".join(lines) + "\n"


def prices(rows: Sequence[PriceRow], terminal: Terminal) -> str:
    """Lay out prices, one line for each step of length."""
    table: list[tuple[str, ...]] = [
        ("model", "above", "input", "cached", "write", "output", "batch", "source")
    ]
    for row in rows:
        numbers = (f"{price:g}" for price in (row.input, row.cached, row.cache_write, row.output))
        batch = "-" if row.batch is None else f"{row.batch:.0%}"
        table.append(
            (_text(row.model), _count(row.above) if row.above else "", *numbers, batch, _text(row.source))
        )
    lines = _aligned(table, left=(0, 7))
    lines[0] = terminal.style(lines[0], _BOLD)
    return "\n".join([*lines, terminal.style("USD for a million tokens", _DIM)])


def calls(rows: Sequence[PastCall], terminal: Terminal) -> str:
    """Lay out single calls, and what was said if that was kept."""
    if not rows:
        return "no calls yet"
    table: list[tuple[str, ...]] = [("when", "model", "caller", "outcome", "in", "out", "cost", "ms")]
    for row in rows:
        when = datetime.fromtimestamp(row.at, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
        name = _text(f"{row.provider}/{row.model}" if row.model else row.provider)
        cost = "unknown" if row.cost_usd is None else _dollars(row.cost_usd)
        counts = (_count(row.input_tokens), _count(row.output_tokens), cost, f"{row.elapsed_ms:.0f}")
        table.append((when, name, _text(row.caller), row.outcome, *counts))
    lines = _aligned(table, left=(0, 1, 2, 3))
    lines[0] = terminal.style(lines[0], _BOLD)
    shown = lines[:1]
    for row, line in zip(rows, lines[1:], strict=True):
        shown.append(line)
        shown += [f"  ? {_text(row.question, 500)}"] if row.question else []
        shown += [f"  = {_text(row.answer, 500)}"] if row.answer else []
    return "\n".join(shown)


def _summary(title: str, found: UsageSums) -> str:
    parts = [f"{title:<12} {_cost(found):>9}", _plural(found.calls, "call")]
    if found.input_tokens or found.output_tokens:
        cached = f" ({_count(found.cached_tokens)} cached)" if found.cached_tokens else ""
        parts.append(f"{_count(found.input_tokens)} tokens in{cached}, {_count(found.output_tokens)} out")
    if found.failed:
        parts.append(f"{found.failed} failed")
    return ", ".join(parts) + _saved(found)


def _saved(found: UsageSums) -> str:
    """Say what was saved, beside what was spent."""
    parts = []
    if found.hits:
        parts.append(f"{_dollars(found.saved_usd)} by {_plural(found.hits, 'kept answer')}")
    if found.cache_saved_usd:
        parts.append(f"{_dollars(found.cache_saved_usd)} by providers' caches")
    return f"; saved {' and '.join(parts)}" if parts else ""


def _budgets(states: Sequence[BudgetState], terminal: Terminal) -> list[str]:
    wide = max(len(_text(state.setting)) for state in states)
    lines = []
    for state in states:
        used = state.spent_usd + state.reserved_usd
        share = used / state.limit_usd if state.limit_usd else 1.0
        color = _RED if share >= 1 else _YELLOW if share >= _TIGHT else _GREEN
        drawn = terminal.style(chart.gauge(share, _GAUGE_COLUMNS), color)
        text = f"{share:4.0%}  {_dollars(state.spent_usd)} of {_dollars(state.limit_usd)}"
        if state.reserved_usd:
            text += (
                f", {_dollars(state.reserved_usd)} set aside for {_plural(state.under_way, 'call')} under way"
            )
        lines.append(f"  {_text(state.setting):<{wide}}  {drawn} {text}, until {state.until_shown}")
    return lines


def _over_time(days: Sequence[UsageSums], terminal: Terminal) -> list[str]:
    """Draw the last days side by side: money, or calls if no money was spent."""
    money = any(day.cost_usd for day in days)
    values = [day.cost_usd or 0.0 if money else float(day.calls + day.hits) for day in days]
    top = max(values)
    shown = _dollars(top) if money else _count(round(top))
    room = max(len(days), terminal.columns - 4)
    lines = [f"  {line}" for line in chart.columns(values, room, _CHART_LINES)]
    first, last = days[0].key[5:], days[-1].key[5:]
    wide = chart.width(len(days), room)
    axis = f"{first}{last:>{wide - len(first)}}" if wide >= len(first) + len(last) + 1 else first
    title = f"{'cost' if money else 'calls'} by day, at most {shown}"
    return [terminal.style(title, _BOLD), *lines, terminal.style(f"  {axis}", _DIM)]


def _bars(rows: Sequence[UsageSums], terminal: Terminal) -> list[str]:
    """Draw one line for each row: its name, its money, a bar, and its counts as far as there is room."""
    money = any(row.cost_usd for row in rows)
    sizes = [row.cost_usd or 0.0 if money else float(row.calls + row.hits) for row in rows]
    most = max(sizes) or 1.0
    keys = [_text(row.key) or "-" for row in rows]
    key_columns = max(map(len, keys))
    costs = [_cost(row) for row in rows]
    cost_columns = max(map(len, costs))
    counts = [_counts(row) for row in rows]
    room = terminal.columns - key_columns - cost_columns - max(map(len, counts)) - 8
    # Counts that leave no room for bars give way to them.
    wide = min(40, room) if room >= 8 else max(4, min(40, terminal.columns - key_columns - cost_columns - 6))
    lines = []
    for key, size, cost, count in zip(keys, sizes, costs, counts, strict=True):
        drawn = chart.bar(size / most, wide)
        line = f"  {key:<{key_columns}}  {cost:>{cost_columns}}  {drawn:<{wide}}"
        lines.append(f"{line}  {count}".rstrip() if room >= 8 else line.rstrip())
    return lines


def _cost(row: UsageSums) -> str:
    """Write the cost of a row; if no price of it is known, there is none."""
    return "unpriced" if row.cost_usd is None else _dollars(row.cost_usd)


def _counts(row: UsageSums) -> str:
    parts = [_plural(row.calls, "call")]
    if row.unpriced and row.unpriced != row.calls:
        parts.append(f"{row.unpriced} unpriced")
    if row.hits:
        parts.append(f"{row.hits} kept")
    return ", ".join(parts)


def _notes(found: UsageSums, troubles: Sequence[str], terminal: Terminal) -> list[str]:
    """Say what the sums do not say."""
    notes = []
    if found.unpriced:
        verb = "has" if found.unpriced == 1 else "have"
        notes.append(
            f"{_plural(found.unpriced, 'call')} {verb} no known price and {'is' if verb == 'has' else 'are'} in no sum "
            "of money: set [ai.prices] in config.toml, or try isaacctl usage update-prices"
        )
    if found.unsettled:
        notes.append(
            f"{_plural(found.unsettled, 'call')} cut short when the daemon was killed, charged at the most possible"
        )
    notes += [f"warning: {_text(text, 500)}" for text in troubles]
    return ["", *(terminal.style(note, _YELLOW) for note in notes)] if notes else []


def _aligned(table: Sequence[Sequence[str]], left: Sequence[int]) -> list[str]:
    wide = [max(len(row[index]) for row in table) for index in range(len(table[0]))]
    return [
        "  ".join(
            f"{cell:<{wide[index]}}" if index in left else f"{cell:>{wide[index]}}"
            for index, cell in enumerate(row)
        ).rstrip()
        for row in table
    ]


def _dollars(usd: float) -> str:
    """Write money with two digits, and small money with as many as tell it from nothing."""
    if usd == 0:
        return "$0"
    if abs(usd) >= 1:
        return f"${usd:,.2f}" if usd > 0 else f"-${-usd:,.2f}"
    text = (
        f"{abs(usd):.4f}"
        if abs(usd) >= 0.01
        else f"{abs(usd):.6f}"
        if abs(usd) >= 0.000001
        else f"{abs(usd):.9f}"
    )
    return ("-$" if usd < 0 else "$") + text


def _count(number: int) -> str:
    size = float(number)
    for unit in ("", "k", "M"):
        if size < 1000:
            return f"{size:.0f}{unit}" if not unit or size >= 100 else f"{size:.1f}{unit}"
        size /= 1000
    return f"{size:.1f}G"


def _plural(count: int, what: str) -> str:
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"


def _text(text: str, most: int = _LONGEST_KEY) -> str:
    """Return text of strangers, such as a model's name, on one line and without control characters."""
    line = "".join(char if char.isprintable() else "·" for char in text)
    return line if len(line) <= most else line[: most - 1] + "…"


def _number(value: float | None) -> str:
    """Write a number; what is not known stays empty."""
    return "" if value is None else str(value)


def _cell(text: str) -> str:
    if text[:1] in ("=", "+", "-", "@", "\t", "\r"):
        text = "'" + text
    return '"' + text.replace('"', '""') + '"' if any(char in text for char in ',"\r\n') else text
