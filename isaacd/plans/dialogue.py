"""The talk with a person about a plan: it is shown, its reasons are told, and it is agreed to as its tier demands."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from isaacd.errors import ContentModified, PermissionDenied
from isaacd.plans.desk import Desk
from isaacd.plans.handover import Handover, Released
from isaacd.plans.plan import Caller, Plan
from isaacd.plans.shown import about_plan, line_shown, shown
from isaacd.routing.route import Route
from isaacd.safety.tier import Tier

# Whoever is asked for the same line so often, because it changes all the time, is asked no more.
MAX_ROUNDS = 5
MAX_CHOICES = 100


class Person(Protocol):
    """Whoever sits at the caller's terminal, and the streams of the caller."""

    @property
    def is_there(self) -> bool:
        """Whether a person could be asked."""
        ...

    async def choose(self, text: str) -> str | None:
        """Show `text` on the terminal itself and return the line that is typed; None if nobody answers in time."""
        ...

    async def edit(self, prompt: str, text: str) -> str | None:
        """Have a line edited; None if it is given up."""
        ...

    async def note(self, text: str) -> None:
        """Write lines to standard error."""
        ...

    async def write(self, text: str) -> None:
        """Write text to standard output."""
        ...


class Dialogue:
    """One talk about one line, and about those that it is edited into."""

    def __init__(self, desk: Desk, caller: Caller, person: Person) -> None:
        self._desk = desk
        self._caller = caller
        self._person = person

    async def offer(
        self,
        line: str,
        *,
        about: str = "",
        explain: Callable[[str], Awaitable[str]] | None = None,
    ) -> Handover | None:
        """Have a line that was made up run, edited, explained or cancelled."""
        route, plan = self._desk.prepare(line, self._caller)
        if not self._person.is_there:
            await self._only_show(route, plan, about)
            return None
        told = about
        for _ in range(MAX_CHOICES):
            choices = "[r]un [e]dit e[x]plain [c]ancel: " if plan else "[e]dit [c]ancel: "
            about_it = about_plan(plan) if plan else _why_not(route)
            said = await self._person.choose("\n".join(filter(None, (shown(told), about_it, choices))))
            key, told = (said or "").strip().lower(), ""
            if key in ("r", "run") and plan is not None:
                released = await self.agreed(plan, has_said_yes=True)
                return None if released is None else Handover(run=released)
            if key in ("e", "edit"):
                edited = await self._person.edit("$ ", route.line or line)
                if edited is None or not edited.strip():
                    return None
                line = edited
                route, plan = self._desk.prepare(line, self._caller)
            elif key in ("x", "explain") and plan is not None:
                told = await explain(plan.line) if explain is not None else ""
            else:
                return None
        return None

    async def agreed(self, plan: Plan, *, has_said_yes: bool) -> Released | None:
        """Have a plan agreed to as its tier demands and release it; None if it is not."""
        for _ in range(MAX_ROUNDS):
            phrase: str | None = None
            if plan.tier is Tier.DESTRUCTIVE:
                about = "" if has_said_yes else f"{about_plan(plan)}\n"
                phrase = await self._person.choose(f"{about}Type `{plan.verdict.phrase}` to run it: ")
                if phrase is None or phrase.strip() != plan.verdict.phrase:
                    return None
            elif not plan.tier.runs_unasked and not has_said_yes:
                said = await self._person.choose(f"{about_plan(plan)}\nRun it? [y/N] ")
                if (said or "").strip().lower() not in ("y", "yes"):
                    return None
            try:
                token = self._desk.tokens.issue(plan)
                return self._desk.approve(token, self._caller, yes=True, phrase=phrase)
            except ContentModified as changed:
                await self._person.note(changed.message)
                _, fresh = self._desk.prepare(plan.route.typed, self._caller, shell=plan.shell)
                if fresh is None:
                    return None
                plan, has_said_yes = fresh, False
        raise PermissionDenied("what the line is about changes all the time, so nobody can agree to it")

    async def _only_show(self, route: Route, plan: Plan | None, about: str) -> None:
        if about:
            await self._person.note(shown(about))
        await self._person.write(f"{plan.line if plan else route.line or route.typed}\n")
        await self._person.note(about_plan(plan, with_line=False) if plan else _why_not(route))


def _why_not(route: Route) -> str:
    return (
        f"{line_shown(route.line or route.typed)}\n  nothing of it would be executed: {shown(route.because)}"
    )
