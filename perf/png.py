"""Pictures as PNG, by matplotlib (the extra `perf`), for where SVG is not shown."""

from pathlib import Path
from typing import Any

from pictures import Bars, Lines, Picture
from svg import COLOURS, dash_of, in_other, middle, ticks


def write_png(picture: Picture, folder: Path) -> Path:
    """Draw a picture into `folder`; raises ImportError where there is no matplotlib."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    high = 4.5 if isinstance(picture, Lines) else max(2.5, 1.2 + 0.2 * len(picture.spans))
    figure, axes = pyplot.subplots(figsize=(10, min(high, 14)), layout="constrained")
    if isinstance(picture, Lines):
        _lines(picture, axes)
    else:
        _bars(picture, axes)
    axes.set_title(picture.title, loc="left", fontsize=11)
    axes.set_xlabel(picture.across)
    file = folder / f"{picture.name}.png"
    figure.savefig(file, dpi=110)
    pyplot.close(figure)
    return file


def _lines(picture: Lines, axes: Any) -> None:
    for number, (name, points) in enumerate(picture.series.items()):
        dash = tuple(map(float, dash_of(number, name).split()))
        (line,) = axes.plot(*zip(*points, strict=True), color=COLOURS[number % len(COLOURS)], linewidth=1.7)
        line.set_label(f"{name} ({middle(points, picture)})")
        if dash:
            line.set_dashes(dash)
    if picture.log:
        axes.set_xscale("log")
        across = [x for points in picture.series.values() for x, _ in points]
        marks = ticks(min(across), max(across), log=True)
        axes.set_xticks(marks, [f"{mark:g}" for mark in marks])
        axes.set_xticks([], minor=True)
    axes.set_ylabel(picture.up)
    axes.grid(visible=True, alpha=0.3)
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=8)


def _bars(picture: Bars, axes: Any) -> None:
    for place, (_, spans) in enumerate(picture.spans):
        for step, (start, end) in enumerate(spans):
            colour = COLOURS[1 if in_other(picture, place, step) else 4]
            axes.barh(place, end - start, left=start, color=colour)
    labels = [label for label, _ in picture.spans]
    axes.set_yticks(range(len(labels)) if any(labels) else [], labels if any(labels) else [], fontsize=7)
    axes.margins(y=0.01)
    axes.set_xlim(left=0)
    axes.set_ylabel(picture.up)
    axes.invert_yaxis()
    axes.grid(visible=True, axis="x", alpha=0.3)
