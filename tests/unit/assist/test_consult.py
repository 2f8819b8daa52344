"""Models asked for answers of a form: read whatever stands around them, and never believed to be what they are not."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isaacd.answers.asking import Asking
from isaacd.assist.consult import consult, consult_many, decoded, material
from isaacd.errors import IsaacError, ProviderUnavailable
from tests.fake_answers import FakeAnswers

pytestmark = pytest.mark.anyio


class Told(msgspec.Struct):
    name: str
    size: int = 0


class Many(FakeAnswers):
    """Answers one after the other, as a list of questions is answered."""

    async def chat(self, messages, asking=None):
        async with self.stream(messages, asking) as stream:
            return await stream.whole()

    async def batch(self, requests, asking=None, *, limit, on_done=None):
        found = []
        for messages in requests:
            try:
                found.append(await self.chat(messages, asking))
            except IsaacError as error:
                found.append(error)
        return found


@pytest.mark.parametrize(
    "text",
    [
        '{"name": "x"}',
        '```json\n{"name": "x"}\n```',
        'Sure:\n```\n{"name": "x"}\n```\nDone.',
        'Here: {"name": "x"} !',
    ],
)
def test_an_answer_is_read_whatever_stands_around_it(text):
    assert decoded(text, Told) == Told("x")


@pytest.mark.parametrize("text", ["", "no", '{"name": 1}', "[1]", "{" * 5000, '{"nam": "x"}'])
def test_what_is_no_answer_is_none(text):
    assert decoded(text, Told) is None


@given(st.text(alphabet=st.sampled_from(list("END PATH+\nB")), max_size=80))
def test_material_cannot_end_itself(text):
    first, *_, last = material("path", text).split("\n")
    assert last == first.replace("BEGIN", "END")
    assert last not in text


async def test_the_form_goes_along_and_the_answer_is_checked():
    answers = Many(['{"name": "x", "size": 3}'], ["what?"])
    told = await consult(answers, "Be kind.", "who?", Told, Asking())
    assert told.value == Told("x", 3)
    messages, asking = answers.asked[0]
    assert messages[0].content.startswith("Be kind.")
    assert asking.schema is not None
    assert asking.schema.schema["type"] == "object"
    with pytest.raises(ProviderUnavailable, match="not what was asked for"):
        await consult(answers, "", "who?", Told, Asking())


async def test_of_many_each_has_its_answer_or_its_error():
    answers = Many(['{"name": "a"}'], ["no"], [ProviderUnavailable("away")])
    first, second, third = await consult_many(answers, "", ["1", "2", "3"], Told, Asking(), limit=2)
    assert first.value == Told("a")
    assert "not what was asked for" in second.message
    assert third.message == "away"
