"""Conversations as people read them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from isaacd.api import ChatFound, ChatListed, RoleCard, Terminal, TurnCard

_WHO = {"user": "you", "assistant": "assistant", "tool": "tool", "system": "system"}


def show_reply(reply: Any, terminal: Terminal) -> str:
    """Say under an answer where it comes from and how to go on; output that is piped on is the answer alone."""
    if reply is None or not terminal.stdout:
        return ""
    return terminal.style(f"{source(reply.answer)}; go on with: isaacctl chat --name {quoted(reply.chat)}", 2)


def source(answer: Any) -> str:
    """Say who answered, and if that is not all."""
    by = f"offline answer from {answer.provider}" if answer.offline else f"{answer.provider}/{answer.model}"
    cut = ", cut short: the model's limit was reached" if answer.finish_reason == "length" else ""
    cached = ", cached" if answer.hit is not None else ""
    # The model's name is what a server says; a terminal must not obey it.
    return "".join(char for char in f"{by}{cached}{cut}" if char.isprintable())


def quoted(name: str) -> str:
    """Write a name as a shell takes it for one word."""
    safe = name.replace("-", "").replace("_", "").replace(".", "").isalnum()
    return name if safe else "'" + name.replace("'", "'\\''") + "'"


def show_list(chats: Sequence[ChatListed], terminal: Terminal) -> str:
    """One line a conversation."""
    if not chats:
        return "there is no conversation yet; begin one: isaacctl chat"
    wide = min(40, max(len(chat.name) for chat in chats))
    lines = []
    for chat in chats:
        room = max(10, terminal.columns - wide - 24) if terminal.stdout else 200
        about = harmless(" ".join(chat.last_question.split())[:room], terminal)
        when = terminal.style(_when(chat.used_at), 2)
        lines.append(f"{chat.name:{wide}}  {when}  {chat.asked:>3}  {about}")
    return "\n".join(lines)


def show_turns(turns: Sequence[TurnCard], terminal: Terminal) -> str:
    """The turns with their numbers, and what is not on the way from the one before."""
    lines = []
    before = None
    for turn in turns:
        by = f" ({turn.by})" if turn.by else ""
        branch = f", follows {turn.follows}" if turn.follows != before else ""
        broken = f", broken off: {turn.broken}" if turn.broken else ""
        head = harmless(f"{turn.number}. {_WHO.get(turn.role, turn.role)}{by}{branch}{broken}", terminal)
        lines += [terminal.style(head, 1), harmless(turn.text.rstrip(), terminal), ""]
        before = turn.number
    if turns and turns[-1].role == "user":
        lines.append("not answered; ask again with: isaacctl chat --retry")
    return "\n".join(lines).rstrip() or "nothing was said yet"


def show_found(found: Sequence[ChatFound], terminal: Terminal) -> str:
    """One line a place."""
    if not found:
        return "nothing was found"
    return "\n".join(
        f"{terminal.style(f'{item.chat}, turn {item.turn}', 1)} ({_WHO.get(item.role, item.role)}, "
        f"{_when(item.at)}): {harmless(item.text, terminal)}"
        for item in found
    )


def show_roles(roles: Sequence[RoleCard], terminal: Terminal) -> str:
    """One line a role."""
    wide = max(len(role.name) for role in roles)
    lines = []
    for role in roles:
        about = harmless(f"{role.description}{f'  [{role.file}]' if role.file else ''}", terminal)
        lines.append(f"{terminal.style(harmless(f'{role.name:{wide}}', terminal), 1)}  {about}")
    return "\n".join(lines)


def show_text(text: str, terminal: Terminal) -> str:
    """A whole conversation as text: a pipe gets it as it is."""
    return harmless(text, terminal)


def harmless(text: str, terminal: Terminal) -> str:
    """Return text of models and files as a terminal may have it: even colours could hide some of it."""
    if not terminal.stdout:
        return text
    from isaacd.api import plain

    return plain(text)


def _when(at: float) -> str:
    return datetime.fromtimestamp(at).astimezone().strftime("%Y-%m-%d %H:%M")
