"""What Isaac knows of this machine, found without running anything."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

from isaac_plugins.env import programs
from isaac_plugins.env.cards import Report, ShellCard, TerminalCard, Variable
from isaac_plugins.env.machine import system
from isaac_plugins.env.repository import repository
from isaacd.api import Context, Plugin, Terminal, Tier, mask_secrets, plain

plugin = Plugin("env", summary="Show what Isaac knows of this machine.", version="1")

_BOLD, _DIM, _YELLOW = 1, 2, 33


def _shown(found: Report, terminal: Terminal) -> str:
    own = found.system
    inside = f", inside {own.inside}" if own.inside else ""
    memory = f", {own.memory_mib / 1024:.1f} GiB" if own.memory_mib else ""
    shell = found.shell.path or "unknown"
    rows = [
        ("system", f"{own.distribution or own.name} ({own.name} {own.kernel}, {own.machine}){inside}"),
        ("machine", f"{own.host}: {own.cpus} CPUs{memory}"),
        ("shell", shell + ("" if found.shell.hooked else "  (isaacctl shell-init is not in it)")),
        ("terminal", f"{found.terminal.kind or 'none'}, {found.terminal.columns}x{found.terminal.lines}"),
    ]
    for name, tools in (
        ("packages", found.package_managers),
        ("languages", found.languages),
        ("tools", found.tools),
    ):
        text = ", ".join(f"{tool.name} {tool.version}" if tool.version else tool.name for tool in tools)
        rows.append((name, text or "none"))
    if found.repository is not None:
        about = found.repository
        state = f", {about.state} under way" if about.state else ""
        stashes = f", {about.stashes} stashed" if about.stashes else ""
        where = about.branch or f"detached at {(about.commit or '')[:10]}"
        rows.append(("git", f"{about.root}: {where}{state}{stashes}"))
    lines = [f"{terminal.style(f'{name:<10}', _BOLD)} {plain(text)}" for name, text in rows]
    if found.path_troubles:
        lines.append(terminal.style("PATH", _BOLD))
        lines += [
            f"  {terminal.style(item.trouble, _YELLOW)}: {plain(item.folder) or '(empty)'}: {plain(item.why)}"
            for item in found.path_troubles
        ]
    if found.variables:
        lines.append(terminal.style("variables", _BOLD))
        lines += [f"  {plain(item.name)}={plain(item.value)}" for item in found.variables]
    return "\n".join(lines)


# It says much of a person's machine: a model gets it only if the person agrees.
@plugin.command(view=_shown, tool=Tier.BEYOND)
async def env(context: Context) -> Report:
    """Show what Isaac knows of this machine: system, shell, tools, repository, PATH and variables.

    Nothing is run: versions come from links, folders and the list of packages, so some are not known. Of the variables
    only those are seen that your shell hands to isaacctl; secrets in them are masked.

    Examples:
        isaacctl env
        isaacctl env --json
    """
    return await asyncio.to_thread(_report, context)


def _report(context: Context) -> Report:
    environ = context.environ
    path = environ.get("PATH", "")
    packages = programs.packages()
    shell = environ.get("SHELL") or None
    tty = context.terminal
    return Report(
        system=system(),
        shell=ShellCard(
            path=shell,
            name=shell.rpartition("/")[2] if shell else None,
            hooked=context.shell_session is not None,
            session=context.shell_session,
        ),
        terminal=TerminalCard(
            kind=environ.get("TERM"),
            columns=tty.columns,
            lines=tty.lines,
            color=tty.color,
            truecolor=environ.get("COLORTERM", "") in ("truecolor", "24bit"),
            is_terminal=tty.stdout,
        ),
        package_managers=list(programs.found(programs.MANAGERS, path, packages)),
        languages=list(programs.found(programs.LANGUAGES, path, packages)),
        tools=list(programs.found(programs.TOOLS, path, packages)),
        repository=None if context.cwd is None else repository(Path(context.cwd)),
        path=path.split(":") if path else [],
        path_troubles=list(programs.troubles(path)) if path else [],
        variables=_variables(context.meta.env or {}),
    )


def _variables(told: Mapping[str, str]) -> list[Variable]:
    """Return what the caller told of its variables, without secrets; PATH is shown by itself."""
    return [
        Variable(name, mask_secrets(f"{name}={value}")[len(name) + 1 :])
        for name, value in sorted(told.items())
        if name != "PATH" and not name.startswith("COV")
    ]
