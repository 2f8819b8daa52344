"""What is suggested instead of a line."""

from isaacd.routing.asked import Asked
from isaacd.routing.route import Correction


def suggested(asked: Asked) -> Correction | str:
    """Return the line that was probably meant, or why there is none."""
    if asked.forced:
        return "the line is forced"
    fix = asked.fix
    if fix is None:
        return "no mistake in it is known"
    better, typed = asked.judged(fix.line), asked.judged(asked.text)
    if better.tier > typed.tier:
        return (
            f"{fix.line!r} was perhaps meant, but its tier is {better.tier.label}, above {typed.tier.label}"
        )
    return Correction(fix.line, round(fix.confidence, 2), fix.why, better.tier)
