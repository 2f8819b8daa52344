"""What a command may do with plans: make them, show them to its caller, have them agreed to, and hand them over."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from isaacd.plans.desk import Desk
from isaacd.plans.handover import Handover, PlanCard, Released
from isaacd.plans.plan import Caller, Plan
from isaacd.routing.route import Route

if TYPE_CHECKING:
    from isaacd.plans.dialogue import Person

Explain = Callable[[str], Awaitable[str]]


class Plans:
    """The plans of one request; `person` is whoever sits at its caller's terminal."""

    def __init__(self, desk: Desk, caller: Caller, person: "Person") -> None:
        self._desk = desk
        self._caller = caller
        self._person = person

    def prepare(self, line: str, *, shell: str | None = None) -> tuple[Route, Plan | None]:
        """Route a line, and plan what would be executed for it; None where nothing of it would be.

        `shell` is the path of the shell that is to execute it; without one it is the caller's own. Raises InvalidParams
        for a path that is none of a known shell.
        """
        named = None if shell is None else self._desk.shell(shell)
        return self._desk.prepare(line, self._caller, shell=named)

    async def run(self, given: Sequence[str], *, yes: bool = False, dry_run: bool = False) -> Handover:
        """Have a line run as its tier demands, or only show what would be run; return the result from the command.

        A single word is a line; several are a program and its arguments. `yes` agrees to lines up to tier 3. Raises
        PermissionDenied where nobody has agreed, InvalidParams for a line that nothing can run.
        """
        from isaacd.plans.dialogue import Dialogue
        from isaacd.plans.errand import Errand

        dialogue = Dialogue(self._desk, self._caller, self._person)
        return await Errand(dialogue, self._person).run(given, yes=yes, dry_run=dry_run)

    def show(self, plan: Plan) -> PlanCard:
        """Issue a token for a plan, and show both."""
        return self._desk.show(plan)

    def approve(self, token: str, *, yes: bool = False, phrase: str | None = None) -> Released:
        """Release a plan, once.

        Raises PermissionDenied where the token or the consent is not enough, ContentModified, with a fresh plan as its
        `detail`, where the line is not judged as it was any more.
        """
        return self._desk.approve(token, self._caller, yes=yes, phrase=phrase)

    async def offer(self, line: str, *, about: str = "", explain: Explain | None = None) -> Handover | None:
        """Show a line that somebody or something has made up, and let the person run, edit, explain or cancel it.

        `about` is a sentence to show above it. `explain` returns the text for whoever asks what the line does; without
        it the reasons for its tier have to do. Return the Handover from the command to have the line executed. None
        says that nothing is to be run: it was cancelled, or there is no person at a terminal; then the line was only
        shown, on standard output, and its tier and reasons on standard error. An edited line is routed and judged anew.
        """
        from isaacd.plans.dialogue import Dialogue

        return await Dialogue(self._desk, self._caller, self._person).offer(
            line, about=about, explain=explain
        )
