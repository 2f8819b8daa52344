"""What the versions of Claude take: how they think, how they keep to a schema, and from where on they cache."""

import re

import msgspec

from isaacd.ai.chat import Effort

MIN_BUDGET = 1024
# Thinking budgets, in tokens, for models from before there were levels of effort.
_BUDGETS: dict[Effort, int] = {
    "minimal": MIN_BUDGET,
    "low": 2048,
    "medium": 8192,
    "high": 16_384,
    "xhigh": 24_576,
}
# claude-sonnet-5-5, claude-3-5-haiku-20241022, claude-opus-4-20250514, anthropic.claude-opus-4.5
_NAME = re.compile(r"claude-(?:([a-z]+)-)?(\d{1,2})(?:[-.](\d{1,2}))?(?!\d)(?:-([a-z]+))?")
_NEWEST = (99, 0)


class Thinking(msgspec.Struct, frozen=True):
    """The two parameters that steer thinking; None is left out."""

    thinking: dict[str, object] | None = None
    effort: str | None = None


class Claude(msgspec.Struct, frozen=True):
    """A model by its line (opus, sonnet, haiku ...) and version; `version` None is a model of somebody else.

    A Claude whose name holds no version counts as the newest there is.
    """

    line: str = ""
    version: tuple[int, int] | None = None

    @classmethod
    def named(cls, model: str) -> "Claude":
        """Read the name of a model, in any of the forms that platforms use."""
        name = model.lower()
        found = _NAME.search(name)
        if found is None:
            return cls("", _NEWEST) if "claude-" in name else cls()
        before, major, minor, after = found.groups()
        return cls(before or after or "", (int(major), int(minor or 0)))

    @property
    def default_max_tokens(self) -> int:
        """How long an answer may become when nobody says; the API wants a number, and refuses too large ones."""
        if self.version is None or (3, 5) <= self.version < (3, 7):
            return 8192
        return 4096 if self.version < (3, 5) else 32_000

    @property
    def keeps_to_schemas(self) -> bool:
        """Whether `output_config.format` is understood; without it a schema is asked for by a forced tool."""
        if self.version is None:
            return False
        return self.version >= (4, 5) or (self.line, self.version) == ("opus", (4, 1))

    @property
    def has_budget(self) -> bool:
        """Whether thinking is measured in tokens; else in levels of effort."""
        return self.version is None or self.version < (4, 6)

    @property
    def cache_min_tokens(self) -> int:
        """The shortest prefix that is cached; the API ignores marks on shorter ones, without an error or a charge."""
        version = self.version or (0, 0)
        if version >= (5, 0):
            return 1024 if (self.line, version) == ("sonnet", (5, 0)) else 512
        if version == (4, 7):
            return 2048
        if version in ((4, 5), (4, 6)) and self.line in ("opus", "haiku"):
            return 4096
        return 2048 if self.line == "haiku" else 1024

    def think(self, effort: Effort, max_tokens: int) -> Thinking:
        """Say how to ask for `effort`, as closely as the model can be asked."""
        if not self.has_budget:
            return self._without() if effort == "none" else self._adaptive(effort)
        if effort == "none" or (self.version or _NEWEST) < (3, 7) or max_tokens <= MIN_BUDGET:
            return Thinking()
        # Half of the room stays for the answer, if that is possible at all.
        budget = min(_BUDGETS[effort], max(MIN_BUDGET, max_tokens // 2))
        level = _level(effort, "high") if (self.line, self.version) == ("opus", (4, 5)) else None
        return Thinking({"type": "enabled", "budget_tokens": budget}, level)

    def _adaptive(self, effort: Effort) -> Thinking:
        # 4.6 has no level between high and max. Newer ones hide what they think unless they are asked for it.
        highest = "xhigh" if (self.version or _NEWEST) >= (4, 7) else "max"
        return Thinking({"type": "adaptive", "display": "summarized"}, _level(effort, highest))

    def _without(self) -> Thinking:
        version = self.version or _NEWEST
        if self.line == "haiku" or (version < (5, 5) and self.line in ("opus", "sonnet")):
            return Thinking({"type": "disabled"})
        if self.line == "sonnet":
            return Thinking({"type": "between_tools"})
        return Thinking(effort="low")  # these always think; so they do it as little as possible


def _level(effort: Effort, highest: str) -> str:
    return {"minimal": "low", "xhigh": highest}.get(effort, effort)
