"""Pictures as SVG, without any library: text stays text, and nothing is fetched."""

import math
from collections.abc import Sequence
from html import escape

from pictures import Bars, Lines, Picture

COLOURS = (
    "#767676",
    "#c04a00",
    "#9a6700",
    "#00795a",
    "#005f9e",
    "#a8437f",
    "#222222",
    "#5b3fa0",
    "#2a7ab0",
    "#7a4a1e",
    "#5f7a00",
    "#b0006a",
)
# On a dark page; the page says when (`dark`).
LIGHTER = (
    "#a8a8a8",
    "#ff8a4c",
    "#e0a72e",
    "#3fc79a",
    "#5cb0f0",
    "#e58cc0",
    "#dddddd",
    "#b39ddb",
    "#8fd0f5",
    "#d09a6a",
    "#b5cc4a",
    "#ff7ac6",
)
# Names of colours, so that a page can change them; by itself a picture is light.
STYLE = (
    ".drawn{fill:var(--ink,#222)}.paper{fill:var(--paper,#fff)}.rule{stroke:var(--rule,#ddd)}"
    + "".join(f".c{number}{{--c:var(--c{number},{colour})}}" for number, colour in enumerate(COLOURS))
    + ".line{stroke:var(--c);fill:none}.of{fill:var(--c)}"
)
WIDTH, PLOT, TOP, BOTTOM = 860, 460, 34, 44
_ROW, _MOST_LABEL = 16, 352
_DASHES = ("", "7 2", "9 2 2 2", "4 2")


def dark() -> str:
    """Return the names of colours for a dark page."""
    colours = "".join(f"--c{number}:{colour};" for number, colour in enumerate(LIGHTER))
    return f"--ink:#ddd;--paper:#181a1b;--rule:#3a3d40;{colours}"


def svg(picture: Picture) -> str:
    """Draw a picture."""
    return _lines(picture) if isinstance(picture, Lines) else _bars(picture)


