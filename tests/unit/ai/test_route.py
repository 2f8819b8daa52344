"""Aliases, implied providers, the cheap route and the chain of who is asked next."""

from typing import Any

import pytest

from isaacd.ai.aliases import known_aliases
from isaacd.ai.chat import Attachment, Message, OutputSchema, Tool
from isaacd.ai.choice import available, choose
from isaacd.ai.route import Route, Wish, plan
from isaacd.config import AIConfig, ProviderConfig
from isaacd.errors import ConfigInvalid, InvalidParams, NotFound


class Chat:
    kind = "openai-compatible"


class Responses:
    kind = "openai"
    key_variable = "OPENAI_API_KEY"
    default_url = "https://api.openai.com/v1"
    aliases = {"fast": "gpt-mini", "smart": "gpt-large"}


class Vendor:
    kind = "vendor"
    key_variable = "VENDOR_API_KEY"
    default_url = "https://api.vendor.example"
    default_model = "v-2"
    aliases = {"fast": "v-small", "smart": "v-large"}


class Ollama:
    kind = "ollama"
    default_url = "http://localhost:11434"


class Offline:
    kind = "knowledge"


KINDS: Any = {item.kind: item for item in (Chat, Responses, Vendor, Ollama, Offline)}
FAR = ProviderConfig(base_url="https://far.example/v1", model="far-1")
NEAR = ProviderConfig(base_url="http://127.0.0.1:8080/v1", model="near-1")
OLLAMA = ProviderConfig(kind="ollama", model="llama")
VENDOR = ProviderConfig(kind="vendor")
KEY = {"VENDOR_API_KEY": "k"}


def chosen(
    config: AIConfig | None = None, environ: dict[str, str] | None = None, **wish: Any
) -> list[tuple[str, str | None]]:
    return asked(config, environ, **wish)[1]


def asked(
    config: AIConfig | None = None,
    environ: dict[str, str] | None = None,
    question: str | Message = "why?",
    **wish: Any,
) -> tuple[str, list[tuple[str, str | None]]]:
    route = routed(config, environ, question, **wish)
    return route.strategy, [(choice.provider, choice.model) for choice in route.choices]


def routed(
    config: AIConfig | None = None,
    environ: dict[str, str] | None = None,
    question: str | Message = "why?",
    **wish: Any,
) -> Route:
    turn = Message("user", question) if isinstance(question, str) else question
    turns = (Message("system", "be brief"), turn)
    return plan(config or AIConfig(), environ or {}, KINDS, turns, Wish(**wish))


