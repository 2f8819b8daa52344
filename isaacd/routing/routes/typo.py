"""Lines with a mistake in them: what was probably meant is suggested, or run if the person allows that."""

import msgspec

from isaacd.routing.asked import Asked
from isaacd.routing.route import Changed, Correction, Route
from isaacd.routing.routes.builtin import changes_shell
from isaacd.routing.suggestion import suggested
from isaacd.routing.tokens import segments
from isaacd.safety.tier import Tier

BEYOND_DOUBT = 0.9


class Typo:
    """Takes lines that cannot be meant as they are, if there is one that can."""

    name = "typo"

    def look(self, asked: Asked) -> Route | Changed | str:
        """Look for a better line; one of a higher tier than what was typed is neither run nor suggested."""
        correction = suggested(asked)
        if isinstance(correction, str):
            return correction
        if may_be_made(asked, correction):
            return _corrected(asked, correction)
        return Route(
            kind="shell",
            typed=asked.typed,
            line=asked.text,
            because=f"{correction.line!r} was probably meant: {correction.why}",
            verdict=asked.judged(asked.text),
            correction=correction,
        )


def may_be_made(asked: Asked, correction: Correction) -> bool:
    """Say whether a correction may be made unasked: the person allows it, it only reads, and it is beyond doubt."""
    sure = asked.fix is not None and asked.fix.sure and asked.fix.confidence >= BEYOND_DOUBT
    return asked.settings.autocorrect and sure and correction.tier is Tier.READ


def _corrected(asked: Asked, correction: Correction) -> Route:
    verdict = asked.judged(correction.line)
    changes = changes_shell(segments(correction.line), asked.machine.programs)
    return Route(
        kind="shell" if changes is None else "builtin",
        typed=asked.typed,
        line=correction.line,
        because=f"it was corrected: {correction.why}",
        verdict=verdict.raised(Tier.REVERSIBLE, f"it was corrected from {asked.text[:80]!r}", rule="typo"),
        correction=msgspec.structs.replace(correction, applied=True),
    )
