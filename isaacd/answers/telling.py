"""What others are told of an answer: the ledger of one that was kept, and whoever hears events of every one."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from isaacd.ai.chat import Answer

if TYPE_CHECKING:
    from isaacd.ledger.ledger import Ledger


class Telling:
    """For one caller; `ledger` is only asked for when an answer was kept, `publish` tells an event."""

    def __init__(
        self,
        caller: str,
        ledger: "Callable[[], Ledger]",
        publish: Callable[[str, Mapping[str, object]], None],
    ) -> None:
        self._caller = caller
        self._ledger = ledger
        self._publish = publish

    def hit(self, answer: Answer) -> None:
        """Count an answer that was kept, and what it has saved."""
        hit = answer.hit
        assert hit is not None
        self._ledger().record_hit(
            self._caller, answer.provider, answer.model, hit.saved_usd, hit.saved_tokens, hit.kind
        )

    def answered(self, answer: Answer) -> None:
        """Publish `ask.answered`; neither question nor answer is in it."""
        self._publish(
            "ask.answered",
            {
                "provider": answer.provider,
                "model": answer.model,
                "caller": self._caller,
                "cached": answer.hit is not None,
                "elapsed_ms": round(answer.elapsed_ms, 3),
            },
        )
