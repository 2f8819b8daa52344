"""Schedules as one request sees them."""

from collections.abc import Mapping, Sequence

from isaacd.errors import InvalidParams, MethodNotFound, NotFound
from isaacd.jobs.cards import Approved, ScheduleCard, TaskCard, Work
from isaacd.jobs.jobs import Jobs
from isaacd.jobs.orders import Orders
from isaacd.jobs.times.rule import Once
from isaacd.jobs.times.speech import understand
from isaacd.jobs.times.zone import Zone, local_zone


class Planner:
    """Makes, finds and changes schedules; `environ` says which zone the caller lives in."""

    def __init__(self, jobs: Jobs, orders: Orders, environ: Mapping[str, str], now: float) -> None:
        self.store = jobs.schedules
        self.shells = jobs.shells
        self._jobs = jobs
        self._orders = orders
        self._environ = environ
        self._now = now

    async def add(
        self,
        when: str,
        argv: Sequence[str],
        *,
        zone: str | None = None,
        label: str = "",
        given: bytes | None = None,
        catch_up: bool = False,
    ) -> ScheduleCard:
        """Keep a command line of isaacctl for later; raises InvalidParams for what is not understood."""
        try:
            work = self._orders.work(argv, label=label, given=given)
        except MethodNotFound as error:
            hint = f"{error.hint or ''}\nfor a line of your shell: isaacctl schedule shell {when!r} -- ...".strip()
            raise InvalidParams(error.message, hint=hint) from None
        return await self._keep(when, work, zone=zone, tier=None, catch_up=catch_up)

    async def add_shell(
        self,
        when: str,
        line: str,
        approved: Approved,
        *,
        zone: str | None = None,
        label: str = "",
        catch_up: bool,
    ) -> ScheduleCard:
        """Keep a line for a shell that a person has agreed to."""
        work = self._orders.shell_work(line, label=label)
        return await self._keep(when, work, zone=zone, tier=approved.tier, catch_up=catch_up)

    def check(self, when: str, zone: str | None = None) -> None:
        """Raise InvalidParams if it is not understood when."""
        understand(when, self._zone(zone), self._now)

    async def find(self, named: str) -> int:
        """Return the number of the schedule that a person named: a number, or its label; raises NotFound."""
        number = named.strip().lstrip("#")
        if number.isascii() and number.isdigit() and len(number) < 19:
            return (await self.store.get(int(number))).id
        cards = await self.store.cards()
        matching = [card for card in cards if card.label == named.strip()]
        if len(matching) == 1:
            return matching[0].id
        from difflib import get_close_matches

        labels = sorted({card.label for card in cards if card.label})
        near = get_close_matches(named[:60], labels, 2)
        hint = f"did you mean {' or '.join(near)}?" if near else "see: isaacctl schedule list"
        what = "no schedule is" if not matching else f"{len(matching)} schedules are"
        raise NotFound(f"{what} called {named[:60]!r}", hint=hint)

    async def pause(self, number: int) -> ScheduleCard:
        """Let nothing of a schedule begin until it is resumed."""
        schedule = await self.store.get(number)
        await self.store.pause(number, paused=True, next_at=schedule.next_at)
        return await self._changed(number)

    async def resume(self, number: int) -> ScheduleCard:
        """Let a schedule go on, with the next time from now on; raises InvalidParams if there is none."""
        schedule = await self.store.get(number)
        if not schedule.paused:
            return await self.store.card(number)
        rule = schedule.rule
        due = rule.next_after(self._now)
        if due is None and isinstance(rule, Once):
            raise InvalidParams(
                f"the moment of schedule {number} is over", hint=f"isaacctl schedule run {number} runs it now"
            )
        await self.store.pause(number, paused=False, next_at=due)
        return await self._changed(number)

    async def remove(self, number: int) -> None:
        """Delete a schedule."""
        await self.store.remove(number)
        self._jobs.alarm.changed()

    async def run_now(self, number: int) -> TaskCard:
        """Begin a schedule's work now, beside its times; raises InvalidParams if it must not run."""
        schedule = await self.store.get(number)
        held = self._jobs.may_run(schedule)
        if held is not None:
            raise InvalidParams(f"schedule {number} is not run: {held}")
        task = await self._jobs.alarm.run_now(schedule)
        return await self._jobs.workshop.card(task)

    async def _keep(
        self, when: str, work: Work, *, zone: str | None, tier: str | None, catch_up: bool
    ) -> ScheduleCard:
        place = self._zone(zone)
        meant = understand(when, place, self._now)
        card = await self.store.add(
            " ".join(when.split()),
            meant,
            place,
            work,
            tier=tier,
            catch_up=catch_up,
            limit=self._jobs.config().max_schedules,
        )
        return await self._changed(card.id)

    async def _changed(self, number: int) -> ScheduleCard:
        self._jobs.watch()
        self._jobs.alarm.changed()
        return await self.store.card(number)

    def _zone(self, zone: str | None) -> Zone:
        return Zone(zone or local_zone(self._environ))
