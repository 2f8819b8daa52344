"""Store the keys of AI providers, and see where each comes from."""

from typing import Annotated

import msgspec

from isaacd.api import KEY_FOLDER, Argument, Context, InvalidParams, IsaacError, NotFound, Plugin, store_key

plugin = Plugin("keys", version="1", capabilities=("ask",))


class KeyRow(msgspec.Struct, frozen=True):
    """Where the key of one provider, or a secret that a plugin has declared, comes from; never the key itself."""

    provider: str
    kind: str
    key: str


@plugin.command
async def keys(context: Context) -> list[KeyRow]:
    """Show where the key of each AI provider comes from, and each secret that a plugin has declared.

    The key itself is never shown.

    Examples:
        isaacctl keys
        isaacctl keys set anthropic
        isaacctl keys set GITHUB_TOKEN
    """
    rows = [KeyRow(name, kind, origin) for name, kind, origin in await context.ai.key_origins()]
    for card in context.daemon.plugins():
        for capability in card.capabilities if card.state in ("ready", "loaded") else ():
            kind, _, name = capability.partition(":")
            if kind == "secrets":
                rows.append(KeyRow(name, f"plugin {card.name}", await _origin(context, card.name, name)))
    return rows


async def _origin(context: Context, plugin: str, name: str) -> str:
    """Say where a plugin's secret comes from, or what is to be done."""
    try:
        found = await context.services.belongings(plugin).secrets(context.environ).get(name)
    except IsaacError as error:
        return error.message
    return f"nowhere: isaacctl keys set {name}" if found is None else found.origin


@plugin.command(name="set")
async def set_(
    context: Context,
    provider: Annotated[str, Argument("The provider, as config.toml calls it, or the secret of a plugin.")],
) -> str:
    """Store a key in a private file: of an AI provider, or a secret that a plugin has declared.

    It is read from standard input or asked for, and never taken from the command line, which others can see.

    Examples:
        isaacctl keys set anthropic
        pass show anthropic | isaacctl keys set anthropic
        isaacctl keys set GITHUB_TOKEN
    """
    _check(provider)
    secret = await context.read_input(limit_bytes=16 * 1024)
    if secret is None:
        secret = await context.ask_line(f"key of {provider}: ", hidden=True)
    if not secret or not secret.strip():
        raise InvalidParams("no key was given", hint=f"try: isaacctl keys set {provider} < FILE")
    path = store_key(provider, secret, context.paths.config_dir / KEY_FOLDER)
    return f"stored in {path}\n"


@plugin.command
def forget(
    context: Context, provider: Annotated[str, Argument("The provider whose stored key is removed.")]
) -> str:
    """Remove a key that `keys set` has stored.

    Examples:
        isaacctl keys forget anthropic
    """
    _check(provider)
    path = context.paths.config_dir / KEY_FOLDER / provider
    try:
        path.unlink()
    except FileNotFoundError:
        raise NotFound(
            f"no key of {provider} is stored", hint="isaacctl keys shows where keys come from"
        ) from None
    return f"removed {path}\n"


def _check(provider: str) -> None:
    if not provider or not provider.replace("-", "").replace("_", "").isalnum():
        raise InvalidParams(f"{provider!r} is no name of a provider", hint="isaacctl keys lists them")