def ticks(low: float, high: float, *, log: bool = False) -> list[float]:
    """Return round numbers from `low` to `high`, about five of them; with `log` by 1, 2, 5 and powers of ten."""
    if log:
        powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
        found = [base * 10.0**power for power in powers for base in (1, 2, 5)]
        inside = [value for value in found if low <= value <= high]
        # Less than a power of ten has hardly any of these.
        return inside if len(inside) > 2 else ticks(low, high)
    if high <= low:
        return [low]
    rough = (high - low) / 5
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(base * power for base in (1, 2, 5, 10) if base * power >= rough)
    return [number * step for number in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _head(title: str, height: float) -> list[str]:
    return [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" role="img" '
        f'aria-label="{escape(title)}" font-family="sans-serif" font-size="11" class="drawn">',
        f"<style>{STYLE}</style>",
        f'<rect width="{WIDTH}" height="{height:.0f}" class="paper"/>',
        f'<text x="8" y="18" font-size="14">{escape(title)}</text>',
    ]


def _lines(picture: Lines) -> str:
    points = [point for line in picture.series.values() for point in line]
    low_x, high_x = min(x for x, _ in points), max(x for x, _ in points)
    low_y, high_y = min(y for _, y in points), max(y for _, y in points)
    # From 0, unless that would press all curves against the upper edge.
    low_y = low_y if not picture.log and low_y > high_y / 4 else min(0.0, low_y)
    left, high = 56, 300
    bottom = TOP + high

    def across(x: float) -> float:
        if picture.log:
            whole = math.log10(high_x / low_x) or 1.0
            return left + PLOT * math.log10(x / low_x) / whole
        return left + PLOT * (x - low_x) / ((high_x - low_x) or 1.0)

    def up(y: float) -> float:
        return bottom - high * (y - low_y) / ((high_y - low_y) or 1.0)

    parts = _head(picture.title, bottom + BOTTOM)
    for value in ticks(low_y, high_y):
        y = up(value)
        parts.append(f'<path d="M{left} {y:.1f}h{PLOT}" class="rule"/>')
        parts.append(f'<text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{value:g}</text>')
    for value in ticks(low_x, high_x, log=picture.log):
        parts.append(f'<text x="{across(value):.1f}" y="{bottom + 15}" text-anchor="middle">{value:g}</text>')
    parts.append(
        f'<text x="{left + PLOT / 2}" y="{bottom + 32}" text-anchor="middle">{escape(picture.across)}</text>'
    )
    parts.append(f'<text x="{left}" y="{TOP - 4}" font-size="10">{escape(picture.up)}</text>')
    heights = _apart([up(line[-1][1]) for line in picture.series.values()])
    for number, ((name, line), label_y) in enumerate(zip(picture.series.items(), heights, strict=True)):
        colour = f"c{number % len(COLOURS)}"
        dash = f' stroke-dasharray="{dashes}"' if (dashes := dash_of(number, name)) else ""
        drawn = " ".join(f"{across(x):.1f},{up(y):.1f}" for x, y in line)
        parts.append(f'<polyline points="{drawn}" class="line {colour}" stroke-width="1.7"{dash}/>')
        parts.append(
            f'<text x="{left + PLOT + 8}" y="{label_y + 4:.1f}" class="of {colour}">{escape(name)} ({middle(line, picture)})</text>'
        )
    return "\n".join([*parts, "</svg>"])


def dash_of(number: int, name: str) -> str:
    """Return how a line is broken, as lengths: who cannot tell colours apart has these. A floor and the optimum are dotted."""
    return "1.5 2" if "floor" in name or name == "optimum" else _DASHES[number % len(_DASHES)]


def in_other(picture: Bars, place: int, step: int) -> bool:
    """Say whether a bar is in the other colour."""
    return step > 0 or place in picture.other


def middle(line: Sequence[tuple[float, float]], picture: Lines) -> str:
    """Say the median of a distribution, or the last value of a curve."""
    return f"{line[len(line) // 2][0]:.3g} x" if picture.log else f"{line[-1][1]:.1f}"


def _apart(wanted: Sequence[float], gap: float = 13) -> list[float]:
    """Move labels so that no two are closer than `gap`."""
    found = [0.0] * len(wanted)
    last = -math.inf
    for place in sorted(range(len(wanted)), key=wanted.__getitem__):
        last = found[place] = max(wanted[place], last + gap)
    over = max(0.0, last - (TOP + 300)) if wanted else 0.0
    return [value - over for value in found]


def _bars(picture: Bars) -> str:
    labelled = any(label for label, _ in picture.spans)
    row = _ROW if labelled else 5
    left = _MOST_LABEL if labelled else 20
    wide = WIDTH - left - 20
    bottom = TOP + row * len(picture.spans)
    most = max((end for _, spans in picture.spans for _, end in spans), default=1.0) or 1.0
    parts = _head(picture.title, bottom + BOTTOM)
    for value in ticks(0.0, most):
        x = left + wide * value / most
        parts.append(f'<path d="M{x:.1f} {TOP}V{bottom}" class="rule"/>')
        parts.append(f'<text x="{x:.1f}" y="{bottom + 15}" text-anchor="middle">{value:g}</text>')
    for number, (label, spans) in enumerate(picture.spans):
        y = TOP + row * number
        if label:
            parts.append(
                f'<text x="{left - 6}" y="{y + row - 5}" text-anchor="end" xml:space="preserve">{escape(label[-60:])}</text>'
            )
        for step, (start, end) in enumerate(spans):
            if end <= start:
                continue
            length = max(0.6, wide * (end - start) / most)
            parts.append(
                f'<rect x="{left + wide * start / most:.1f}" y="{y + 1}" width="{length:.1f}" height="{row - 2}" '
                f'class="of c{1 if in_other(picture, number, step) else 4}"/>'
            )
    across, y = (f"{picture.across} ({picture.up})" if picture.up else picture.across), bottom + 32
    parts.append(f'<text x="{left + wide / 2}" y="{y}" text-anchor="middle">{escape(across)}</text>')
    return "\n".join([*parts, "</svg>"])
