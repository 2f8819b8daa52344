"""Draws lines as SVG, without any library."""

from collections.abc import Mapping, Sequence
from html import escape

WIDTH, HEIGHT, LEFT, TOP, BOTTOM, RIGHT = 760, 380, 50, 40, 40, 250
COLOURS = ("#888888", "#d55e00", "#e69f00", "#009e73", "#0072b2", "#cc79a7", "#56b4e9", "#000000")


def lines(series: Mapping[str, Sequence[float]], *, title: str, across: str) -> str:
    """Draw one line for each series of shares between 0 and 1."""
    wide, high = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<text x="{LEFT}" y="22" font-size="15">{escape(title)}</text>',
    ]
    for tenth in range(0, 11, 2):
        y = TOP + high * (1 - tenth / 10)
        parts.append(f'<line x1="{LEFT}" y1="{y:.1f}" x2="{LEFT + wide}" y2="{y:.1f}" stroke="#dddddd"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{tenth * 10} %</text>')
    parts.append(
        f'<text x="{LEFT + wide / 2}" y="{HEIGHT - 12}" text-anchor="middle">{escape(across)}</text>'
    )
    labels = sorted(((values[-1], name) for name, values in series.items() if values), reverse=True)
    heights = {}
    for place, (value, name) in enumerate(labels):
        wanted = TOP + high * (1 - value)
        heights[name] = wanted if not place else max(wanted, heights[labels[place - 1][1]] + 15)
    for number, (name, values) in enumerate(series.items()):
        colour = COLOURS[number % len(COLOURS)]
        step = wide / max(1, len(values) - 1)
        points = " ".join(
            f"{LEFT + step * index:.1f},{TOP + high * (1 - value):.1f}" for index, value in enumerate(values)
        )
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        if values:
            text = f"{values[-1]:.1%} {escape(name)}"
            parts.append(
                f'<text x="{LEFT + wide + 6}" y="{heights[name] + 4:.1f}" fill="{colour}">{text}</text>'
            )
    return "\n".join([*parts, "</svg>", ""])
