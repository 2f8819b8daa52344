"""How the answer to one question is looked up and kept: under an exact key, a slot key, or not at all."""

from collections.abc import Callable

import msgspec

from isaacd.cache.keys import MAX_ANSWER_BYTES, Request, exact_key, has_secret, slot_key, why_not
from isaacd.cache.slots import abstract, fits, restore, slotted


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """An answer as it is kept; `text` may have slots. `cost_usd` is what asking cost, None if that is unknown."""

    text: str
    provider: str
    model: str
    finish_reason: str
    elapsed_ms: float = 0.0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float | None = None
    asked_at: float = 0.0


class Plan(msgspec.Struct, frozen=True):
    """Where an answer may be found; without `exact` it is neither looked up nor kept, and `why_not` says why."""

    exact: str | None = None
    slot: str | None = None
    literals: tuple[str, ...] = ()
    why_not: str | None = None

    def from_slot(self, kept: Kept) -> Kept | None:
        """Put this question's literals into a template; None if it does not fit them."""
        if not fits(kept.text, self.literals):
            return None
        return msgspec.structs.replace(kept, text=restore(kept.text, self.literals))

    def entries(self, kept: Kept) -> list[tuple[str, str, Kept]]:
        """Return what to keep of a whole answer: kind, key and value; nothing if it must not be kept."""
        if self.exact is None or not keepable(kept):
            return []
        found = [("exact", self.exact, kept)]
        template = abstract(kept.text, self.literals) if self.slot is not None else None
        if self.slot is not None and template is not None:
            found.append(("slot", self.slot, msgspec.structs.replace(kept, text=template)))
        return found


def plan(request: Request, *, sampled: bool = False, slots: bool = True) -> Plan:
    """Say where the answer to a request may be found."""
    reason = why_not(request, sampled=sampled)
    if reason is not None:
        return Plan(why_not=reason)
    exact = exact_key(request)
    role, question = request.turns[-1] if request.turns else ("", "")
    # A conversation, attachments or tools give the command a context that a pattern does not show.
    lone = (
        sum(role != "system" for role, _ in request.turns) == 1
        and not request.tools
        and not request.attachments
    )
    found = slotted(question) if slots and lone and role == "user" else None
    if found is None:
        return Plan(exact)
    return Plan(exact, slot_key(request, found.pattern), found.literals)


def recall(plan: Plan, get: Callable[[str], Kept | None]) -> tuple[str, Kept] | None:
    """Look an answer up, and return the kind of the hit with it."""
    kept = get(plan.exact) if plan.exact is not None else None
    if kept is not None:
        return "exact", kept
    template = get(plan.slot) if plan.slot is not None else None
    filled = plan.from_slot(template) if template is not None else None
    return None if filled is None else ("slot", filled)


def keepable(kept: Kept) -> bool:
    """Say whether a whole answer may be kept: it came to its own end, is not empty, too long or secret.

    One that calls tools ends with `tool_calls` and is not kept: what a tool is called for is true at that time only,
    and it may act. Reasoning is no part of an answer; with a provider's seal on it, nobody else could use it either.
    """
    return (
        kept.finish_reason == "stop"
        and bool(kept.text.strip())
        and len(kept.text.encode("utf-8", "replace")) <= MAX_ANSWER_BYTES
        and not has_secret(kept.text)
    )
