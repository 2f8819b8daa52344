"""What the answers that are no answers mean."""

import json
from typing import Any

import pytest

from isaacd.ai.keys import Key
from isaacd.ai.refusal import MAX_QUOTE, Peer, Refusal, judge, read_refusal, refused, retry_after_ms
from isaacd.errors import (
    InvalidParams,
    IsaacError,
    NotFound,
    PermissionDenied,
    ProviderUnavailable,
    RateLimited,
)

NOW = 1_750_000_000.0
URL = "https://example.com/v1/chat/completions"
KEYLESS = Peer("p", URL)
KEYED = Peer("p", URL, Key("sk-secret", "the environment variable K"))


def error_of(status: int, body: Any, headers: dict[str, str] | None = None, peer: Peer = KEYED) -> IsaacError:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return refused(peer, status, headers or {}, data, model="m-1", now=NOW)


def openai(
    message: str = "it says", code: object = None, kind: str = "invalid_request_error"
) -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "code": code}}


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, openai(), InvalidParams),
        (400, openai(code="model_not_found"), NotFound),
        (400, openai("Invalid model name passed in model=m-1"), NotFound),
        (401, openai(code="invalid_api_key"), PermissionDenied),
        (402, openai("Insufficient Balance"), PermissionDenied),
        (403, openai("API key is not allowed"), PermissionDenied),
        (403, openai("Country not supported"), PermissionDenied),
        (404, openai("The model `m-1` does not exist", "model_not_found"), NotFound),
        (404, {"error": {"message": "model 'm-1' not found, try pulling it first"}}, NotFound),
        (404, {"detail": "Not Found"}, NotFound),
        (408, openai(), ProviderUnavailable),
        (409, openai(), ProviderUnavailable),
        (413, openai(), InvalidParams),
        (422, {"detail": [{"msg": "Extra inputs"}]}, InvalidParams),
        (429, openai(), RateLimited),
        (429, openai(code="insufficient_quota", kind="insufficient_quota"), PermissionDenied),
        (500, openai(), ProviderUnavailable),
        (503, b"<html>busy</html>", ProviderUnavailable),
        (
            529,
            {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}},
            ProviderUnavailable,
        ),
        (302, b"", ProviderUnavailable),
    ],
)
def test_every_status_has_its_kind_of_error(status: int, body: Any, kind: type[IsaacError]) -> None:
    error = error_of(status, body)
    assert type(error) is kind
    assert "p" in error.message.split()
    assert (error.detail or {"provider": "p"})["provider"] == "p"


def test_an_exhausted_quota_is_no_reason_to_try_again() -> None:
    assert not error_of(429, openai("You exceeded your current quota", "insufficient_quota")).retryable


def test_a_key_that_is_missing_and_one_that_is_wrong_are_told_apart() -> None:
    missing = error_of(401, openai("no"), peer=KEYLESS)
    wrong = error_of(401, openai("no"))
    assert "none is configured" in missing.message
    assert "api_key_env" in str(missing.hint)
    assert "environment variable K" in wrong.message


def test_an_unknown_model_of_ollama_can_be_pulled() -> None:
    error = error_of(404, {"error": {"message": 'model "m-1" not found, try pulling it first'}})
    assert "`ollama pull m-1`" in str(error.hint)


def test_a_wrong_path_is_told_apart_from_an_unknown_model() -> None:
    error = error_of(404, b"404 page not found", {"content-type": "text/plain"})
    assert "base_url" in str(error.hint)
    assert URL in error.message


def test_a_redirect_names_its_target_without_the_query() -> None:
    error = error_of(307, b"", {"location": "https://login.example.com/?token=abc"})
    assert "https://login.example.com/" in error.message
    assert "abc" not in error.message


def test_a_redirect_is_not_asked_again() -> None:
    assert not error_of(302, b"", {"location": "/elsewhere"}).retryable


def test_the_values_of_configured_headers_are_not_repeated() -> None:
    peer = Peer("p", URL, header_values=("tenant-secret-1", "isaac"))
    assert peer.quote("isaac sent tenant-secret-1") == "isaac sent [header]"


