"""Which provider answers, and why: a pure function of the configuration and the environment."""

from collections.abc import Collection, Mapping

import msgspec

from isaacd.config import AIConfig, ProviderConfig
from isaacd.errors import NotFound

OFFLINE = "knowledge"
OPENAI_URL = "https://api.openai.com/v1"
OPENAI_MODEL = "gpt-6-luna"


class Choice(msgspec.Struct, frozen=True):
    """A provider to ask, the model to ask it for (None: it has only one, or its own default), and the reason."""

    provider: str
    model: str | None
    reason: str
    config: ProviderConfig

    @property
    def url(self) -> str | None:
        """Where it listens; None if only its kind knows."""
        return self.config.base_url or (OPENAI_URL if self.config.kind == "openai-compatible" else None)


def available(
    config: AIConfig, environ: Mapping[str, str], kinds: Collection[str]
) -> dict[str, tuple[ProviderConfig, str]]:
    """Return every provider that can be named, most preferred first, with the reason why it is there.

    First those of `ai.order`, then those configured, in the order of the file, then `openai` if the environment has
    a key for it, then the offline answers. Raises NotFound if `ai.order` names none of them.
    """
    found = {name: (item, "configured") for name, item in config.providers.items()}
    if environ.get("OPENAI_API_KEY") and "openai-compatible" in kinds:
        url = environ.get("OPENAI_BASE_URL") or OPENAI_URL
        implied = ProviderConfig(base_url=url, model=OPENAI_MODEL, api_key_env="OPENAI_API_KEY")
        found.setdefault("openai", (implied, "OPENAI_API_KEY is set"))
    if OFFLINE in kinds:
        found.setdefault(OFFLINE, (ProviderConfig(kind=OFFLINE), "no AI provider is configured"))
    for name in config.order:
        # `openai` may be preferred before there is a key for it.
        if name not in found and name != "openai":
            raise unknown_provider(name, found, "ai.order")
    ranked = {name: (found[name][0], "first in ai.order") for name in config.order if name in found}
    return ranked | {name: item for name, item in found.items() if name not in ranked}


def choose(
    config: AIConfig,
    environ: Mapping[str, str],
    kinds: Collection[str],
    *,
    provider: str | None = None,
    model: str | None = None,
) -> Choice:
    """Choose the provider for one request.

    `model` may be `PROVIDER/MODEL`; a part before the slash that names no provider belongs to the model's name, as it
    does when `provider` is given. Raises NotFound for an unknown provider, or when no provider takes a model's name.
    """
    candidates = available(config, environ, kinds)
    if provider is not None:
        if provider not in candidates:
            raise unknown_provider(provider, candidates)
        return _choice(config, candidates, provider, model, "asked for")
    named, rest = _split(model, candidates)
    if named is not None:
        return _choice(config, candidates, named, rest, "asked for")
    preset, _ = _split(config.model, candidates)
    if preset is not None and model is None and not config.order:
        return _choice(config, candidates, preset, None, "named in ai.model")
    if not candidates:
        raise NotFound("there is no AI provider", hint=_how_to_configure())
    first = next(iter(candidates))
    if model is not None and candidates[first][0].kind == OFFLINE:
        raise _no_models(model, candidates)
    return _choice(config, candidates, first, model, candidates[first][1])


def unknown_provider(name: str, known: Collection[str], where: str | None = None) -> NotFound:
    """Say that there is no such provider, which one may have been meant, and which there are."""
    from difflib import get_close_matches

    near = get_close_matches(name, known, 1)
    listed = ", ".join(known) or "none"
    missing_key = name == "openai"
    hint = f"did you mean {near[0]}? " if near else "set OPENAI_API_KEY to use it; " if missing_key else ""
    return NotFound(
        f"no AI provider is called {name!r}" + (f" ({where})" if where else ""),
        hint=f"{hint}there are: {listed}",
        detail={"providers": list(known)},
    )


def _choice(
    config: AIConfig,
    candidates: Mapping[str, tuple[ProviderConfig, str]],
    name: str,
    model: str | None,
    reason: str,
) -> Choice:
    chosen = candidates[name][0]
    if model is None and chosen.kind != OFFLINE:
        owner, preset = _split(config.model, candidates)
        model = preset if owner in (None, name) else None
    return Choice(name, model or chosen.model, reason, chosen)


def _split(model: str | None, candidates: Collection[str]) -> tuple[str | None, str | None]:
    """Take `PROVIDER/MODEL` apart if it begins with the name of a provider."""
    if model is not None:
        provider, slash, rest = model.partition("/")
        if slash and rest and provider in candidates:
            return provider, rest
    return None, model


def _no_models(model: str, candidates: Collection[str]) -> NotFound:
    from difflib import get_close_matches

    near = get_close_matches(model.partition("/")[0], [name for name in candidates if name != OFFLINE], 1)
    return NotFound(
        f"no AI provider is configured that could have the model {model!r}",
        hint=f"did you mean {near[0]}/...?" if near else _how_to_configure(),
        detail={"providers": list(candidates)},
    )


def _how_to_configure() -> str:
    return "set OPENAI_API_KEY, or add a section [ai.providers.NAME] with base_url and model to config.toml"
