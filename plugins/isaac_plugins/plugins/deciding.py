"""What people decide about plugins: on or off, which of two, trusted or not."""

from pathlib import Path
from typing import Annotated, Literal

from isaacd.api import (
    Argument,
    Context,
    InvalidParams,
    PluginCard,
    PluginChanges,
    PluginDiagnosis,
    PluginTrust,
    Terminal,
)

Name = Annotated[str, Argument("The plugin's name.")]


def state(card: PluginCard, _: Terminal) -> str:
    """Write what became of a plugin."""
    return f"{card.name} from {card.origin}: {card.state}" + (f"\n{card.error}" if card.error else "")


async def enable(context: Context, name: Name) -> PluginCard:
    """Switch a plugin on again.

    What config.toml switches off stays off: take it out there.

    Examples:
        isaacctl plugins enable greet
    """
    return await context.plugin_desk.enable(name, context.loaded)


async def disable(context: Context, name: Name) -> PluginCard:
    """Switch a plugin off, until it is switched on again.

    It is kept beside the plugins; config.toml stays as it is.

    Examples:
        isaacctl plugins disable greet
    """
    return await context.plugin_desk.disable(name)


async def choose(
    context: Context,
    name: Name,
    source: Annotated[
        str | None, Argument("Where it is to come from: isaac, user, or a distribution.")
    ] = None,
) -> PluginCard:
    """Take one of several plugins that have the same name.

    Without a place, all are shown.

    Examples:
        isaacctl plugins choose greet user
        isaacctl plugins choose greet isaac
    """
    return await context.plugin_desk.choose(name, source, context.loaded)


async def reload(
    context: Context,
    names: Annotated[list[str], Argument("The plugins; all without any.")] = [],  # noqa: B006 - it is copied
) -> PluginChanges:
    """Load plugins anew, all or some.

    What is under way ends with the code that it began with, and state and settings carry over. A plugin that cannot be
    loaded any more stays as it was. It also happens by itself when a file changes.

    Examples:
        isaacctl plugins reload
        isaacctl plugins reload weather
    """
    return await context.daemon.reload_plugins(names)


def changes(found: PluginChanges, _: Terminal) -> str:
    """Write what a reload has led to."""
    lines = [
        f"{what} {', '.join(names)}"
        for what, names in (("reloaded", found.reloaded), ("new", found.added), ("gone", found.removed))
        if names
    ]
    lines += [f"not reloaded: {name}: {reason}" for name, reason in found.failed.items()]
    return "\n".join(lines) or "nothing has changed"


async def trust(
    context: Context,
    name: Annotated[str | None, Argument("The plugin's name.")] = None,
    folder: Annotated[Path | None, "Trust whatever lies in this folder, now and later."] = None,
) -> PluginTrust:
    """Trust a plugin as it is now: it then runs inside the daemon, and may do all that you may.

    When its files change, it is trusted no more. For a folder in which you write plugins yourself there is --folder.

    Examples:
        isaacctl plugins trust weather
        isaacctl plugins trust --folder ~/.local/share/isaac/plugins/isaac_plugins
    """
    if (name is None) == (folder is None):
        raise InvalidParams("name a plugin, or give --folder", hint="isaacctl plugins trust NAME")
    if folder is not None:
        return await context.plugin_desk.trust_folder(folder)
    assert name is not None
    return await context.plugin_desk.trust(name)


async def untrust(
    context: Context,
    name: Annotated[str | None, Argument("The plugin's name.")] = None,
    folder: Annotated[Path | None, "A folder that was trusted."] = None,
) -> list[PluginTrust]:
    """Trust a plugin, or a folder, no more: what is in it runs isolated.

    Examples:
        isaacctl plugins untrust weather
        isaacctl plugins untrust --folder ~/src/plugins
    """
    wanted = name if folder is None else str(folder)
    if wanted is None or (name is not None and folder is not None):
        raise InvalidParams("name a plugin, or give --folder", hint="isaacctl plugins untrust NAME")
    return await context.plugin_desk.untrust(wanted)


async def grant(
    context: Context,
    name: Name,
    scope: Annotated[
        list[Literal["ask", "run:confirm", "admin"]], Argument("The scopes; all that it wants without any.")
    ] = [],  # noqa: B006 - it is copied
) -> PluginTrust:
    """Let a plugin that runs isolated have what it wants of the daemon: scopes, as tokens have them.

    `ask` lets it ask AI providers within your budgets, `run:confirm` have a program run once you have agreed to exactly
    that, `admin` have any command of Isaac run, each agreed to by you. If it wants more after an update, it has no more
    until you grant it.

    Examples:
        isaacctl plugins grant weather
        isaacctl plugins grant weather ask
    """
    return await context.plugin_desk.grant(name, scope)


async def revoke(context: Context, name: Name) -> list[PluginTrust]:
    """Take back every scope that a plugin was granted; it counts for what runs already.

    Examples:
        isaacctl plugins revoke weather
    """
    return await context.plugin_desk.revoke(name)


def scopes(found: PluginTrust | list[PluginTrust], _: Terminal) -> str:
    """Write what plugins may have the daemon do."""
    every = found if isinstance(found, list) else [found]
    lines = []
    for one in every:
        missing = [item for item in one.scopes if item not in one.granted]
        lines.append(f"{one.name}: granted {', '.join(one.granted) or 'nothing'}")
        lines[-1] += f", not {', '.join(missing)}" if missing else ""
    return "\n".join(lines)


def diagnosis(found: PluginDiagnosis, terminal: Terminal) -> str:
    """Write a diagnosis: each finding with its cure."""
    lines = []
    for item in found.findings:
        severity = terminal.style(item.severity, 31 if item.severity == "error" else 33)
        lines += [f"{severity} {item.about}: {item.message}", f"  {item.hint}"]
    lines += [f"{found.plugins} plugins; those that are not trusted run in {found.isolation}"]
    if not found.findings:
        lines.append("nothing is wrong")
    return "\n".join(lines)


async def doctor(context: Context) -> PluginDiagnosis:
    """Look for everything that is wrong about plugins on this machine, and say how to mend it.

    Exits with 1 if it finds an error.

    Examples:
        isaacctl plugins doctor
        isaacctl plugins doctor --json
    """
    return await context.plugin_desk.diagnose(context.loaded)