class TestImplied:
    def test_a_key_in_the_environment_makes_its_kind_available_under_its_name(self) -> None:
        choice = choose(AIConfig(), KEY, KINDS)
        assert (choice.provider, choice.model, choice.reason) == ("vendor", "v-2", "VENDOR_API_KEY is set")
        assert choice.config.kind == "vendor"
        assert choice.url == "https://api.vendor.example"

    def test_its_address_can_be_set_beside_the_key(self) -> None:
        choice = choose(AIConfig(), {**KEY, "VENDOR_BASE_URL": "http://127.0.0.1:1"}, KINDS)
        assert (choice.url, choice.model) == ("http://127.0.0.1:1", "v-2")

    def test_openai_elsewhere_is_what_speaks_chat_completions(self) -> None:
        found = available(AIConfig(), {"OPENAI_API_KEY": "k", **KEY}, KINDS)
        assert list(found) == ["openai", "vendor", "knowledge"]
        assert found["openai"].config.kind == "openai"
        elsewhere = {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": "http://127.0.0.1:4000/v1"}
        offer = available(AIConfig(), elsewhere, KINDS)["openai"]
        assert (offer.config.kind, offer.config.base_url) == ("openai-compatible", "http://127.0.0.1:4000/v1")
        assert offer.aliases == {}

    def test_a_configured_one_of_the_same_name_replaces_it(self) -> None:
        config = AIConfig(providers={"vendor": FAR})
        assert available(config, KEY, KINDS)["vendor"].config is FAR

    def test_it_can_be_preferred_before_there_is_a_key(self) -> None:
        config = AIConfig(providers={"near": NEAR}, order=("vendor", "near"))
        assert chosen(config) == [("near", "near-1")]
        assert chosen(config, KEY) == [("vendor", "v-2"), ("near", "near-1")]

    def test_asking_for_it_without_a_key_says_which_is_missing(self) -> None:
        with pytest.raises(NotFound) as caught:
            chosen(provider="vendor")
        assert "VENDOR_API_KEY" in str(caught.value.hint)


class TestAliases:
    def test_fast_and_smart_are_those_of_the_first_provider_that_has_them(self) -> None:
        config = AIConfig(providers={"far": FAR, "v": VENDOR})
        assert chosen(config, model="fast") == [("v", "v-small")]
        assert chosen(config, {"OPENAI_API_KEY": "k"}, model="smart") == [("v", "v-large")]
        assert chosen(AIConfig(), {"OPENAI_API_KEY": "k", **KEY}, model="smart") == [("openai", "gpt-large")]

    def test_another_address_is_not_believed_to_have_the_models_of_the_vendor(self) -> None:
        config = AIConfig(providers={"v": ProviderConfig(kind="vendor", base_url="http://127.0.0.1:1")})
        assert chosen(config, model="fast") == [("v", "fast")]

    def test_local_is_the_first_on_this_machine(self) -> None:
        assert chosen(AIConfig(providers={"far": FAR, "near": NEAR, "o": OLLAMA}), model="local") == [
            ("near", "near-1")
        ]
        assert chosen(AIConfig(providers={"far": FAR, "o": OLLAMA}), model="local") == [("o", "llama")]

    def test_what_is_meant_for_this_machine_never_leaves_it(self) -> None:
        with pytest.raises(NotFound, match="this machine"):
            chosen(AIConfig(providers={"far": FAR}), model="local")

    def test_those_of_the_user_win(self) -> None:
        config = AIConfig(
            providers={"far": FAR, "v": VENDOR}, aliases={"fast": "far/f-1", "local": "far/pretend"}
        )
        assert chosen(config, model="fast") == [("far", "f-1")]
        assert chosen(config, model="local") == [("far", "pretend")]

    def test_one_may_stand_for_a_model_whatever_the_provider(self) -> None:
        assert chosen(AIConfig(providers={"far": FAR}, aliases={"x": "some-model"}), model="x") == [
            ("far", "some-model")
        ]

    def test_a_list_is_asked_in_order_and_may_hold_aliases(self) -> None:
        config = AIConfig(
            providers={"far": FAR, "near": NEAR, "v": VENDOR},
            aliases={"best": ("smart", "far/f-9", "here", "far/f-9"), "here": "near/n"},
        )
        assert asked(config, model="best") == (
            "fallback",
            [("v", "v-large"), ("far", "f-9"), ("near", "n")],
        )
        assert asked(AIConfig(**{**_fields(config), "strategy": "single"}), model="best")[0] == "fallback"
        assert asked(config, model="best", strategy="single") == ("single", [("v", "v-large")])

    def test_a_circle_is_named(self) -> None:
        config = AIConfig(providers={"far": FAR}, aliases={"a": "b", "b": ("far/x", "c"), "c": "b"})
        with pytest.raises(ConfigInvalid, match=r"ai\.aliases\.b leads back to itself: b -> c -> b"):
            chosen(config, model="a")

    def test_an_empty_one_is_an_error(self) -> None:
        with pytest.raises(ConfigInvalid, match=r"ai\.aliases\.x is empty"):
            chosen(AIConfig(providers={"far": FAR}, aliases={"x": ()}), model="x")

    def test_an_unknown_one_is_the_name_of_a_model(self) -> None:
        assert chosen(AIConfig(providers={"far": FAR}), model="quick") == [("far", "quick")]

    def test_with_a_provider_it_is_that_provider_s(self) -> None:
        config = AIConfig(providers={"far": FAR, "v": VENDOR}, aliases={"mine": ("far/f", "v/w"), "any": "z"})
        assert chosen(config, provider="v", model="fast") == [("v", "v-small")]
        assert chosen(config, provider="v", model="mine") == [("v", "w")]
        assert chosen(config, provider="v", model="any") == [("v", "z")]
        assert chosen(config, model="v/fast") == [("v", "v-small")]

    def test_the_model_of_all_may_be_one(self) -> None:
        config = AIConfig(providers={"far": FAR, "v": VENDOR}, model="smart")
        assert chosen(config) == [("v", "v-large")]

    def test_all_can_be_listed(self) -> None:
        config = AIConfig(
            providers={"far": FAR, "v": VENDOR}, aliases={"x": "y", "loop": "loop", "both": ("far/f", "fast")}
        )
        assert known_aliases(config, available(config, {}, KINDS)) == {
            "x": ["y"],
            "loop": [],
            "both": ["far/f", "v/v-small"],
            "fast": ["v/v-small"],
            "smart": ["v/v-large"],
            "local": [],
        }


class TestChain:
    CONFIG = AIConfig(providers={"far": FAR, "near": NEAR, "v": VENDOR}, order=("near", "knowledge", "far"))

    def test_the_rest_of_the_order_stands_behind_the_first(self) -> None:
        assert asked(self.CONFIG) == (
            "fallback",
            [("near", "near-1"), ("knowledge", None), ("far", "far-1")],
        )

    def test_without_an_order_only_one_is_asked_unless_the_request_says_how(self) -> None:
        config = AIConfig(providers={"far": FAR, "near": NEAR})
        assert asked(config) == ("single", [("far", "far-1")])
        assert asked(config, strategy="race") == ("race", [("far", "far-1"), ("near", "near-1")])

    def test_a_list_of_providers_may_hold_models_and_aliases(self) -> None:
        assert asked(self.CONFIG, providers=["v", "near/x", "fast"], model="smart") == (
            "fallback",
            [("v", "v-large"), ("near", "x"), ("v", "v-small")],
        )

    def test_a_list_excludes_a_single_one_and_is_not_empty(self) -> None:
        with pytest.raises(InvalidParams):
            chosen(self.CONFIG, providers=["v"], provider="far")
        with pytest.raises(InvalidParams):
            chosen(self.CONFIG, providers=[])
        with pytest.raises(NotFound):
            chosen(self.CONFIG, providers=["nobody"])


class TestCheap:
    CONFIG = AIConfig(
        providers={"far": FAR, "v": VENDOR}, cheap_model="fast", cheap_max_chars=50, strategy="single"
    )

    def test_a_simple_question_goes_to_the_cheap_model_and_says_so(self) -> None:
        (choice,) = routed(self.CONFIG).choices
        assert (choice.provider, choice.model) == ("v", "v-small")
        assert "ai.cheap_model" in choice.reason
        assert "asks another" in choice.reason

    @pytest.mark.parametrize(
        "wish",
        [
            {"cheap": False},
            {"model": "x"},
            {"provider": "far"},
            {"providers": ["far"]},
            {"tools": (Tool(name="t", description="", parameters={}),)},
            {"schema": OutputSchema(schema={})},
            {"effort": "high"},
            {"question": "long " * 11},
            {"question": "what is\n```\nx = 1\n```"},
            {"question": "explain\n    return x"},
            {"question": "why\ndef f(x): pass"},
            {"question": "what is\nint main() {\n"},
            {"question": Message("user", "what?", attachments=(Attachment(media_type="image/png"),))},
        ],
    )
    def test_what_is_not_simple_or_says_whom_to_ask_does_not(self, wish: dict[str, Any]) -> None:
        assert asked(self.CONFIG, **wish)[1][0][0] == "far"

    def test_a_conversation_is_not_simple(self) -> None:
        turns = (Message("user", "a?"), Message("assistant", "b"), Message("user", "c?"))
        assert plan(self.CONFIG, {}, KINDS, turns, Wish()).choices[0].provider == "far"

    def test_words_with_signs_are_no_code(self) -> None:
        for question in (
            "what does umask 027 do?",
            "how do I import a class in python?",
            "tar -xzf a.tgz; what's it?",
        ):
            assert asked(self.CONFIG, question=question)[1] == [("v", "v-small")]

    def test_behind_it_stands_who_would_have_been_asked(self) -> None:
        config = AIConfig(**{**_fields(self.CONFIG), "strategy": "fallback", "order": ("far",)})
        assert asked(config) == ("fallback", [("v", "v-small"), ("far", "far-1")])

    def test_in_a_race_it_runs_alone(self) -> None:
        config = AIConfig(**{**_fields(self.CONFIG), "strategy": "race", "order": ("far", "v")})
        assert asked(config) == ("single", [("v", "v-small")])


def _fields(config: AIConfig) -> dict[str, Any]:
    return {name: getattr(config, name) for name in config.__struct_fields__}
