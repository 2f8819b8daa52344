"""Having the client look something up where the person is: it runs what its own list says, and the daemon runs nothing."""

import msgspec

from isaacd.context.ports import Events

GATHER_TIMEOUT_S = 120.0


class Gathered(msgspec.Struct, frozen=True):
    """What a command printed that the client ran, or its error where `exit` is not 0."""

    exit: int
    text: str


async def gather(events: Events, what: str, arguments: tuple[str, ...]) -> Gathered | None:
    """Have the client run the command that its list calls `what`; None if there is no such client, or no answer."""
    data = bytearray()
    while True:
        question = {"what": what, "arguments": list(arguments), "from": len(data)}
        answer = await events.ask("gather", question, GATHER_TIMEOUT_S)
        head, newline, piece = (answer or b"").partition(b"\n")
        numbers = head.split()
        if not newline or len(numbers) != 2 or not all(number.isdigit() for number in numbers):
            return None
        data += piece
        if len(data) >= int(numbers[1]) or not piece:
            return Gathered(int(numbers[0]), data.decode("utf-8", "replace"))
