"""Keys of answers: what makes two questions the same, and what is not kept."""

from typing import Any

import pytest

from isaacd.cache.keys import MAX_ATTACHMENT_BYTES, Attachment, Request, exact_key, has_secret, why_not

ASKED = (("system", "be brief"), ("user", "what does umask do?"))
KEY = "sk-proj-abcdefghij0123456789"


def request(**changes: Any) -> Request:
    return Request(**{"turns": ASKED, "model": "m", "provider": "p", **changes})


def test_the_same_request_has_the_same_key_and_it_tells_nothing() -> None:
    assert exact_key(request()) == exact_key(request(turns=list(ASKED)))
    assert "umask" not in exact_key(request())


@pytest.mark.parametrize(
    "changes",
    [
        {"turns": (("system", "be long"), ASKED[1])},
        {"turns": (ASKED[0], ("user", "what does umask do? "))},
        {"turns": (ASKED[0], ("assistant", "what does umask do?"))},
        {"turns": (("system", "be briefwhat"), ("user", " does umask do?"))},
        {"model": "n"},
        {"model": None},
        {"provider": "q"},
        {"provider": None},
        {"parameters": {"temperature": 0.0}},
        {"parameters": {"max_tokens": 5}},
        {"tools": ({"name": "run"},)},
        {"parameters": {"stop": ("a", "b")}},
        {"parameters": {"schema": {"type": "object"}}},
        {"parameters": {"effort": "high"}},
        {"parameters": {"tool_choice": "none"}},
        {"attachments": (Attachment("a", b"1"),)},
    ],
)
def test_whatever_decides_the_answer_decides_the_key(changes: dict[str, Any]) -> None:
    assert exact_key(request(**changes)) != exact_key(request())


def test_parameters_that_are_left_out_are_none() -> None:
    assert exact_key(request(parameters={"temperature": None})) == exact_key(request())


def test_a_whole_number_is_the_same_however_it_is_written() -> None:
    assert exact_key(request(parameters={"temperature": 0})) == exact_key(
        request(parameters={"temperature": 0.0})
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"parameters": {"stop": ("ab",)}}, {"parameters": {"stop": ("a", "b")}}),
        ({"parameters": {"stop": "a"}}, {"parameters": {"stop": ("a",)}}),
        ({"parameters": {"effort": "low"}}, {"parameters": {"tool_choice": "low"}}),
        ({"attachments": (Attachment("a", b"1"),)}, {"attachments": (Attachment("a", b"1", turn=1),)}),
        ({"attachments": (Attachment("a", b"1"),)}, {"attachments": (Attachment("b", b"1"),)}),
        ({"attachments": (Attachment("ab"),)}, {"attachments": (Attachment("a", b"b"),)}),
        ({"tools": ({"name": "a"}, {"name": "b"})}, {"tools": ({"name": "b"}, {"name": "a"})}),
    ],
)
def test_what_is_alike_but_not_the_same_has_another_key(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert exact_key(request(**one)) != exact_key(request(**other))


def test_the_order_of_names_in_a_schema_does_not_count() -> None:
    one, two = {"name": "run", "type": "x"}, {"type": "x", "name": "run"}
    assert exact_key(request(tools=(one,))) == exact_key(request(tools=(two,)))


def test_attachments_count_by_their_content() -> None:
    keys = {exact_key(request(attachments=(Attachment("a", data),))) for data in (b"1", b"2", b"1")}
    assert len(keys) == 2


def test_text_that_is_no_unicode_has_a_key_of_its_own() -> None:
    odd = exact_key(request(turns=(("user", "ls \udcff"),)))
    assert odd != exact_key(request(turns=(("user", "ls ?"),)))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"parameters": {"temperature": 0.7}}, "temperature"),
        ({"turns": (("user", f"why is {KEY} refused?"),)}, "secret"),
        ({"turns": (("user", "x " * 12_000 + KEY),)}, "secret"),
        ({"turns": (("user", "login with password=hunter22"),)}, "secret"),
        ({"attachments": (Attachment("a", b"x" * (MAX_ATTACHMENT_BYTES + 1)),)}, "too large"),
        ({"attachments": (Attachment("a", KEY.encode()),)}, "secret"),
        ({"attachments": (Attachment("a", KEY.encode("utf-16")),)}, "secret"),
        ({"attachments": (Attachment("a", b"x", url=f"https://example.org/?token={KEY}"),)}, "secret"),
        ({"attachments": (Attachment("a", url="https://example.org/a.png"),)}, "address"),
        ({"turns": (("user", "a " * MAX_ATTACHMENT_BYTES),)}, "too long"),
        ({"turns": (("user", "what is the latest release of git?"),)}, "time"),
        ({"turns": (("user", "what day is it today"),)}, "time"),
    ],
)
def test_what_must_not_be_kept_is_named(changes: dict[str, Any], reason: str) -> None:
    assert reason in (why_not(request(**changes)) or "")


def test_anything_else_may_be_kept() -> None:
    assert why_not(request()) is None
    assert why_not(request(parameters={"temperature": 0.0})) is None
    assert why_not(request(parameters={"temperature": 0.7}), sampled=True) is None


@pytest.mark.parametrize("at", [0, 16_000, 16_380, 31_000, 70_000])
def test_a_secret_is_found_wherever_it_stands(at: int) -> None:
    text = "word " * 20_000
    assert not has_secret(text)
    assert has_secret(f"{text[:at]} {KEY} {text[at:]}")
