"""Options that several commands share, told in the same words everywhere: whom to ask, and with how much memory."""

from typing import Annotated

from isaacd.answers.asking import Asking
from isaacd.command.markers import Option
from isaacd.errors import InvalidParams

ModelOption = Annotated[str | None, Option("The model to ask, or PROVIDER/MODEL.", short="m")]
ProviderOption = Annotated[str | None, Option("The provider to ask, as config.toml calls it.", short="p")]
CacheOption = Annotated[bool, Option("With --no-cache, ask anew and keep nothing.")]
RefreshOption = Annotated[bool, Option("Ask anew, and keep the new answer.")]
OfflineOption = Annotated[bool, Option("Ask no AI, even if one is configured.")]


def asking_of(model: str | None, provider: str | None, *, cache: bool, refresh: bool) -> Asking:
    """Return how to ask; raises InvalidParams for options that exclude each other."""
    if refresh and not cache:
        raise InvalidParams("--no-cache and --refresh exclude each other")
    return Asking(
        model=model, provider=provider, use="none" if not cache else "refresh" if refresh else "normal"
    )
