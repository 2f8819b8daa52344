"""Which provider answers, and why: a pure function of the configuration and the environment."""

from collections.abc import Collection, Mapping, Sequence

import msgspec

from isaacd.ai.aliases import Offer, Target, resolve, resolve_for
from isaacd.config import AIConfig, ProviderConfig
from isaacd.errors import InvalidParams, NotFound

OFFLINE = "knowledge"
OPENAI_COMPATIBLE = "openai-compatible"
OPENAI_URL = "https://api.openai.com/v1"
OPENAI_MODEL = "gpt-6-luna"


class Choice(msgspec.Struct, frozen=True):
    """A provider to ask, the model to ask it for (None: it has only one, or its own default), and the reason."""

    provider: str
    model: str | None
    reason: str
    config: ProviderConfig
    default_url: str | None = None

    @property
    def url(self) -> str | None:
        """Where it listens; None if only its kind knows."""
        known = OPENAI_URL if self.config.kind == OPENAI_COMPATIBLE else None
        return self.config.base_url or self.default_url or known


def available(config: AIConfig, environ: Mapping[str, str], kinds: Collection[str]) -> dict[str, Offer]:
    """Return every provider that can be named, most preferred first, with the reason why it is there.

    First those of `ai.order`, then those configured, in the order of the file, then `openai` and the other kinds for
    which the environment has a key, then the offline answers. `kinds` are names, or better the factories by name.
    Raises NotFound if `ai.order` names none of them.
    """
    found = {name: _offer(item, "configured", environ, kinds) for name, item in config.providers.items()}
    if environ.get("OPENAI_API_KEY") and OPENAI_COMPATIBLE in kinds:
        elsewhere = environ.get("OPENAI_BASE_URL")
        # What is not OpenAI itself speaks its chat completions, and seldom more.
        kind = OPENAI_COMPATIBLE if elsewhere or "openai" not in kinds else "openai"
        implied = ProviderConfig(
            kind=kind, base_url=elsewhere or OPENAI_URL, model=OPENAI_MODEL, api_key_env="OPENAI_API_KEY"
        )
        offer = _offer(implied, "OPENAI_API_KEY is set", environ, kinds)
        found.setdefault("openai", offer)
    for kind in kinds:
        variable = _said(kinds, kind, "key_variable")
        if kind != OPENAI_COMPATIBLE and isinstance(variable, str) and environ.get(variable):
            model = _said(kinds, kind, "default_model")
            implied = ProviderConfig(
                kind=kind,
                base_url=_base_url(variable, environ),
                model=model if isinstance(model, str) else None,
                api_key_env=variable,
            )
            found.setdefault(kind, _offer(implied, f"{variable} is set", environ, kinds))
    if OFFLINE in kinds:
        found.setdefault(OFFLINE, Offer(ProviderConfig(kind=OFFLINE), "no AI provider is configured"))
    possible = {"openai", *(kind for kind in kinds if _said(kinds, kind, "key_variable"))}
    for name in config.order:
        # A provider may be preferred before there is a key for it.
        if name not in found and name not in possible:
            raise unknown_provider(name, found, "ai.order")
    ranked = {
        name: msgspec.structs.replace(found[name], reason="first in ai.order")
        for name in config.order
        if name in found
    }
    return ranked | {name: item for name, item in found.items() if name not in ranked}


def choose(
    config: AIConfig,
    environ: Mapping[str, str],
    kinds: Collection[str],
    *,
    provider: str | None = None,
    model: str | None = None,
) -> Choice:
    """Choose the provider that is asked first for one request; `choose_all` says what that means."""
    return choose_all(config, environ, kinds, provider=provider, model=model)[0]


def choose_all(
    config: AIConfig,
    environ: Mapping[str, str],
    kinds: Collection[str],
    *,
    provider: str | None = None,
    model: str | None = None,
) -> list[Choice]:
    """Choose the provider for one request; they are several if an alias is a list.

    `model` may be an alias or `PROVIDER/MODEL`; a part before the slash that names no provider belongs to the model's
    name, as it does when `provider` is given. Raises NotFound for an unknown provider, or when no provider takes a
    model's name.
    """
    offers = available(config, environ, kinds)
    if provider is not None:
        return [named(provider, config, offers, kinds, model=model)]
    if model is not None:
        return [_aimed(target, config, offers) for target in resolve(model, config, offers)]
    if config.model is not None and not config.order:
        targets = resolve(config.model, config, offers)
        if targets[0].provider is not None:
            return [_aimed(target, config, offers, "named in ai.model") for target in targets]
    if not offers:
        raise NotFound("there is no AI provider", hint=_how_to_configure())
    first = next(iter(offers))
    return [_choice(config, offers, first, None, offers[first].reason)]


