"""No secret reaches the log, wherever it hides."""

import io
import json
import re
import traceback
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isaacd import redact as redaction
from isaacd.log.pipeline import make_pipeline
from isaacd.redact import MAX_TEXT_CHARS, REDACTED, is_secret_name, redact, redact_text

ALPHANUMERIC = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ0123456789"
SHAPED = st.one_of(
    st.builds(
        lambda mark, body: mark + body,
        st.sampled_from(
            ["sk-", "sk-proj-", "sk-ant-", "xai-", "gsk_", "ghp_", "github_pat_", "hf_", "xoxb-", "glpat-"]
        ),
        st.text(ALPHANUMERIC, min_size=12, max_size=40),
    ),
    st.text("0123456789abcdef", min_size=30, max_size=64).map(lambda text: f"a1{text}"),
    st.text(ALPHANUMERIC + "-_", min_size=30, max_size=60).map(lambda text: f"a1{text}b"),
    st.text(ALPHANUMERIC, min_size=16, max_size=16).map(lambda text: f"AKIA{text.upper()}"),
)
# Nothing in it looks like a secret: only its place gives it away.
PLAIN = st.text(ALPHANUMERIC, min_size=8, max_size=20).map(lambda text: f"Zq{text}")
SECRET_NAMES = st.sampled_from(
    ["api_key", "API-KEY", "apiKey", "x-api-key", "token", "access_token", "client_secret", "password", "passwd",
     "Authorization", "proxy-authorization", "credentials", "cookie", "Set-Cookie", "SECRET_ACCESS_KEY"]
)  # fmt: skip
WORDS = st.text(st.sampled_from("abc :,;(){}[]'\"\n\\=&?/é"), max_size=12)


def around(secret):
    """Put text around a secret in ways that leave it a word of its own."""
    return st.builds(
        lambda before, gap, after: f"{before}{gap[0]}{secret}{gap[1]}{after}",
        WORDS,
        st.sampled_from(
            [
                (" ", " "),
                ("'", "'"),
                ('"', '"'),
                ("(", ")"),
                ("=", "&"),
                (": ", ","),
                ("\n", "\n"),
                ("/", "/"),
            ]
        ),
        WORDS,
    )


def telling(name, secret):
    """Name a secret in ways that programs do."""
    return st.sampled_from(
        [
            f"{name}={secret}",
            f"{name}: {secret}",
            f"{name} = '{secret}'",
            repr({name: secret}),
            repr([(name, secret)]),
            json.dumps({"a": {name: secret}}),
            json.dumps(json.dumps({name: secret})),
            f"https://api.example/v1?x=1&{name}={secret}&y=2",
            f"--{name} {secret}",
            f"--{name}={secret}",
        ]
    )


URLS = PLAIN.flatmap(
    lambda secret: st.tuples(
        st.just(secret),
        st.sampled_from(
            [f"https://user:{secret}@host/path", f"redis://:{secret}@h:1", f"see https://{secret}@github.com/x for it",
             f"Bearer {secret}", f"authorization: Basic {secret}", f"Authorization: token {secret}",
             f"cookie: a=b; session={secret}", f"https://x/y?sig={secret}"]
        ),
    )
)  # fmt: skip
PLANTED = st.one_of(
    SHAPED.flatmap(lambda secret: st.tuples(st.just(secret), around(secret))),
    st.tuples(SECRET_NAMES, PLAIN).flatmap(lambda pair: st.tuples(st.just(pair[1]), telling(*pair))),
    URLS,
)


class Thing:
    def __init__(self, text):
        self.text = text

    def __repr__(self):
        return f"<Thing {self.text}>"


class Config(msgspec.Struct):
    inner: object
    note: str = "x"


def hiding_places(text):
    """All the shapes of data in which a text can sit."""
    return st.recursive(
        st.sampled_from(
            [text, text.encode(), ValueError(text), Thing(text), Path("/a") / text.replace("/", "_")]
        )
        if "/" not in text
        else st.sampled_from([text, text.encode(), ValueError(text), Thing(text)]),
        lambda inner: st.one_of(
            inner.map(lambda item: [1, item]),
            inner.map(lambda item: ("x", item)),
            inner.map(lambda item: {"field": item}),
            st.just({text: 1}),
            inner.map(Config),
        ),
        max_leaves=3,
    )


LINE = make_pipeline(lambda: 0.0)


@given(PLANTED.flatmap(lambda pair: st.tuples(st.just(pair[0]), hiding_places(pair[1]))))
def test_a_secret_in_any_value_is_not_written(pair):
    secret, value = pair
    line = LINE("info", "event", {"field": value}).decode()
    assert secret not in line
    assert json.loads(line)["event"] == "event"


@given(PLANTED)
def test_a_secret_in_the_event_itself_is_not_written(pair):
    secret, text = pair
    assert secret not in LINE("info", text, {}).decode()


