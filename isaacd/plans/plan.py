"""A plan: exactly what would be executed for a line, and what it was judged by."""

import hashlib
from collections.abc import Mapping

import msgspec

from isaacd.config.routing import RoutingConfig
from isaacd.judge.verdict import Verdict
from isaacd.plans.handover import Executed, PlanCard, ReasonCard, Released
from isaacd.plans.shells import Shell
from isaacd.plans.witness import Seen
from isaacd.routing.route import Route
from isaacd.safety.tier import Tier


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Whose lines these are: variables, folder, wishes about routing, and the owner of the plans.

    `told` are the variables that the caller itself has told, without those of the daemon. `pid` is the process of a
    command line, whose parent is the shell that it was typed in.
    """

    routing: RoutingConfig
    environ: Mapping[str, str]
    told: Mapping[str, str]
    cwd: str | None
    owner: str
    pid: int | None = None
    # Whether lines for the caller's own shell reach it: always but for a command line without the hook.
    hands_back: bool = True


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What would be executed for a line: in which shell and folder, for whom, and judged by which facts.

    `kind` says whether a shell of its own executes it, or the caller's has to (builtin).

    `verdict` is that of the line, with what its shell and its caller's variables add. `folder` is device and inode of
    `cwd`, None where that is not known.
    """

    route: Route
    kind: Executed
    verdict: Verdict
    shell: Shell
    cwd: str
    folder: tuple[int, int] | None
    owner: str
    seen: Seen
    caller: Caller
    # The words of a program that is run without a shell, because that would read them otherwise than they are.
    words: tuple[str, ...] = ()

    @property
    def line(self) -> str:
        """The line that would be executed."""
        return self.route.line

    @property
    def tier(self) -> Tier:
        """How dangerous it is."""
        return self.verdict.tier

    @property
    def argv(self) -> tuple[str, ...]:
        """What is to be executed."""
        return self.words or self.shell.argv(self.line)

    def digest(self) -> bytes:
        """Return the hash of all that a person agrees to: nothing in it can change without changing this."""
        reasons = [(item.tier.label, _bytes(item.text)) for item in self.verdict.reasons]
        bound = (
            *(self.kind, _bytes(self.line), [_bytes(word) for word in self.argv], _bytes(self.shell.path)),
            *(_bytes(self.cwd), self.folder, self.tier.label, self.verdict.phrase, _bytes(self.owner)),
            *(reasons, self.seen.digest()),
        )
        return hashlib.sha256(msgspec.msgpack.encode(bound)).digest()

    def released(self) -> Released:
        """Return what the client is to carry out."""
        return Released(
            kind=self.kind,
            line=self.line,
            shell="" if self.words else self.shell.path,
            argv=self.argv,
            cwd=self.cwd,
            tier=self.tier.label,
            reasons=reason_cards(self.verdict),
            folder=self.folder,
        )


def plan_card(plan: Plan, token: str, expires_s: float) -> PlanCard:
    """Show a plan."""
    released = plan.released()
    return PlanCard(
        token=token,
        kind=released.kind,
        line=released.line,
        shell=released.shell,
        argv=released.argv,
        cwd=released.cwd,
        tier=released.tier,
        demand=plan.tier.demand,
        phrase=plan.verdict.phrase,
        reasons=released.reasons,
        expires_s=expires_s,
    )


def reason_cards(verdict: Verdict) -> tuple[ReasonCard, ...]:
    """Show the reasons of a verdict; what cannot be sent in them is replaced."""
    return tuple(
        ReasonCard(item.tier.label, _text(item.text), _text(item.place), item.rule)
        for item in verdict.reasons
    )


def _text(text: str) -> str:
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
