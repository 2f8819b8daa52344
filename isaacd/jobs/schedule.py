"""One schedule: what is to run and when, whether a person has agreed to just that, and how it is shown."""

import hashlib
from collections.abc import Sequence
from typing import Any

import msgspec

from isaacd.errors import InvalidParams
from isaacd.jobs.cards import Firing, ScheduleCard, Work
from isaacd.jobs.times.rule import Rule, rule_of
from isaacd.jobs.times.zone import Zone

WORK_COLUMNS = "kind, argv, label, cwd, env, input, caller"
COLUMNS = f"id, words, spec, zone, anchor, {WORK_COLUMNS}, tier, approval, catch_up, paused, created_at, next_at, last_at, missed"
_words = msgspec.json.Decoder(tuple[str, ...]).decode
_variables = msgspec.json.Decoder(dict[str, str]).decode


class Schedule(msgspec.Struct, frozen=True, kw_only=True):
    """A schedule as the alarm sees it."""

    id: int
    words: str
    spec: str
    zone: str
    anchor: float
    work: Work
    tier: str | None
    approval: bytes | None
    catch_up: bool
    paused: bool
    created_at: float
    next_at: float | None
    last_at: float | None
    missed: int

    @property
    def rule(self) -> Rule:
        """When it is due; raises InvalidParams if its zone is not known here any more."""
        return rule_of(self.spec, Zone(self.zone), self.anchor)

    @property
    def is_approved(self) -> bool:
        """Whether what is to run is what a person agreed to: exactly this line, in this directory, as this tier."""
        return self.approval is not None and self.approval == approval_of(self.work, self.tier or "")


def approval_of(work: Work, tier: str) -> bytes:
    """Return what an approval is bound to."""
    bound = (work.kind, list(work.argv), work.cwd, tier)
    return hashlib.sha256(msgspec.msgpack.encode(bound)).digest()


def schedule_of(row: Sequence[Any]) -> Schedule:
    """Make one of a row with the `COLUMNS`."""
    values = dict(zip(COLUMNS.split(", "), row, strict=True))
    work = Work(
        kind=values.pop("kind"),
        argv=_words(values.pop("argv")),
        label=values.pop("label"),
        cwd=values.pop("cwd"),
        env=_variables(values.pop("env")),
        input=values.pop("input"),
        caller=values.pop("caller"),
        schedule=values["id"],
    )
    catch_up, paused = bool(values.pop("catch_up")), bool(values.pop("paused"))
    return Schedule(**values, catch_up=catch_up, paused=paused, work=work)


def _local(zone: str, at: float) -> str | None:
    try:
        return Zone(zone).local(at).isoformat(timespec="seconds")
    except InvalidParams:
        return None


def card_of(schedule: Schedule, last: Firing | None) -> ScheduleCard:
    """Describe one for a person, with what came of it the last time."""
    due = schedule.next_at
    return ScheduleCard(
        id=schedule.id,
        when=schedule.words,
        spec=schedule.spec,
        zone=schedule.zone,
        line=schedule.work.line,
        kind=schedule.work.kind,
        label=schedule.work.label,
        cwd=schedule.work.cwd,
        paused=schedule.paused,
        catch_up=schedule.catch_up,
        tier=schedule.tier,
        created_at=schedule.created_at,
        next_at=due,
        next_local=None if due is None else _local(schedule.zone, due),
        last_at=schedule.last_at,
        last_task=last.task if last else None,
        last_outcome=last.outcome if last else None,
        last_state=last.state if last else None,
        last_note=last.note if last else "",
        missed=schedule.missed,
    )
