"""The person at a host: asked through the host's own form, each question with a name that nobody can guess."""

import secrets
from collections.abc import Callable
from typing import Any

import anyio

from isaacd.errors import InvalidParams, PermissionDenied
from isaacd.faces.mcp import spec
from isaacd.safety.visible import plain
from isaacd.wire import Codec, Response, has_error

MAX_MESSAGE_CHARS = 8000


class Elicitation:
    """The questions that are open at one host, by the ids of their requests.

    An id is 128 bits of chance: an answer to an earlier question, of an earlier daemon too, fits none that is open.
    """

    def __init__(self, codec: Codec, send: Callable[[bytes], None], random: Callable[[int], str]) -> None:
        self._codec = codec
        self._send = send
        self._random = random
        self._open: dict[str, tuple[anyio.Event, list[spec.ElicitResult]]] = {}

    async def ask(self, message: str, properties: dict[str, Any], *, modes: bool) -> dict[str, object] | None:
        """Show a form and return what was filled in; None if it was declined, dismissed or not understood."""
        number = f"isaac-{self._random(16)}"
        answered = anyio.Event()
        self._open[number] = (answered, [])
        params: dict[str, Any] = {
            "message": plain(message)[:MAX_MESSAGE_CHARS],
            "requestedSchema": {"type": "object", "properties": properties, "required": list(properties)},
        }
        if modes:
            params["mode"] = "form"
        try:
            self._send(self._codec.encode_request(number, "elicitation/create", params))
            await answered.wait()
        finally:
            _, results = self._open.pop(number)
            if not answered.is_set():
                why = {"requestId": number, "reason": "nobody waits for the answer any more"}
                self._send(self._codec.encode_notification("notifications/cancelled", why))
        result = results[0] if results else None
        return result.content or {} if result is not None and result.action == "accept" else None

    def answered(self, response: Response) -> None:
        """Take the answer to one of the questions; what answers none is dropped."""
        waiting = self._open.get(response.id) if isinstance(response.id, str) else None
        if waiting is None or waiting[0].is_set():
            return
        event, results = waiting
        if not has_error(response, "json"):
            try:
                results.append(spec.read(response.result, spec.ElicitResult, "elicitation/create"))
            except InvalidParams:
                results.clear()  # nonsense is no yes
        event.set()


class HostPerson:
    """Whoever sits at the host, for the consent to one call; with `can_ask` false there is nobody to be asked."""

    def __init__(self, elicitation: Elicitation, *, can_ask: bool, modes: bool) -> None:
        self._elicitation = elicitation
        self._modes = modes
        self._shown = ""
        self.can_ask = can_ask

    async def show(self, text: str) -> None:
        """Keep what is to be read above the next question: a form shows it as one."""
        self._shown = f"{text}\n"

    async def confirm(self, text: str) -> bool:
        """Have it answered with yes or no; raises PermissionDenied where nobody can be asked."""
        self._demand()
        form = {"agree": {"type": "boolean", "title": "Agree", "description": "Yes, run exactly this."}}
        said = await self._elicitation.ask(self._taken(text), form, modes=self._modes)
        return said is not None and said.get("agree") is True

    async def ask_line(self, prompt: str) -> str | None:
        """Have a line typed; raises PermissionDenied where nobody can be asked."""
        self._demand()
        form = {"line": {"type": "string", "title": "Type it here", "maxLength": 200}}
        said = await self._elicitation.ask(self._taken(prompt), form, modes=self._modes)
        line = said.get("line") if said is not None else None
        return line if isinstance(line, str) else None

    def _demand(self) -> None:
        if not self.can_ask:
            raise PermissionDenied(
                "a person has to agree to this call, and this host has no way to ask one (no elicitation)",
                hint="use a host that has, or let the person run the command with isaacctl",
            )

    def _taken(self, text: str) -> str:
        shown, self._shown = self._shown, ""
        return shown + text


def unguessable(count: int) -> str:
    """Return so many bytes of chance, in hexadecimal digits."""
    return secrets.token_hex(count)
