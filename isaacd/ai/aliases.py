"""Short names for models: those of the user, and `fast`, `smart` and `local`."""

from collections.abc import Mapping

import msgspec

from isaacd.config import AIConfig, ProviderConfig
from isaacd.errors import ConfigInvalid, IsaacError, NotFound

LOCAL = "local"
# The one kind that nearly always runs on the same machine; it may be configured without an address.
_LOCAL_KIND = "ollama"


class Offer(msgspec.Struct, frozen=True):
    """A provider that can be asked: its configuration, why it is there, and what its kind says of itself."""

    config: ProviderConfig
    reason: str
    default_url: str | None = None
    default_model: str | None = None
    aliases: Mapping[str, str] = {}

    @property
    def is_local(self) -> bool:
        """Whether it runs on this machine."""
        url = self.config.base_url or self.default_url
        if url is None:
            return self.config.kind == _LOCAL_KIND
        from isaacd.ai.address import Address  # it costs more than all the rest here, and few ask

        try:
            return Address.parse(url, "base_url").is_local
        except IsaacError:
            return False


class Target(msgspec.Struct, frozen=True):
    """Where a name leads: a model, a provider, or both; None leaves it open."""

    provider: str | None
    model: str | None


def resolve(name: str, config: AIConfig, offers: Mapping[str, Offer]) -> tuple[Target, ...]:
    """Follow a model, PROVIDER/MODEL or alias to what it stands for, in the order of the alias.

    A name that is no alias is a model's. Raises ConfigInvalid for aliases that lead back to
    themselves, and NotFound for `local` if no provider is.
    """
    return tuple(dict.fromkeys(_follow(name, config, offers, ())))


def resolve_for(provider: str, name: str, config: AIConfig, offers: Mapping[str, Offer]) -> str | None:
    """Return what a name means to one provider: its own model of that alias, or the name itself."""
    offer = offers[provider]
    if name in config.aliases:
        for target in resolve(name, config, offers):
            if target.provider in (None, provider):
                return target.model
    return offer.aliases.get(name, name)


def known_aliases(config: AIConfig, offers: Mapping[str, Offer]) -> dict[str, list[str]]:
    """Return every alias and what it stands for, those of the user first; one that leads nowhere has none."""
    names = [*config.aliases, *(name for offer in offers.values() for name in offer.aliases), LOCAL]
    found: dict[str, list[str]] = {}
    for name in dict.fromkeys(names):
        try:
            targets = resolve(name, config, offers)
        except IsaacError:
            targets = ()
        shown = ["/".join(filter(None, (target.provider, target.model))) for target in targets]
        if shown != [name]:
            found[name] = shown
    return found


def _follow(name: str, config: AIConfig, offers: Mapping[str, Offer], seen: tuple[str, ...]) -> list[Target]:
    if name in seen:
        circle = " -> ".join((*seen[seen.index(name) :], name))
        raise ConfigInvalid(
            f"ai.aliases.{name} leads back to itself: {circle}",
            hint="let one of them name a model, or PROVIDER/MODEL",
        )
    meant = config.aliases.get(name)
    if meant is not None:
        names = (meant,) if isinstance(meant, str) else meant
        if not names:
            raise ConfigInvalid(f"ai.aliases.{name} is empty", hint="let it name a model, or PROVIDER/MODEL")
        return [target for item in names for target in _follow(item, config, offers, (*seen, name))]
    provider, slash, model = name.partition("/")
    if slash and model and provider in offers:
        # The model may be an alias of that provider: anthropic/fast.
        return [Target(provider, offers[provider].aliases.get(model, model))]
    return [_builtin(name, offers) or Target(None, name)]


def _builtin(name: str, offers: Mapping[str, Offer]) -> Target | None:
    if name == LOCAL:
        found = next((Target(key, None) for key, offer in offers.items() if offer.is_local), None)
        if found is None:
            # Not taken for the name of a model: what was meant for this machine must not leave it.
            raise NotFound(
                "no AI provider is at an address of this machine",
                hint="add a section such as [ai.providers.ollama] with kind = 'ollama', or ai.aliases.local",
            )
        return found
    return next(
        (Target(key, offer.aliases[name]) for key, offer in offers.items() if name in offer.aliases), None
    )
