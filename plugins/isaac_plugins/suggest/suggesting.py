"""Finds commands for a task, judges each, and puts them into an order that one can rely on."""

import anyio.to_thread
import msgspec

from isaac_plugins.suggest.cards import Suggested, Suggestions
from isaacd.api import (
    IS_DATA,
    Asking,
    Context,
    IsaacError,
    Message,
    NotFound,
    consult_if_any,
    explain_line,
    look_through,
    material,
    without_secrets,
)

MAX_TASK_CHARS = 4000
MAX_COMMAND_CHARS = 4000
# Nobody is surer than this of what can destroy: neither a model nor the cookbook has seen what it would destroy.
SURE_OF_HARM = 0.5
_MODEL_AT_MOST = 0.95
_SURE_ENOUGH = 0.4
_SURE_ENOUGH_BEYOND = 0.6
_SYSTEM = (
    "You turn a task into a command line for the shell and machine that are described. Give up to {limit} candidates, best first: "
    "`command` is one line that can be run as it is, with nothing around it; use programs that are installed where you can. What you "
    "cannot know, such as a file's name, stays a placeholder in angle brackets like <file>, and its name goes into `placeholders`. "
    "Prefer what only reads or can be taken back; never delete, overwrite or format unless the task asks for exactly that. "
    "`explanation` says in one sentence what it does. `confidence` is how likely it does just what was asked, from 0 to 1. If no "
    "command does it, give none. "
)
# Of all the programs here, a model is told of those that make a difference.
_TOLD = (
    "apt apk awk bat brew cargo cmake convert curl dig dnf docker dpkg exa fd ffmpeg fzf gawk gcc gdb git go gpg htop ip jq kubectl lsof lsb_release "
    "make mosh mysql nc ncdu nmap node npm openssl pacman parallel perl pip pip3 podman psql python3 rename rg rpm rsync ruby screen snap socat "
    "sqlite3 ss ssh strace sudo systemctl tar tcpdump terraform tmux tree ufw unzip uv wget xxd yq yum zip zstd zypper"
).split()  # fmt: skip


class _Candidate(msgspec.Struct, frozen=True):
    command: str
    explanation: str
    confidence: float
    placeholders: list[str] = []


class Answer(msgspec.Struct, frozen=True):
    """What a model answers to a task."""

    candidates: list[_Candidate]


class _Raw(msgspec.Struct, frozen=True):
    """A candidate before it is judged."""

    command: str
    about: str
    confidence: float
    source: str
    named: tuple[str, ...]
    by_model: bool = False


async def suggest(context: Context, task: str, limit: int, asking: Asking | None) -> Suggestions:
    """Find commands for a task, best first; raises NotFound if nobody knows one. `asking` None asks no AI."""
    raw = await _from_model(context, task[:MAX_TASK_CHARS], limit, asking) if asking is not None else []
    raw += await _from_knowledge(context, task[:MAX_TASK_CHARS], bool(raw))
    judged: dict[str, tuple[float, Suggested]] = {}
    for item in raw:
        if item.command not in judged and len(judged) < 2 * limit:
            made = await _judged(context, item)
            judged[item.command] = (item.confidence * (0.8 if made.missing else 1.0), made)
    # How well it fits decides the order, not how dangerous it is: what is asked for may be dangerous.
    ranked = sorted(judged.values(), key=lambda pair: pair[0], reverse=True)
    best = [made for _, made in ranked[:limit]]
    if not best:
        raise NotFound(
            "no command is known for that",
            hint="say it in other words, fetch more pages (isaacctl knowledge update), or configure an AI provider",
        )
    return Suggestions(task, best)


async def only_the_best(context: Context, found: Suggestions) -> Suggestions:
    """Return the best command alone and say on standard error where it is from; raises NotFound if that is too unsure."""
    best = found.candidates[0]
    at_least = _SURE_ENOUGH if best.tier in ("1", "2", "2.5") else _SURE_ENOUGH_BEYOND
    if best.confidence < at_least or best.destroys:
        why = "it can destroy something" if best.destroys else f"confidence {best.confidence:.2f}"
        raise NotFound(
            f"no command that Isaac is sure enough of to write it into a pipe; the best: {best.command} ({best.source}, {why})",
            hint="ask at a terminal, or take it from --json",
        )
    notes = [best.source, f"confidence {best.confidence:.2f}", f"tier {best.tier}"]
    notes += [f"put in: {', '.join(best.placeholders)}"] if best.placeholders else []
    notes += [f"not installed: {', '.join(best.missing)}"] if best.missing else []
    await context.emit("log", f"{best.about} ({'; '.join(notes)})")
    return Suggestions(found.task, [best])


async def _from_model(context: Context, task: str, limit: int, asking: Asking) -> list[_Raw]:
    system = _SYSTEM.format(limit=limit) + IS_DATA
    question = f"{_machine(context)}\n\n{material('task', without_secrets(task).text)}"
    told = await consult_if_any(
        context.answers, context.ai, system, question, Answer, asking, lambda text: context.emit("log", text)
    )
    if told is None:
        return []
    source = f"{told.answer.provider}/{told.answer.model}"
    found = []
    for item in told.value.candidates:
        command = item.command.strip()
        # More than one line, or what a terminal would obey, is nothing that a person can look through.
        if not command or len(command) > MAX_COMMAND_CHARS or not command.isprintable():
            continue
        sure = min(_MODEL_AT_MOST, max(0.0, item.confidence))
        found.append(
            _Raw(command, item.explanation.strip(), sure, source, tuple(item.placeholders), by_model=True)
        )
    return found


def _machine(context: Context) -> str:
    """Describe this machine as far as it matters for a command; no name and no user of it."""
    import os

    here = context.programs()
    home = context.environ.get("HOME", "")
    cwd = str(context.cwd or "")
    if home and (cwd == home or cwd.startswith(f"{home}/")):
        cwd = f"~{cwd[len(home) :]}"
    shell = context.environ.get("SHELL", "sh").rpartition("/")[2]
    return f"System: {os.uname().sysname}. Shell: {shell}. Folder: {cwd}. Installed: {' '.join(name for name in _TOLD if name in here)}."


async def _from_knowledge(context: Context, task: str, has_others: bool) -> list[_Raw]:
    try:
        answer = await context.answers.chat(
            [Message("user", task.split("\n\n")[0])], Asking(provider="knowledge", use="none")
        )
    except IsaacError:
        return []  # the offline provider is switched off, or has another name
    least = _SURE_ENOUGH if has_others else 0.0
    return [
        _Raw(item.command, item.description, item.confidence, item.source, item.placeholders)
        for item in answer.candidates
        if item.confidence >= least
    ]


async def _judged(context: Context, item: _Raw) -> Suggested:
    """Judge one candidate: its tier, its placeholders, its programs, and how sure one can be of it."""
    explained = await anyio.to_thread.run_sync(explain_line, item.command, dict(context.environ))
    found = look_through(context.judge(item.command), explained, item.command, context.programs(), item.named)
    sure = min(item.confidence, SURE_OF_HARM) if found.destroys else item.confidence
    sure *= 1.0 if found.is_understood else 0.5
    sure *= 0.7 if found.missing else 1.0
    return Suggested(
        command=item.command,
        about=item.about,
        tier=found.tier,
        demand=found.demand,
        confidence=round(sure, 2),
        source=item.source,
        placeholders=found.placeholders,
        missing=found.missing,
        reasons=found.reasons,
        destroys=found.destroys,
    )
