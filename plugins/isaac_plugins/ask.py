"""Ask a question, and see where the answer comes from."""

from collections.abc import AsyncGenerator
from typing import Annotated

from isaacd.api import Answer, Context, InvalidParams, Message, Option, Plugin, Terminal, TextDelta, Words

plugin = Plugin("ask", summary="Ask a question.", version="1")


def _source(answer: Answer, terminal: Terminal) -> str:
    """Say where the answer comes from, under it; output that is piped on is the answer and nothing else."""
    if not terminal.stdout:
        return ""
    source = f"{answer.provider}/{answer.model}"
    if answer.offline:
        source = f"offline answer from {answer.provider}"
        source += f" ({answer.chosen})" if answer.chosen.startswith("no ") else ""
    took = f"{answer.elapsed_ms / 1000:.1f} s" if answer.elapsed_ms >= 100 else f"{answer.elapsed_ms:.0f} ms"
    cut = ", cut short: the model's limit was reached" if answer.finish_reason == "length" else ""
    line = f"{source}, {took}{cut}"
    # The model's name is what a server says; a terminal must not obey it.
    return terminal.style("".join(char for char in line if char.isprintable()), 2)


@plugin.command(view=_source)
async def ask(
    context: Context,
    question: Annotated[str, Words("The question; quotes are not needed.")] = "",
    *,
    model: Annotated[str | None, Option("The model to ask, or PROVIDER/MODEL.", short="m")] = None,
    provider: Annotated[
        str | None, Option("The provider to ask, as config.toml calls it.", short="p")
    ] = None,
    system: Annotated[
        str | None, Option("Instructions for the model, instead of the usual ones.", short="s")
    ] = None,
) -> AsyncGenerator[str | Answer, None]:
    """Ask a question.

    What is piped in goes along with the question, or is the question. Without a configured AI provider the answer
    comes from what Isaac knows offline.

    Examples:
        isaacctl ask find files larger than 100 MB under /var
        git diff | isaacctl ask "explain this"
        isaacctl ask --model ollama/llama3.2 "what does umask 027 do?"
    """
    piped = (await context.read_input() or "").strip()
    question = question.strip()
    content = f"{question}\n\n{piped}" if question and piped else question or piped
    if not content:
        raise InvalidParams("there is no question", hint='try: isaacctl ask "how do I list open ports?"')
    messages = [Message("user", content)]
    if system is not None:
        messages.insert(0, Message("system", system))
    async with context.ai.stream(messages, model=model, provider=provider) as stream:
        async for piece in stream:
            if isinstance(piece, TextDelta):
                yield piece.text
        if stream.answer is not None:
            yield stream.answer
