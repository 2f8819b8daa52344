"""The talk with a person about a plan: it is shown, its reasons are told, and it is agreed to as its tier demands."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from isaacd.errors import ContentModified, PermissionDenied
from isaacd.plans.desk import Desk
from isaacd.plans.handover import Handover, Released
from isaacd.plans.opinion import Opinion, opinion_on, with_opinion
from isaacd.plans.plan import Caller, Plan
from isaacd.plans.shown import about_opinion, about_plan, about_route
from isaacd.routing.route import Route
from isaacd.safety.tier import Tier
from isaacd.safety.visible import lines_shown

# Whoever is asked for the same line so often, because it changes all the time, is asked no more.
MAX_ROUNDS = 5
MAX_CHOICES = 100


class Person(Protocol):
    """Whoever sits at the caller's terminal, the streams of the caller, and the AI that is asked for an opinion."""

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

    async def ask(self, question: str) -> tuple[str, str] | None:
        """Ask an AI: its name and its answer, None if none is configured."""
        ...

    @property
    def patience_s(self) -> float:
        """How long an AI may take; 0 asks none."""
        ...


class Dialogue:
    """One talk about one line, and about those that it is edited or corrected into."""

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
        route, plan = self.prepare(line)
        if not self._person.is_there:
            await self._only_show(route, plan, about)
            return None
        told = lines_shown(about)
        for _ in range(MAX_CHOICES):
            choices = "[r]un [e]dit e[x]plain [c]ancel: " if plan else "[e]dit [c]ancel: "
            about_it = about_plan(plan) if plan else about_route(route)
            said = await self._person.choose("\n".join(filter(None, (told, about_it, choices))))
            key, told = (said or "").strip().lower(), ""
            if key in ("r", "run") and plan is not None:
                released = await self.agreed(plan, has_said_yes=True)
                return None if released is None else Handover(run=released)
            if key in ("e", "edit"):
                edited = await self._person.edit("$ ", route.line or line)
                if edited is None or not edited.strip():
                    return None
                line = edited
                route, plan = self.prepare(line)
            elif key in ("x", "explain") and plan is not None:
                if explain is not None:
                    told = lines_shown(await explain(plan.line))
                else:
                    opinion = await self._opinion(plan)
                    plan, told = with_opinion(plan, opinion), about_opinion(opinion)
            else:
                return None
        return None

    def prepare(self, line: str, words: Sequence[str] = ()) -> tuple[Route, Plan | None]:
        """Route a line, and plan what would be executed for it."""
        return self._desk.prepare(line, self._caller, words=words)

    async def agreed(self, plan: Plan, *, has_said_yes: bool) -> Released | None:
        """Have a plan agreed to as its tier demands and release it; None if it is not.

        Raises PermissionDenied if what the line is about changes faster than anybody can agree to it.
        """
        for _ in range(MAX_ROUNDS):
            phrase: str | None = None
            if plan.tier is Tier.DESTRUCTIVE or not (plan.tier.runs_unasked or has_said_yes):
                plan, agreed, phrase = await self._asked(plan)
                if not agreed:
                    return None
            try:
                token = self._desk.tokens.issue(plan)
                return self._desk.approve(token, self._caller, yes=True, phrase=phrase)
            except ContentModified as changed:
                await self._person.note(changed.message)
                _, fresh = self.prepare(plan.route.typed, plan.words)
                if fresh is None:
                    return None
                plan, has_said_yes = fresh, False
        raise PermissionDenied("what the line is about changes all the time, so nobody can agree to it")

    async def _asked(self, plan: Plan) -> tuple[Plan, bool, str | None]:
        """Show a plan with all that speaks against it, and have it agreed to; return the phrase too, if one was typed."""
        opinion = await self._opinion(plan) if plan.tier >= Tier.BEYOND and self._person.is_there else None
        plan = with_opinion(plan, opinion)
        text = "\n".join(filter(None, (about_plan(plan), about_opinion(opinion))))
        if plan.tier is Tier.DESTRUCTIVE:
            said = await self._person.choose(f"{text}\nType `{plan.verdict.phrase}` to run it all the same: ")
            phrase = (said or "").strip()
            return plan, phrase == plan.verdict.phrase, phrase
        said = await self._person.choose(f"{text}\nRun it? [y/N] ")
        return plan, (said or "").strip().lower() in ("y", "yes"), None

    async def _opinion(self, plan: Plan) -> Opinion | None:
        if self._person.patience_s <= 0:
            return None
        return await opinion_on(plan, self._person.ask, self._person.patience_s)

    async def _only_show(self, route: Route, plan: Plan | None, about: str) -> None:
        if about:
            await self._person.note(lines_shown(about))
        await self._person.write(f"{plan.line if plan else route.line or route.typed}\n")
        await self._person.note(about_plan(plan, with_line=False) if plan else about_route(route))
