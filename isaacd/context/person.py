"""The person at a request's caller, as the talk about a plan needs them."""

from isaacd.context.one_request import OneRequest


class TheCaller:
    """Whoever sits at the terminal of a request's caller."""

    def __init__(self, request: OneRequest) -> None:
        self._request = request

    @property
    def is_there(self) -> bool:
        """Whether a person could be asked: one of the streams is a terminal, or the client shows questions by itself."""
        tty = self._request.meta.tty
        return tty is None or tty.stdin or tty.stdout or tty.stderr

    async def choose(self, text: str) -> str | None:
        """Show `text` on the terminal itself and return the line that is typed; None if nobody answers in time."""
        return await self._request.choose(text)

    async def edit(self, prompt: str, text: str) -> str | None:
        """Have a line edited; None if it is given up."""
        return await self._request.ask_line(prompt, text=text)

    async def note(self, text: str) -> None:
        """Write lines to standard error."""
        await self._request.emit("log", text)

    @property
    def patience_s(self) -> float:
        """How long an AI may take to say what it thinks of a line; 0 asks none."""
        run = self._request.config.run
        return run.explain_timeout_s if run.explain else 0.0

    async def ask(self, question: str) -> tuple[str, str] | None:
        """Ask the AI that is configured: its name and its answer; None if there are only the offline answers."""
        from isaacd.ai.choice import OFFLINE
        from isaacd.answers.answers import Answers
        from isaacd.answers.asking import Asking
        from isaacd.errors import NotFound

        request = self._request
        # The house asks here, about a line that is to be run: no plugin need be allowed to.
        router = request.services.router(request.config, request.environ, request.caller)
        try:
            choice = router.choose()
        except NotFound:
            return None
        if choice.config.kind == OFFLINE:
            return None
        await request.emit("progress", {"done": 0, "label": f"asking {choice.provider} what it does"})
        answers = Answers(router, request.services.shelf, request.config.cache, clock=request.clock)
        answer = await answers.chat(question, Asking(max_tokens=400, effort="low"))
        return answer.provider, answer.text

    async def write(self, text: str) -> None:
        """Write text to standard output."""
        await self._request.emit("delta", text)
