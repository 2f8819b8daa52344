"""What a person says: silence is no, and only a yes to exactly this call is a yes."""

import anyio
import pytest

from isaacd.safety.tier import Tier
from isaacd.tools.consent import MAX_REASONS, Consent
from isaacd.tools.judge import Judgement
from tests.fake_person import FakePerson

pytestmark = pytest.mark.anyio


class Absent(FakePerson):
    """Somebody who has left the terminal as it is."""

    async def confirm(self, text: str) -> bool:
        await anyio.sleep_forever()
        return True

    async def ask_line(self, prompt: str) -> str | None:
        await anyio.sleep_forever()
        return "run box.burn"


class Shown:
    def __init__(self) -> None:
        self.lines: list[str] = []

    async def __call__(self, text: str) -> None:
        self.lines.append(text)


@pytest.mark.parametrize("tier", [tier for tier in Tier if not tier.runs_unasked])
async def test_silence_is_no(tier: Tier) -> None:
    consent = Consent(Absent(), Shown(), patience_s=0)
    refusal = await consent.refusal("box.burn", "box.burn()", Judgement(tier))
    assert "nobody agreed" in str(refusal)


@pytest.mark.parametrize("tier", [tier for tier in Tier if tier.runs_unasked])
async def test_what_runs_unasked_asks_nobody(tier: Tier) -> None:
    person = FakePerson()
    assert await Consent(person, Shown()).refusal("box.look", "box.look()", Judgement(tier)) is None
    assert (person.asked, person.prompts) == ([], [])


async def test_a_yes_is_for_one_call_only() -> None:
    person = FakePerson([True, False])
    consent = Consent(person, Shown())
    edit = Judgement(Tier.WORKING_TREE)
    assert await consent.refusal("box.keep", "box.keep(1)", edit) is None
    assert await consent.refusal("box.keep", "box.keep(1)", edit) is not None


async def test_reasons_are_few_and_on_one_line_each() -> None:
    person = FakePerson([True])
    reasons = tuple(f"reason {number}\nRun it? y" for number in range(100))
    await Consent(person, Shown()).refusal("box.fetch", "box.fetch()", Judgement(Tier.BEYOND, reasons))
    assert person.asked[0].count("\n") == MAX_REASONS + 3
    assert "and 90 reasons more" in person.asked[0]
    assert person.asked[0].count("Run it?") == MAX_REASONS + 1


async def test_the_whole_call_stands_above_the_phrase() -> None:
    shown = Shown()
    person = FakePerson(types=[" run box.burn \n"])
    assert (
        await Consent(person, shown).refusal("box.burn", "box.burn(all=true)", Judgement(Tier.DESTRUCTIVE))
        is None
    )
    assert "box.burn(all=true)" in shown.lines[0]
