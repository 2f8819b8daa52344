"""Tokens: each stands for one plan, for one owner, once, and not for long."""

import hashlib
from collections.abc import Callable

import msgspec

from isaacd.errors import ContentModified, PermissionDenied
from isaacd.plans.plan import Plan

LIFE_S = 300.0
TOKEN_BYTES = 24
MAX_TRIES = 3
MAX_OF_ONE = 64
MAX_HELD = 1024
_ANEW = "route the line again for a new plan"


class Held(msgspec.Struct):
    """A plan that waits for consent: its hash as it was shown, until when, and how often consent was not enough."""

    plan: Plan
    digest: bytes
    ends: float
    tries: int = 0


class Tokens:
    """The plans that wait, by the hash of their token; they live in this process and nowhere else."""

    def __init__(self, monotonic: Callable[[], float], random: Callable[[int], bytes]) -> None:
        self._monotonic = monotonic
        self._random = random
        # Tells tokens of this process from those of an earlier one; it is no secret.
        self._born = random(6).hex()
        self._held: dict[bytes, Held] = {}

    def issue(self, plan: Plan) -> str:
        """Return a new token for a plan; of one owner's plans only the latest are kept."""
        now = self._monotonic()
        for key in [key for key, held in self._held.items() if held.ends <= now]:
            del self._held[key]
        of_owner = [key for key, held in self._held.items() if held.plan.owner == plan.owner]
        for key in of_owner[: max(0, len(of_owner) - MAX_OF_ONE + 1)]:
            del self._held[key]
        while len(self._held) >= MAX_HELD:
            del self._held[next(iter(self._held))]
        token = f"{self._born}-{self._random(TOKEN_BYTES).hex()}"
        self._held[_key(token)] = Held(plan, plan.digest(), now + LIFE_S)
        return token

    def look(self, token: str, owner: str) -> Held:
        """Return what a token stands for, and leave it.

        Raises ContentModified if its time is over or the daemon was restarted, PermissionDenied for all other tokens
        that stand for nothing, or for a plan of somebody else; one that is over is forgotten when the next is issued.
        """
        held = self._held.get(_key(token))
        if held is None:
            born, dash, rest = token.partition("-")
            if dash and len(born) == len(self._born) and born != self._born and len(rest) == 2 * TOKEN_BYTES:
                raise ContentModified("the daemon was restarted since this plan was made", hint=_ANEW)
            raise PermissionDenied("this token stands for no plan: it was used, or is none", hint=_ANEW)
        if held.plan.owner != owner:
            raise PermissionDenied("this token belongs to another connection or program", hint=_ANEW)
        if held.ends <= self._monotonic():
            self.drop(token)
            raise ContentModified(f"this plan was made more than {LIFE_S:.0f} s ago", hint=_ANEW)
        if held.plan.digest() != held.digest:
            self.drop(token)
            raise PermissionDenied("this token was made for another plan", hint=_ANEW)
        return held

    def refuse(self, token: str) -> None:
        """Note that consent was not enough; after a few times the token stands for nothing any more."""
        held = self._held.get(_key(token))
        if held is not None:
            held.tries += 1
            if held.tries >= MAX_TRIES:
                self.drop(token)

    def drop(self, token: str) -> None:
        """Let a token stand for nothing any more."""
        self._held.pop(_key(token), None)


def _key(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
