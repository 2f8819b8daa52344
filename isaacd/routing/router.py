"""Turns what a person typed into what should happen; it runs nothing."""

from collections.abc import Sequence

import msgspec

from isaacd.judge.surroundings import Surroundings
from isaacd.routing.asked import Asked, House, Way
from isaacd.routing.route import Changed, Route, Step
from isaacd.routing.routes.alias import OwnAlias, Translation
from isaacd.routing.routes.builtin import Builtin
from isaacd.routing.routes.empty import Empty
from isaacd.routing.routes.force import Force
from isaacd.routing.routes.language import Language
from isaacd.routing.routes.meta import Meta
from isaacd.routing.routes.rules import Rules
from isaacd.routing.routes.shell import Shell
from isaacd.routing.routes.typo import Typo
from isaacd.routing.settings import Settings
from isaacd.safety.tier import Tier

MAX_CHANGES = 10
_NO_SETTINGS = Settings()


class CommandRouter:
    """Asks the routes in order; the last one takes every line."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._ways: Sequence[Way] = (
            Empty(),
            Force(),
            Meta(),
            Rules(),
            OwnAlias(),
            Translation(),
            Builtin(),
            Language(),
            Typo(),
            Shell(),
        )

    @property
    def routes(self) -> tuple[str, ...]:
        """The names of the routes, in order."""
        return tuple(way.name for way in self._ways)

    def route(self, line: str, around: Surroundings, settings: Settings = _NO_SETTINGS) -> Route:
        """Say what should happen with a line, and why; never raises for anything that can be typed."""
        steps: list[Step] = []
        asked = Asked(line, line, around, settings, self._house)
        notices: list[str] = []
        for _ in range(MAX_CHANGES):
            found = self._once(asked, steps)
            if isinstance(found, Route):
                return _finished(found, asked, steps, notices)
            if found.notice:
                notices.append(found.notice)
            asked = Asked(
                line,
                found.line,
                around,
                settings,
                self._house,
                forced=asked.forced or found.forced,
                replaced=asked.replaced | {found.name} if found.name else asked.replaced,
            )
        steps.append(Step("alias", "took", "names led to each other too often"))
        because = f"an alias or a rule leads to another more than {MAX_CHANGES} times"
        return Route(kind="refused", typed=line, line=asked.line, because=because, steps=tuple(steps))

    def _once(self, asked: Asked, steps: list[Step]) -> Route | Changed:
        for way in self._ways:
            found = way.look(asked)
            if isinstance(found, str):
                steps.append(Step(way.name, "passed", found))
                continue
            is_route = isinstance(found, Route)
            why = found.because if isinstance(found, Route) else found.why
            steps.append(Step(way.name, "took" if is_route else "changed", why))
            return found
        raise AssertionError("the last route takes every line")


def _finished(route: Route, asked: Asked, steps: list[Step], notices: list[str]) -> Route:
    """Put in what only the whole way shows; a line that is not as it was typed runs with a notice at least."""
    verdict = route.verdict
    changes = [step.why for step in steps if step.outcome == "changed"]
    for notice in notices:
        if verdict is not None:
            verdict = verdict.raised(Tier.REVERSIBLE, notice, rule="changed")
    return msgspec.structs.replace(
        route,
        because="; ".join((*changes, route.because)),
        typed=asked.typed,
        verdict=verdict,
        forced=asked.forced,
        steps=tuple(steps),
    )
