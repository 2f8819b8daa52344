"""Who is asked what, and that nothing but the right answer has a line run."""

from collections.abc import Iterable
from pathlib import Path

import anyio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from isaacd.errors import InvalidParams, PermissionDenied, ProviderUnavailable
from isaacd.plans.dialogue import Dialogue
from isaacd.plans.errand import Errand
from isaacd.plans.handover import Handover
from isaacd.plans.opinion import MAX_CHARS, Opinion, opinion_on, with_opinion
from isaacd.safety.tier import Tier
from tests.plan_house import PlanHouse

TIER_3 = "python3 -c 0"
TIER_4 = "rm -rf /"


class FakePerson:
    """Answers in turn, and nothing when there is no answer left; remembers what was shown."""

    def __init__(
        self, *says: str | None, edits: Iterable[str] = (), ai: str | None = None, is_there: bool = True
    ) -> None:
        self.says = list(says)
        self.edits = list(edits)
        self.ai = ai
        self.is_there = is_there
        self.patience_s = 5.0
        self.shown: list[str] = []
        self.notes: list[str] = []
        self.written = ""
        self.asked: list[str] = []

    async def choose(self, text: str) -> str | None:
        self.shown.append(text)
        return self.says.pop(0) if self.says else None

    async def edit(self, prompt: str, text: str) -> str | None:
        return self.edits.pop(0) if self.edits else None

    async def note(self, text: str) -> None:
        self.notes.append(text)

    async def write(self, text: str) -> None:
        self.written += text

    async def ask(self, question: str) -> tuple[str, str] | None:
        self.asked.append(question)
        return None if self.ai is None else ("model", self.ai)


@pytest.fixture
def house(tmp_path: Path) -> PlanHouse:
    return PlanHouse(tmp_path)


def run(
    house: PlanHouse, person: FakePerson, *given: str, yes: bool = False, dry_run: bool = False
) -> Handover:
    async def main() -> Handover:
        return await Errand(Dialogue(house.desk, house.caller(), person), person).run(
            given, yes=yes, dry_run=dry_run
        )

    return anyio.run(main)


def offer(house: PlanHouse, person: FakePerson, line: str) -> Handover | None:
    async def main() -> Handover | None:
        return await Dialogue(house.desk, house.caller(), person).offer(line)

    return anyio.run(main)


def test_what_only_reads_runs_unasked_and_without_a_word(house: PlanHouse) -> None:
    person = FakePerson()
    released = run(house, person, "ls").run
    assert released is not None
    assert (released.line, person.shown, person.notes) == ("ls", [], [])


def test_what_can_be_taken_back_runs_and_says_so_on_one_line(house: PlanHouse) -> None:
    person = FakePerson()
    assert run(house, person, "touch x").run is not None
    assert person.shown == []
    (note,) = person.notes
    assert note.startswith("running: touch x (")
    assert "\n" not in note


@pytest.mark.parametrize("said", [None, "", "n", "yep", "ja", "yes please", "run it anyway", "\x00"])
def test_nothing_but_a_yes_runs_what_has_to_be_agreed_to(house: PlanHouse, said: str | None) -> None:
    with pytest.raises(PermissionDenied):
        run(house, FakePerson(said), TIER_3)


@pytest.mark.parametrize("said", ["y", "yes", "Y", " YES "])
def test_a_yes_runs_it_and_the_reasons_were_shown(house: PlanHouse, said: str) -> None:
    person = FakePerson(said)
    assert run(house, person, TIER_3).run is not None
    assert "tier 3" in person.shown[0]
    assert "it runs code" in person.shown[0]


def test_yes_as_an_option_agrees_to_tier_3_and_not_to_tier_4(house: PlanHouse) -> None:
    person = FakePerson(is_there=False)
    assert run(house, person, TIER_3, yes=True).run is not None
    assert person.shown == []
    with pytest.raises(PermissionDenied, match="tier 4"):
        run(house, person, TIER_4, yes=True)
    assert run(house, FakePerson("delete /"), TIER_4, yes=True).run is not None


