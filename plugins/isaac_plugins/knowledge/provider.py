"""The provider that answers when nobody else can: it looks the question up."""

from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING

import anyio.to_thread

from isaacd.api import Candidate, ChatRequest, Finish, Host, Piece, ProviderConfig, TextDelta

if TYPE_CHECKING:
    from isaac_plugins.knowledge.library import Library
    from isaac_plugins.knowledge.ranking import Answer

MAX_QUESTION_CHARS = 2000


class Knowledge:
    """Answers the last question of a conversation from the search index; needs no network."""

    kind = "knowledge"

    def __init__(self, name: str, config: ProviderConfig, host: Host) -> None:
        self.name = name
        self._host = host
        self._library: Library | None = None

    async def stream(self, request: ChatRequest) -> AsyncGenerator[Piece, None]:
        """Answer with up to three commands, or say that none is known."""
        # Imported at the first question: sqlite3 and the parts of the search cost a daemon that never needs them.
        from isaac_plugins.knowledge import answer
        from isaac_plugins.knowledge.library import Library, Places

        if self._library is None:
            paths = self._host.paths
            looked = self._host.knowledge
            self._library = Library(
                Places(
                    paths.cache_dir, paths.data_dir, dict(self._host.environ), looked.tldr_dirs, looked.whatis
                )
            )
        asked = [message.content for message in request.messages if message.role == "user"]
        # What follows an empty line is material, such as a file that was piped in.
        question = asked[-1].strip().split("\n\n", 1)[0][:MAX_QUESTION_CHARS] if asked else ""
        found = await anyio.to_thread.run_sync(self._library.ask, question)
        for piece in answer.text(found):
            yield TextDelta(piece)
        yield Finish(reason="stop", model="knowledge", offline=True, candidates=candidates(found))

    async def aclose(self) -> None:
        """Close the index."""
        if self._library is not None:
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(self._library.close)


def candidates(found: "Answer") -> tuple[Candidate, ...]:
    """Put hits into the form that goes out."""
    from isaac_plugins.knowledge import answer

    pairs = zip(found.hits, found.confidences, strict=True)
    return tuple(
        Candidate(
            command=hit.command,
            description=answer.description(hit),
            source=answer.source(hit),
            confidence=round(confidence, 3),
            placeholders=hit.missing,
        )
        for hit, confidence in pairs
    )
