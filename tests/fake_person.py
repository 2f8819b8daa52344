"""A person who is asked for consent, and remembers what was asked."""

from collections.abc import Iterable


class FakePerson:
    """Says yes or no in turn, and types lines; when there is nothing left to say, it has gone."""

    def __init__(self, says: Iterable[bool] = (), types: Iterable[str] = ()) -> None:
        self.asked: list[str] = []
        self.prompts: list[str] = []
        self._says = list(says)
        self._types = list(types)

    async def confirm(self, text: str) -> bool:
        self.asked.append(text)
        return self._says.pop(0) if self._says else False

    async def ask_line(self, prompt: str) -> str | None:
        self.prompts.append(prompt)
        return self._types.pop(0) if self._types else None