def test_the_text_of_a_web_page_is_not_repeated() -> None:
    error = error_of(502, b"<html><h1>Bad gateway</h1></html>", {"content-type": "text/html; charset=utf-8"})
    assert "<" not in error.message


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"error": {"message": "a"}}', "a"),
        (b'{"error": "b"}', "b"),
        (b'{"message": "c"}', "c"),
        (b'{"detail": "d"}', "d"),
        (b'{"detail": [{"msg": "e"}]}', '[{"msg":"e"}]'),
        (b'[{"error": {"message": "f"}}]', "f"),
        (b"plain text", "plain text"),
        (b"", ""),
        (b"null", "null"),
        (b"[]", "[]"),
        (b"\xff", "\ufffd"),
        (b"[" * 5000, "[" * 5000),
    ],
)
def test_every_form_of_error_that_is_in_use_is_read(body: bytes, message: str) -> None:
    assert read_refusal(body).message == message


def test_what_a_server_says_cannot_steer_the_terminal_nor_show_the_key() -> None:
    error = error_of(400, openai("a\x1b]0;title\x07\x9b2J\r\nb sk-secret \u202egnp.exe " + "x" * 5000))
    assert error.message.isprintable()
    assert "sk-secret" not in error.message
    assert "[key]" in error.message
    assert len(error.message) < MAX_QUOTE + 100


@pytest.mark.parametrize(
    ("headers", "wait_ms"),
    [
        ({}, None),
        ({"retry-after": "2"}, 2000),
        ({"retry-after": "0.5"}, 500),
        ({"retry-after": "0"}, 0),
        ({"retry-after": "5", "retry-after-ms": "1500"}, 1500),
        ({"retry-after": "Sun, 15 Jun 2025 15:06:50 GMT"}, 10_000),
        ({"retry-after": "Sun, 15 Jun 2025 15:06:30 GMT"}, 0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "1e300"}, None),
        ({"retry-after-ms": "x", "retry-after": "1"}, 1000),
    ],
)
def test_the_wait_that_is_asked_for_is_read_in_all_its_forms(
    headers: dict[str, str], wait_ms: int | None
) -> None:
    assert retry_after_ms(headers, NOW) == wait_ms
    assert error_of(429, openai(), headers).retry_after_ms == wait_ms


@pytest.mark.parametrize(
    ("refusal", "kind"),
    [
        (Refusal("x", "server_error"), ProviderUnavailable),
        (Refusal("x", "overloaded_error"), ProviderUnavailable),
        (Refusal("x", "", "rate_limit_exceeded"), RateLimited),
        (Refusal("x", "", "429", 429), RateLimited),
        (Refusal("x", "insufficient_quota"), PermissionDenied),
        (Refusal("x", "authentication_error"), PermissionDenied),
        (Refusal("x", "invalid_request_error"), InvalidParams),
        (Refusal("the model is not found", "not_found_error"), NotFound),
        (Refusal(""), ProviderUnavailable),
    ],
)
def test_an_error_inside_a_stream_is_judged_by_its_own_words(
    refusal: Refusal, kind: type[IsaacError]
) -> None:
    assert type(judge(KEYED, refusal, 0, model="m")) is kind


@pytest.mark.parametrize(
    "body",
    [
        openai("You have no credits", "credit_balance_exhausted"),
        openai("Over it", "project_spend_limit_exceeded"),
        {
            "type": "error",
            "error": {
                "type": "rate_limit_error",
                "message": "Come back next month",
                "details": {"error_code": "enforced_spend_limit_reached"},
            },
        },
    ],
)
def test_a_spent_budget_is_no_reason_to_try_again_even_if_the_service_says_so(body: Any) -> None:
    error = error_of(429, body, {"x-should-retry": "true"})
    assert type(error) is PermissionDenied
    assert not error.retryable


@pytest.mark.parametrize(
    ("headers", "wait_ms"),
    [
        ({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "1.5s"}, 1500),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "6m0s"}, 360_000),
        (
            {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "2s", "retry-after": "9"},
            9000,
        ),
        ({"x-ratelimit-remaining-requests": "7"}, None),
    ],
)
def test_without_retry_after_the_wait_is_that_of_the_limits(
    headers: dict[str, str], wait_ms: int | None
) -> None:
    error = error_of(429, openai(), headers)
    assert error.retry_after_ms == wait_ms
    assert (error.detail or {})["limits"]


@pytest.mark.parametrize(
    ("status", "advice", "retryable"),
    [(429, "false", False), (500, "false", False), (400, "true", True), (500, "maybe", True)],
)
def test_whether_to_try_again_is_up_to_the_service_if_it_says_so(
    status: int, advice: str, *, retryable: bool
) -> None:
    error = error_of(status, openai(), {"x-should-retry": advice})
    assert error.retryable is retryable
    assert type(error).retryable is type(error)("").retryable, "the kind of error stays as it is"
