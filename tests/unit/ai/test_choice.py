"""Who is asked, and why."""

import pytest

from isaacd.ai.choice import OPENAI_MODEL, Choice, choose
from isaacd.config import AIConfig, ProviderConfig
from isaacd.errors import NotFound

KINDS = ("openai-compatible", "knowledge")
KEY = {"OPENAI_API_KEY": "k"}
A = ProviderConfig(base_url="http://localhost:1/v1", model="model-a")
B = ProviderConfig(base_url="http://localhost:2/v1")


def chosen(
    config: AIConfig | None = None,
    environ: dict[str, str] | None = None,
    *,
    model: str | None = None,
    provider: str | None = None,
    kinds: tuple[str, ...] = KINDS,
) -> Choice:
    return choose(config or AIConfig(), environ or {}, kinds, model=model, provider=provider)


def test_without_configuration_and_key_the_answer_comes_offline() -> None:
    choice = chosen()
    assert (choice.provider, choice.config.kind) == ("knowledge", "knowledge")
    assert choice.reason == "no AI provider is configured"


def test_a_key_of_openai_in_the_environment_is_a_provider() -> None:
    choice = chosen(environ=KEY)
    assert (choice.provider, choice.model) == ("openai", OPENAI_MODEL)
    assert choice.config.base_url == "https://api.openai.com/v1"
    assert "OPENAI_API_KEY" in choice.reason


def test_its_address_and_model_can_be_set() -> None:
    choice = chosen(AIConfig(model="m"), {**KEY, "OPENAI_BASE_URL": "http://localhost:9/v1"})
    assert (choice.config.base_url, choice.model) == ("http://localhost:9/v1", "m")


def test_an_empty_key_is_no_key() -> None:
    assert chosen(environ={"OPENAI_API_KEY": ""}).provider == "knowledge"


def test_configured_providers_come_before_the_implied_ones_in_the_order_of_the_file() -> None:
    assert chosen(AIConfig(providers={"b": B, "a": A}), KEY).provider == "b"


def test_the_order_comes_before_the_file() -> None:
    config = AIConfig(providers={"b": B, "a": A}, order=("openai", "a"))
    assert chosen(config).provider == "a"
    assert chosen(config, KEY).provider == "openai"
    assert chosen(AIConfig(providers={"a": A}, order=("knowledge",))).provider == "knowledge"


def test_what_is_asked_for_comes_before_everything() -> None:
    choice = chosen(AIConfig(providers={"a": A, "b": B}, order=("a",)), provider="b")
    assert (choice.provider, choice.reason) == ("b", "asked for")


def test_a_configured_openai_replaces_the_implied_one() -> None:
    assert chosen(AIConfig(providers={"openai": A}), KEY).config is A


def test_a_model_can_name_its_provider() -> None:
    choice = chosen(AIConfig(providers={"a": A, "b": B}), model="b/some/model")
    assert (choice.provider, choice.model) == ("b", "some/model")


def test_a_slash_in_a_model_that_names_no_provider_belongs_to_the_model() -> None:
    choice = chosen(AIConfig(providers={"a": A}), model="meta/llama")
    assert (choice.provider, choice.model) == ("a", "meta/llama")


def test_with_a_provider_the_model_is_taken_as_it_is() -> None:
    choice = chosen(AIConfig(providers={"a": A, "b": B}), provider="a", model="b/x")
    assert (choice.provider, choice.model) == ("a", "b/x")


def test_the_model_of_the_request_comes_first_then_that_of_all_then_that_of_the_provider() -> None:
    config = AIConfig(providers={"a": A}, model="all")
    assert chosen(config, model="asked").model == "asked"
    assert chosen(config).model == "all"
    assert chosen(AIConfig(providers={"a": A})).model == "model-a"
    assert chosen(AIConfig(providers={"b": B})).model is None


def test_the_model_of_all_can_name_its_provider_and_then_is_for_that_one_only() -> None:
    config = AIConfig(providers={"a": A, "b": B}, model="b/x")
    assert (chosen(config).provider, chosen(config).model) == ("b", "x")
    assert chosen(config, provider="a").model == "model-a"
    ordered = AIConfig(providers={"a": A, "b": B}, model="b/x", order=("a",))
    assert (chosen(ordered).provider, chosen(ordered).model) == ("a", "model-a")


def test_the_model_of_all_does_not_reach_the_offline_answers() -> None:
    assert chosen(AIConfig(model="m")).model is None


def test_an_unknown_provider_is_an_error_with_a_suggestion_and_the_list() -> None:
    with pytest.raises(NotFound, match="'olama'") as caught:
        chosen(AIConfig(providers={"ollama": A}), provider="olama")
    assert caught.value.hint == "did you mean ollama? there are: ollama, knowledge"
    assert caught.value.detail == {"providers": ["ollama", "knowledge"]}


def test_asking_for_openai_without_a_key_says_what_is_missing() -> None:
    with pytest.raises(NotFound) as caught:
        chosen(provider="openai")
    assert "OPENAI_API_KEY" in str(caught.value.hint)


def test_an_unknown_provider_in_the_order_is_an_error_that_says_so() -> None:
    with pytest.raises(NotFound, match=r"ai\.order"):
        chosen(AIConfig(providers={"ollama": A}, order=("olama",)))


def test_a_model_is_never_asked_for_in_vain() -> None:
    with pytest.raises(NotFound, match="gpt-x"):
        chosen(model="gpt-x")
    with pytest.raises(NotFound) as caught:
        chosen(AIConfig(providers={"ollama": A}, order=("knowledge",)), model="olama/llama")
    assert "ollama/" in str(caught.value.hint)


@pytest.mark.parametrize(
    "config", [AIConfig(), AIConfig(providers={"a": A})], ids=["alone", "beside another"]
)
def test_the_offline_provider_has_no_models_and_can_be_named_as_one(config: AIConfig) -> None:
    assert chosen(config, model="knowledge").provider == "knowledge"
    assert chosen(config, model="knowledge").model is None


def test_without_any_kind_there_is_no_provider() -> None:
    with pytest.raises(NotFound, match="no AI provider"):
        chosen(kinds=(), environ=KEY)


@pytest.mark.parametrize(
    ("config", "url"),
    [
        (ProviderConfig(), "https://api.openai.com/v1"),
        (A, "http://localhost:1/v1"),
        (ProviderConfig(kind="my-own"), None),
        (ProviderConfig(kind="my-own", base_url="http://localhost:1/v1"), "http://localhost:1/v1"),
    ],
)
def test_the_address_is_the_configured_one_or_what_the_kind_is_known_for(
    config: ProviderConfig, url: str | None
) -> None:
    assert Choice("one", None, "asked for", config).url == url
