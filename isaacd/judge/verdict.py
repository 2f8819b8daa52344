"""What the judge says of a line: its tier, the reasons, and what a person types to have it run all the same."""

from collections.abc import Iterable

import msgspec

from isaacd.safety.tier import Tier

MAX_PHRASE_CHARS = 60
BY_AI = "ai"
_ANYWAY = "run it anyway"


class Reason(msgspec.Struct, frozen=True):
    """One reason for a tier: in words, where in the line, and by which rule.

    `destroys` says what would be lost, as the phrase names it. A reason with `is_floor` no override can take away.
    """

    tier: Tier
    text: str
    place: str = ""
    rule: str = ""
    destroys: str = ""
    is_floor: bool = False


class Verdict(msgspec.Struct, frozen=True):
    """The tier of a whole line and every reason for it, the weightiest first."""

    tier: Tier
    reasons: tuple[Reason, ...] = ()

    @property
    def phrase(self) -> str | None:
        """What has to be typed before a line of tier 4 runs: it names what is destroyed. None below tier 4."""
        if self.tier < Tier.DESTRUCTIVE:
            return None
        named = list(
            dict.fromkeys(
                reason.destroys
                for reason in self.reasons
                if reason.tier is Tier.DESTRUCTIVE and reason.destroys
            )
        )
        if not named:
            return _ANYWAY
        more = f" and {len(named) - 1} more" if len(named) > 1 else ""
        return _typable(named[0], MAX_PHRASE_CHARS - len(more)) + more

    def raised(self, tier: Tier, text: str, *, rule: str = BY_AI) -> "Verdict":
        """Return the verdict with one more opinion, which can raise the tier and never lowers it."""
        return verdict((*self.reasons, Reason(tier, text, rule=rule)), at_least=self.tier)


def verdict(reasons: Iterable[Reason], *, at_least: Tier = Tier.READ) -> Verdict:
    """Make a verdict of reasons: the line takes the highest tier."""
    found = list(reasons)
    if len(found) > 1:
        found = sorted(dict.fromkeys(found), key=_weight)
    tier = found[0].tier if found else Tier.READ
    return Verdict(tier if at_least is Tier.READ else max(at_least, tier), tuple(found))


_ORDER = {tier: -place for place, tier in enumerate(Tier)}


def _weight(reason: Reason) -> int:
    return _ORDER[reason.tier]


def _typable(text: str, most: int) -> str:
    """Leave of a text what a person can type and a terminal shows as it is."""
    plain = " ".join("".join(char if " " <= char <= "~" else " " for char in text).split())
    return plain if len(plain) <= most else plain[:most].rstrip()
