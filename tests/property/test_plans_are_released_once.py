"""Whatever is said in whatever order: no line is released that nobody has agreed to as its tier demands."""

import shutil
import tempfile
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from isaacd.errors import ContentModified, PermissionDenied
from isaacd.plans.handover import PlanCard
from isaacd.plans.tokens import LIFE_S
from tests.plan_house import PlanHouse

LINES = (
    "ls",
    "touch x",
    "sed -i s/a/b/ f",
    "curl http://example.org/",
    "./do.sh",
    "rm -rf ~",
    "!! rm -rf ~",
    "cd /",
)
OWNERS = ("one", "two")


class Held:
    """What the test knows of a token."""

    def __init__(self, card: PlanCard, owner: str, until: float, files: int) -> None:
        self.card = card
        self.owner = owner
        self.until = until
        self.files = files
        self.tries = 0


class Plans(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="isaac-plans-"))
        self.house = PlanHouse(self.folder)
        self.script = self.house.cwd / "do.sh"
        self.script.write_text("0")
        self.script.chmod(0o755)
        (self.house.cwd / "f").write_text("a")
        self.files = 0
        self.held: dict[str, Held] = {}
        self.spent: set[str] = set()
        self.old: set[str] = set()
        self.released: list[str] = []

    def teardown(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def keep(self, card: PlanCard, owner: str) -> None:
        assert card.token not in self.held
        self.held[card.token] = Held(card, owner, self.house.clock.monotonic() + LIFE_S, self.files)

    @rule(line=st.sampled_from(LINES), owner=st.sampled_from(OWNERS))
    def route(self, line: str, owner: str) -> None:
        self.keep(self.house.desk.show(self.house.plan(line, owner)), owner)

    @precondition(lambda self: self.held)
    @rule(
        data=st.data(),
        owner=st.sampled_from(OWNERS),
        yes=st.booleans(),
        phrase=st.sampled_from((None, "", "yes", "right")),
    )
    def approve(self, data: Any, owner: str, yes: bool, phrase: str | None) -> None:
        token = data.draw(st.sampled_from(sorted(self.held)))
        held = self.held[token]
        said = held.card.phrase or "delete ~" if phrase == "right" else phrase
        desk = self.house.desk
        try:
            released = desk.approve(token, self.house.caller(owner), yes=yes, phrase=said)
        except ContentModified as changed:
            assert owner == held.owner
            over = self.house.clock.monotonic() >= held.until
            assert over or (self.files != held.files and "do.sh" in held.card.line)
            self.spend(token)
            fresh = (changed.detail or {}).get("plan")
            if fresh is not None:
                assert isinstance(fresh, dict)
                card = msgspec.convert(fresh, PlanCard)
                assert (card.line, card.tier) == (held.card.line, held.card.tier)
                self.keep(card, owner)
            return
        except PermissionDenied:
            if owner == held.owner:
                # What is over is forgotten when the next plan is made; then it is no more than a token of nothing.
                over = self.house.clock.monotonic() >= held.until
                assert over or not self.is_enough(held.card, yes, said)
                held.tries += 1
                if over or held.tries >= 3:
                    self.spend(token)
            return
        assert owner == held.owner
        assert self.house.clock.monotonic() < held.until
        assert self.is_enough(held.card, yes, said)
        assert (released.line, released.tier, released.argv) == (
            held.card.line,
            held.card.tier,
            held.card.argv,
        )
        assert token not in self.released
        self.released.append(token)
        self.spend(token)

    def is_enough(self, card: PlanCard, yes: bool, phrase: str | None) -> bool:
        if card.tier in ("1", "2"):
            return True
        return phrase == card.phrase if card.tier == "4" else yes

    def spend(self, token: str) -> None:
        self.held.pop(token)
        self.spent.add(token)

    @precondition(lambda self: self.spent)
    @rule(data=st.data())
    def use_again(self, data: Any) -> None:
        token = data.draw(st.sampled_from(sorted(self.spent)))
        self.refused(token)

    @precondition(lambda self: self.held)
    @rule(data=st.data(), place=st.integers(0, 60), char=st.sampled_from("0123456789abcdef-Z"))
    def alter(self, data: Any, place: int, char: str) -> None:
        token = data.draw(st.sampled_from(sorted(self.held)))
        altered = token[:place] + char + token[place + 1 :]
        if altered not in self.held:
            self.refused(altered)

    def refused(self, token: str) -> None:
        for owner in OWNERS:
            try:
                self.house.desk.approve(token, self.house.caller(owner), yes=True, phrase="delete ~")
            except (PermissionDenied, ContentModified):
                continue
            raise AssertionError("a token that stands for nothing was taken")

    @rule(seconds=st.sampled_from((1.0, LIFE_S / 2, LIFE_S)))
    def wait(self, seconds: float) -> None:
        self.house.clock.advance(seconds)

    @rule()
    def write_the_script(self) -> None:
        self.files += 1
        self.script.write_text("x" * self.files)

    @rule()
    def restart(self) -> None:
        self.house.desk = self.house.restarted()
        self.spent |= set(self.held)
        self.held.clear()

    @invariant()
    def nothing_is_kept_that_is_spent(self) -> None:
        assert len(self.house.desk.tokens._held) <= len(self.held)


TestPlans = Plans.TestCase
TestPlans.settings = settings(
    max_examples=60, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