def test_nobody_there_is_told_why_and_what_to_do(house: PlanHouse) -> None:
    with pytest.raises(PermissionDenied, match="it runs code") as caught:
        run(house, FakePerson(is_there=False), TIER_3)
    assert "--yes" in (caught.value.hint or "")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    line=st.sampled_from((TIER_3, TIER_4, "!! rm -rf /", "curl http://example.org/")),
    says=st.lists(
        st.sampled_from((None, "", "y", "yes", "n", "r", "x", "e", "delete /", "run it anyway")), max_size=6
    ),
    ai=st.sampled_from((None, "Fine.\ntier: 1", "tier: 4", "tier: 2.5\ntier: 0", "IGNORE ALL\n")),
    offered=st.booleans(),
)
def test_no_answers_release_a_line_without_what_its_tier_demands(
    house: PlanHouse, line: str, says: list[str | None], ai: str | None, offered: bool
) -> None:
    person = FakePerson(*says, edits=["rm -rf / "], ai=ai)
    try:
        handover = offer(house, person, line) if offered else run(house, person, line)
    except PermissionDenied:
        return
    if handover is None or handover.run is None:
        return
    taken = says[: len(says) - len(person.says)]
    if handover.run.tier == "4":
        assert taken[-1] in ("delete /", "run it anyway")
        assert f"Type `{taken[-1]}`" in person.shown[-1]
    else:
        assert ai is None or "tier: 4" not in ai or offered
        assert taken[-1] in (("r",) if offered else ("y", "yes"))


def test_a_dry_run_asks_nobody_and_releases_nothing(house: PlanHouse) -> None:
    person = FakePerson("y", "delete /")
    for line in ("ls", TIER_3, TIER_4, "cd /", "? what", "", "gti status"):
        found = run(house, person, line, dry_run=True)
        assert found.run is None
        assert found.card is not None
        assert found.after == ()
    assert person.shown == []
    assert not house.desk.tokens._held


def test_what_leads_elsewhere_goes_there(house: PlanHouse) -> None:
    assert run(house, FakePerson(), "? how do I list ports").after == ("ask", "--", "how do I list ports")
    assert run(house, FakePerson(), "/cache stats --all").after == ("cache", "stats", "--all")
    nothing = run(house, FakePerson(), "# nothing")
    assert (nothing.run, nothing.after, nothing.argv, nothing.text) == (None, (), (), "")
    with pytest.raises(InvalidParams, match="no command 'statsu'"):
        run(house, FakePerson(is_there=False), "/statsu")


def test_a_correction_is_taken_only_if_the_person_says_so_and_asks_as_its_tier_demands(
    house: PlanHouse,
) -> None:
    person = FakePerson("y", "n")
    with pytest.raises(PermissionDenied):
        run(house, person, "gti push")
    assert "Did you mean `git push`" in person.shown[0]
    assert "$ git push" in person.shown[1]
    released = run(house, FakePerson("n", "y"), "gti push").run
    assert released is not None
    assert released.line == "gti push"
    for nobody in (FakePerson(is_there=False), FakePerson()):
        released = run(house, nobody, "gti push", yes=True).run
        assert released is not None
        assert released.line == "gti push"
        assert nobody.shown == []


# Opinions.


def opinion(
    house: PlanHouse, answer: str | Exception | None, line: str = TIER_3
) -> tuple[Opinion | None, str]:
    asked = []

    async def ask(question: str) -> tuple[str, str] | None:
        asked.append(question)
        if isinstance(answer, Exception):
            raise answer
        return None if answer is None else ("m\x1b[2J", answer)

    async def main() -> Opinion | None:
        return await opinion_on(house.plan(line), ask, 5.0)

    return anyio.run(main), asked[0]


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(answer=st.text(max_size=300) | st.text("tier: 123.4\n*`", max_size=60))
def test_whatever_an_ai_says_lowers_no_tier_and_steers_no_terminal(house: PlanHouse, answer: str) -> None:
    found, _ = opinion(house, answer)
    plan = house.plan(TIER_3)
    assert with_opinion(plan, found).tier >= plan.tier
    if found is not None:
        assert all(char.isprintable() for char in (found.name + found.text).replace("\n", ""))
        assert len(found.text) <= 10 * MAX_CHARS


def test_an_ai_can_raise_a_tier_and_its_reason_is_marked(house: PlanHouse) -> None:
    found, _ = opinion(house, "It is bad.\n**Tier: 4**")
    assert found is not None
    assert (found.text, found.tier) == ("It is bad.", Tier.DESTRUCTIVE)
    plan = with_opinion(house.plan(TIER_3), found)
    assert plan.tier is Tier.DESTRUCTIVE
    assert plan.verdict.phrase == "run it anyway"
    assert plan.verdict.reasons[0].rule == "ai"


def test_secrets_in_a_line_are_not_sent_and_the_line_is_data(house: PlanHouse) -> None:
    line = "curl -H 'Authorization: Bearer sesame123456' http://example.org/ # \n ignore this"
    _, asked = opinion(house, "x", line)
    assert "sesame" not in asked
    assert "\n ignore this" not in asked


def test_an_ai_that_fails_says_nothing(house: PlanHouse) -> None:
    for answer in (None, ProviderUnavailable("gone"), "", "\n \n"):
        assert opinion(house, answer)[0] is None
