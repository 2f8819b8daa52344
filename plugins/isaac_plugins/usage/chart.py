"""Charts of block elements, as wide as the terminal, readable without colour."""

from collections.abc import Sequence

_EIGHTHS_RIGHT = " ▏▎▍▌▋▊▉█"
_EIGHTHS_UP = " ▁▂▃▄▅▆▇█"


def bar(share: float, columns: int) -> str:
    """Draw a share between 0 and 1 as a bar of at most `columns`; anything above 0 is seen."""
    eighths = round(min(1.0, max(0.0, share)) * columns * 8)
    if share > 0:
        eighths = max(1, eighths)
    whole, rest = divmod(eighths, 8)
    return "█" * whole + (_EIGHTHS_RIGHT[rest] if rest else "")


def gauge(share: float, columns: int) -> str:
    """Draw a share of a whole that is seen too."""
    filled = round(min(1.0, max(0.0, share)) * columns)
    filled = max(filled, int(share > 0))
    return "█" * filled + "░" * (columns - filled)


def columns(values: Sequence[float], wide: int, height: int) -> list[str]:
    """Draw values side by side as columns, on `height` lines, each as broad as `wide` columns allow."""
    most = max(values, default=0.0)
    if most <= 0 or not values:
        return []
    broad = max(1, min(4, wide // len(values)))
    gap = 1 if broad > 1 else 0
    eighths = [max(1, round(value / most * height * 8)) if value > 0 else 0 for value in values]
    lines = []
    for row in range(height - 1, -1, -1):
        cells = (
            _EIGHTHS_UP[min(8, max(0, count - row * 8))] * (broad - gap) + " " * gap for count in eighths
        )
        lines.append("".join(cells).rstrip())
    return lines


def width(count: int, wide: int) -> int:
    """Return how many terminal columns `columns` needs for so many values."""
    return count * max(1, min(4, wide // max(1, count)))