def named(
    name: str,
    config: AIConfig,
    offers: Mapping[str, Offer],
    kinds: Collection[str],
    *,
    model: str | None = None,
    reason: str = "asked for",
) -> Choice:
    """Return the choice of a provider by its name; raises NotFound if there is none."""
    if name not in offers:
        variable = "OPENAI_API_KEY" if name == "openai" else _said(kinds, name, "key_variable")
        raise unknown_provider(name, offers, missing_key=variable)
    if model is not None:
        model = resolve_for(name, model, config, offers)
    return _choice(config, offers, name, model, reason)


def listed(
    names: Sequence[str],
    config: AIConfig,
    offers: Mapping[str, Offer],
    kinds: Collection[str],
    *,
    model: str | None = None,
) -> list[Choice]:
    """Return the choices for a list of providers; an item may also be PROVIDER/MODEL or an alias.

    Raises InvalidParams for an empty list, NotFound for an item that is nothing of this.
    """
    if not names:
        raise InvalidParams("the list of providers is empty", hint="name one, or leave the list out")
    found: list[Choice] = []
    for name in names:
        targets = () if name in offers else resolve(name, config, offers)
        if any(target.provider for target in targets):
            found += [_aimed(target, config, offers) for target in targets]
        else:
            found.append(named(name, config, offers, kinds, model=model))
    return found


def unknown_provider(
    name: str, known: Collection[str], where: str | None = None, *, missing_key: object = None
) -> NotFound:
    """Say that there is no such provider, which one may have been meant, and which there are."""
    from difflib import get_close_matches

    near = get_close_matches(name, known, 1)
    hint = f"did you mean {near[0]}? " if near else f"set {missing_key} to use it; " if missing_key else ""
    return NotFound(
        f"no AI provider is called {name!r}" + (f" ({where})" if where else ""),
        hint=f"{hint}there are: {', '.join(known) or 'none'}",
        detail={"providers": list(known)},
    )


def _aimed(
    target: Target, config: AIConfig, offers: Mapping[str, Offer], reason: str = "asked for"
) -> Choice:
    if target.provider is not None:
        model = target.model if target.model is not None else offers[target.provider].config.model
        return _choice(config, offers, target.provider, model, reason)
    if not offers:
        raise NotFound("there is no AI provider", hint=_how_to_configure())
    first = next(iter(offers))
    if target.model is not None:
        same = offers.get(target.model)
        if (
            same is not None and same.config.kind == OFFLINE
        ):  # it has no models, and is listed by its own name
            return _choice(config, offers, target.model, None, reason)
        if offers[first].config.kind == OFFLINE:
            raise _no_models(target.model, offers)
    return _choice(config, offers, first, target.model, offers[first].reason)


def _choice(
    config: AIConfig, offers: Mapping[str, Offer], name: str, model: str | None, reason: str
) -> Choice:
    offer = offers[name]
    if model is None and config.model is not None and offer.config.kind != OFFLINE:
        targets = resolve(config.model, config, offers)
        if all(target.provider is None for target in targets):
            model = targets[0].model
        else:
            model = next((target.model for target in targets if target.provider == name), None)
    # The default model is that of the kind's own service; another address may well not have it.
    preset = offer.config.model or (offer.default_model if offer.config.base_url is None else None)
    return Choice(name, model or preset, reason, offer.config, offer.default_url)


def _offer(config: ProviderConfig, reason: str, environ: Mapping[str, str], kinds: Collection[str]) -> Offer:
    kind = "openai" if config.base_url == OPENAI_URL and "openai" in kinds else config.kind
    said = (_said(kinds, kind, name) for name in ("default_url", "default_model", "key_variable"))
    url, model, variable = (value if isinstance(value, str) else None for value in said)
    aliases = _said(kinds, kind, "aliases")
    # Whoever listens at another address may well have other models.
    own = config.base_url in (None, url) or reason.endswith(" is set")
    if variable is not None:
        url = _base_url(variable, environ) or url
    return Offer(config, reason, url, model, aliases if own and isinstance(aliases, Mapping) else {})


def _said(kinds: Collection[str], kind: str, name: str) -> object:
    """Return what a kind says of itself."""
    return getattr(kinds.get(kind), name, None) if isinstance(kinds, Mapping) else None


def _base_url(key_variable: str, environ: Mapping[str, str]) -> str | None:
    """Return the address that belongs to a key, as the vendors' own programs take it: X_BASE_URL beside X_API_KEY."""
    return environ.get(key_variable.removesuffix("_API_KEY") + "_BASE_URL") or None


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