@given(SECRET_NAMES, PLAIN, st.integers(0, 3))
def test_a_value_with_a_secrets_name_is_not_written_however_deep(name, secret, depth):
    places = [{name: secret}, {name: [secret]}, {name: {"a": secret}}, {name: secret.encode()}]
    places += [[(name, secret)], [f"--{name}", secret], [(name.encode(), secret.encode())]]
    for place in places:
        value = place
        for _ in range(depth):
            value = {"inner": [value]}
        assert secret not in LINE("info", "event", {"field": value}).decode()
    assert secret not in LINE("info", "event", {name: secret}).decode()


@given(PLANTED)
def test_a_secret_in_an_exception_or_its_traceback_is_not_written(pair):
    secret, text = pair
    try:
        try:
            raise KeyError(text)
        except KeyError as error:
            raise RuntimeError(f"while asking: {text}") from error
    except RuntimeError as error:
        line = LINE("error", "failed", {"exc_info": True, "error": error}).decode()
        # Otherwise the test would prove nothing.
        assert secret in traceback.format_exc()
    assert secret not in line
    assert "RuntimeError" in line


@given(st.one_of(WORDS, PLANTED.map(lambda pair: pair[1])))
def test_redacting_twice_changes_nothing_more(text):
    once = redact_text(text)
    assert redact_text(once) == once


PIECES = st.sampled_from(
    [*"-_=:@ '\"&?\\\n", "--", "://", "://u:p@", "sk-", "Sk_", "xoxB-", "gh", "ghP_", "hf_", "AIza", "aKIA", "YA29.", "r8_", "sig=",
     "Signature=", "bearer ", "Authorization: ", "KEY", "pAssword", "Token", "tokens: 12", "[redacted]", "a1" * 16, "A1" * 15, "é", "\u212a",
     "x" * 32, "0" * 40, "secret=", "_env", "_file", "abcdefghijkl", "1234567"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=12).map("".join))
def test_what_a_text_is_not_searched_for_is_not_in_it(text):
    whole = text.encode("utf-8", "backslashreplace").decode() if not text.isascii() else text
    for pattern in [*(pattern for _, pattern in redaction._PATTERNS), redaction._LONG]:
        whole = re.sub(pattern, rf"\g<1>{REDACTED}", whole, flags=re.IGNORECASE)
    assert redact_text(text) == whole


@given(
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary(), st.dates(), st.complex_numbers()),
        lambda inner: st.one_of(
            st.lists(inner), st.dictionaries(st.one_of(st.text(), st.integers(), st.none()), inner), st.frozensets(st.text())
        ),
        max_leaves=10,
    )
)  # fmt: skip
def test_anything_can_be_written_as_one_line_of_json(value):
    line = LINE("info", "event", {"field": value})
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    json.loads(line)


@pytest.mark.parametrize(
    "text",
    [
        "unknown key ai.providers.local.base_ulr; did you mean base_url?",
        "KeyError: 'name'",
        "KeyboardInterrupt: stopped",
        "/usr/lib/python3/dist-packages/some_module_with_a_long_name/and_another_one.py",
        "https://github.com/tldr-pages/tldr/releases/latest/download/tldr-pages.en.zip",
        "openai-compatible meta-llama-3.1-70b-instruct",
        "total_tokens: 120, tokens=7",
        "api_key_env: OPENAI_API_KEY",
        "the task skipped ahead; risk-free; npm_config_cache; gh-pages",
    ],
)
def test_ordinary_text_stays_readable(text):
    assert redact_text(text) == text


@pytest.mark.parametrize("name", ["tokens", "max_tokens", "total_tokens"])
def test_a_count_of_tokens_is_no_secret_but_text_of_that_name_is(name):
    assert redact({name: 7}) == {name: 7}
    assert redact({name: "abc"}) == {name: REDACTED}


def test_names_that_say_where_a_secret_is_are_not_secret():
    assert not is_secret_name("api_key_env")
    assert not is_secret_name("api_key_file")
    assert is_secret_name("api_key")


class Hostile:
    def __repr__(self):
        raise RuntimeError("no")


def test_objects_that_cannot_be_shown_are_named():
    endless: list[object] = []
    endless.append(endless)
    assert redact(Hostile()) == "<Hostile that cannot be shown: RuntimeError>"
    assert "nested too deep" in str(redact(endless))
    assert isinstance(redact(io.StringIO()), str)


def test_long_text_keeps_its_beginning_and_its_end():
    text = redact_text("begin " + "x " * MAX_TEXT_CHARS + " end")
    assert text.startswith("begin ")
    assert text.endswith(" end")
    assert len(text) < MAX_TEXT_CHARS + 100


@pytest.mark.parametrize(
    "piece", ["key", "key=", "a", "-", "a1", "://", "'key': '", "sk-", '"', "\\", "Bearer ", "--key", "key_env", "@", "0", "AKIA"]
)  # fmt: skip
def test_hostile_text_is_scanned_in_linear_time(piece):
    # Quadratic work would need minutes here; linear work is far below the deadline of any test run.
    redact_text(piece * (300_000 // len(piece)))
