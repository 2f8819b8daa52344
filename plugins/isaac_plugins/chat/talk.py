"""A conversation at a terminal: questions, answers, and commands that begin with a slash."""

import re
from collections.abc import Awaitable, Callable
from difflib import get_close_matches
from typing import Literal

import anyio.to_thread
import msgspec

from isaac_plugins.chat.views import quoted, source
from isaacd.api import Answer, Context, Dialogue, InvalidParams, IsaacError

_COMMAND = re.compile(r"/([a-z]+)(?:\s+(.*))?\Z", re.DOTALL)
_PROMPT = "> "
_HELP = """/help                 show this
/model [NAME]         ask this model from now on; - is the usual one again
/role [NAME]          take a role from now on; - is none
/system [TEXT]        give instructions of your own; - is none
/retry                ask the last question again
/edit                 change the last question and ask it
/undo                 go back to before the last question
/branch [NAME]        go on in a copy
/save NAME            give the conversation a name
/export [md|json] FILE  write it to a file
/tokens               show how long it is
/quit                 leave, as Ctrl-D does
A line that ends with \\ goes on in the next; lines between \"\"\" are one message.
A message that begins with a slash is sent with two: //etc"""

Wanted = Callable[[], Awaitable[Answer]]


async def talk(context: Context, dialogue: Dialogue) -> None:
    """Talk until the person leaves."""
    await _Talk(context, dialogue).run()


class _Left(Exception):
    """The person wants to leave."""


class _Talk:
    def __init__(self, context: Context, dialogue: Dialogue) -> None:
        self._context = context
        self._dialogue = dialogue
        self._commands: dict[str, Callable[[str], Awaitable[None]]] = {
            name.removeprefix("_do_"): getattr(self, name) for name in dir(self) if name.startswith("_do_")
        }

    async def run(self) -> None:
        line = await self._line()
        if line is None and (self._context.meta.tty is None or not self._context.meta.tty.stdin):
            raise InvalidParams("there is no terminal to talk at", hint='try: isaacctl chat say "hello"')
        try:
            while line is not None:
                if line.strip():
                    await self._safely(line.strip())
                line = await self._line()
        except _Left:
            pass
        if self._dialogue.chat is not None:
            name = quoted(self._dialogue.chat.name)
            await self._tell(f"kept; go on with: isaacctl chat --name {name}")

    async def _line(self, text: str = "") -> str | None:
        return await self._context.ask_line(
            _PROMPT,
            history=self._context.paths.state_dir / "chat_history",
            multiline=True,
            text=text,
            stays=True,
            words=[f"/{name}" for name in sorted(self._commands)],
        )

    async def _safely(self, line: str) -> None:
        """Do what a line says; what goes wrong is told, and the conversation goes on."""
        try:
            command = _COMMAND.match(line)
            if command is not None:
                await self._command(command[1], (command[2] or "").strip())
            else:
                text = line.removeprefix("/") if line.startswith("//") else line
                await self._answered(lambda: self._dialogue.ask(text, self._show))
        except IsaacError as error:
            hint = f"\n  {error.hint}" if error.hint else ""
            await self._tell(f"error: {error.message}{hint}")
            if error.retryable:
                await self._tell("your question is kept; /retry asks it again")

    async def _command(self, name: str, argument: str) -> None:
        act = self._commands.get(name)
        if act is None:
            near = get_close_matches(name, self._commands, 2)
            meant = f"did you mean {' or '.join(f'/{item}' for item in near)}?" if near else "/help shows all"
            raise InvalidParams(f"there is no command /{name[:40]}", hint=f"{meant}; // sends it as it is")
        await act(argument)

    async def _answered(self, wanted: Wanted) -> None:
        """Wait for an answer, which Ctrl-C stops."""
        with self._context.interruptible() as scope:
            answer = await wanted()
            if answer.offline or answer.finish_reason == "length":
                await self._tell(f"({source(answer)})")
        if scope.cancelled_caught:
            await self._tell("stopped; /retry asks again")

    async def _show(self, text: str) -> None:
        await self._context.emit("delta", text)

    async def _tell(self, text: str) -> None:
        await self._context.emit("log", text)

    async def _do_help(self, _: str) -> None:
        await self._tell(_HELP)

    async def _do_quit(self, _: str) -> None:
        raise _Left

    _do_exit = _do_quit

    async def _do_retry(self, _: str) -> None:
        await self._answered(lambda: self._dialogue.retry(self._show))

    async def _do_edit(self, text: str) -> None:
        before = await self._dialogue.last_question()
        changed = text or await self._line(before)
        if changed is None or not changed.strip():
            await self._tell("nothing was changed")
            return
        await self._answered(lambda: self._dialogue.edit(changed.strip(), self._show))

    async def _do_undo(self, _: str) -> None:
        question = " ".join((await self._dialogue.undo()).split())
        await self._tell(f"taken back: {question[:60]}{'…' if len(question) > 60 else ''}")

    async def _do_branch(self, name: str) -> None:
        await self._dialogue.branch(name or None)
        await self._tell(f"this branch is called {self._dialogue.name}")

    async def _do_save(self, name: str) -> None:
        await self._dialogue.save(name)
        await self._tell(f"it is called {self._dialogue.name} now")

    async def _do_model(self, name: str) -> None:
        if name:
            model = None if name == "-" else name
            await self._dialogue.lead(msgspec.structs.replace(self._dialogue.settings, model=model))
        await self._tell(f"model: {self._dialogue.settings.model or 'the usual one'}")

    async def _do_role(self, name: str) -> None:
        if name == "-":
            settings = self._dialogue.settings
            await self._dialogue.lead(
                msgspec.structs.replace(settings, role=None, system=None, temperature=None)
            )
        elif name:
            await self._context.chats.take_role(self._dialogue, name)
        await self._tell(f"role: {self._dialogue.settings.role or 'none'}")

    async def _do_system(self, text: str) -> None:
        if text:
            system = None if text == "-" else text
            settings = self._dialogue.settings
            await self._dialogue.lead(msgspec.structs.replace(settings, role=None, system=system))
        await self._tell(f"instructions: {self._dialogue.settings.system or 'the usual ones'}")

    async def _do_tokens(self, _: str) -> None:
        found = await self._dialogue.tokens()
        notes = ", the oldest are summarised" if found.summarised else ""
        notes += f", {found.left_out} would be left out" if found.left_out else ""
        await self._tell(f"about {found.tokens} of {found.limit} tokens in {found.turns} turns{notes}")

    async def _do_export(self, argument: str) -> None:
        first, _, rest = argument.partition(" ")
        form: Literal["md", "json"] = "json" if first == "json" or argument.endswith(".json") else "md"
        name = rest.strip() if first in ("md", "json") else argument
        if not name:
            raise InvalidParams("/export needs the name of a file", hint="such as /export trip.md")
        if self._dialogue.chat is None or self._context.cwd is None:
            raise InvalidParams("there is nothing to export yet")
        text = await self._context.chats.exported(self._dialogue.chat.name, form)
        file = self._context.cwd / name
        try:
            await anyio.to_thread.run_sync(_write_new, str(file), text)
        except OSError as error:
            raise InvalidParams(f"cannot write {file}: {error.strerror}") from None
        await self._tell(f"written to {file}")


def _write_new(file: str, text: str) -> None:
    """Write a file that is not there yet, for its owner alone."""
    import os

    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
        opened.write(text)
