"""Ask a question, and see where the answer comes from."""

from collections.abc import AsyncGenerator
from typing import Annotated

from isaacd.api import (
    Answer,
    Asking,
    Context,
    Hit,
    InvalidParams,
    Message,
    Option,
    Plugin,
    Terminal,
    TextDelta,
    Use,
    Words,
)

plugin = Plugin("ask", summary="Ask a question.", version="1")


def _source(answer: Answer, terminal: Terminal) -> str:
    """Say where the answer comes from, under it; output that is piped on is the answer and nothing else."""
    if not terminal.stdout:
        return ""
    source = f"{answer.provider}/{answer.model}"
    if answer.offline:
        source = f"offline answer from {answer.provider}"
        source += f" ({answer.chosen})" if answer.chosen.startswith("no ") else ""
    if answer.hit is not None and answer.hit.kind == "knowledge":
        source = f"answered offline, {answer.provider} knows every word of it (--refresh asks an AI)"
    elif answer.hit is not None:
        source = f"{source}, {_cached(answer.hit)}"
    took = f"{answer.elapsed_ms / 1000:.1f} s" if answer.elapsed_ms >= 100 else f"{answer.elapsed_ms:.0f} ms"
    cut = ", cut short: the model's limit was reached" if answer.finish_reason == "length" else ""
    line = f"{source}, {took}{cut}"
    # The model's name is what a server says; a terminal must not obey it.
    return terminal.style("".join(char for char in line if char.isprintable()), 2)


def _cached(hit: Hit) -> str:
    """Say how an answer came without asking: cached (exact, 3 h old, saved 2.1 s and $0.0004)."""
    saved = []
    if hit.saved_ms >= 100:
        saved.append(f"{hit.saved_ms / 1000:.1f} s")
    if hit.saved_usd is not None:
        saved.append(f"${hit.saved_usd:.4f}")
    elif hit.saved_tokens:
        saved.append(f"{hit.saved_tokens} tokens")
    parts = [hit.kind, f"{_age(hit.age_s)} old"]
    return f"cached ({', '.join(parts)}{', saved ' + ' and '.join(saved) if saved else ''})"


def _age(age_s: float) -> str:
    for size_s, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if age_s >= size_s:
            return f"{age_s / size_s:.0f} {unit}"
    return f"{age_s:.0f} s"


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
    cache: Annotated[bool, Option("With --no-cache, ask anew and keep nothing.")] = True,
    refresh: Annotated[bool, Option("Ask anew, and keep the new answer.")] = False,
    cache_only: Annotated[
        bool, Option("Ask nobody: give the kept answer, or fail.", name="cache-only")
    ] = False,
    ttl: Annotated[float | None, Option("Seconds to keep the answer; 0 keeps it not at all.")] = None,
) -> AsyncGenerator[str | Answer, None]:
    """Ask a question.

    What is piped in goes along with the question, or is the question. Without a configured AI provider the answer
    comes from what Isaac knows offline.

    Examples:
        isaacctl ask find files larger than 100 MB under /var
        git diff | isaacctl ask "explain this"
        isaacctl ask --model ollama/llama3.2 "what does umask 027 do?"
        isaacctl ask --refresh "explain: tar xzf notes.tgz"
    """
    piped = (await context.read_input() or "").strip()
    question = question.strip()
    content = f"{question}\n\n{piped}" if question and piped else question or piped
    if not content:
        raise InvalidParams("there is no question", hint='try: isaacctl ask "how do I list open ports?"')
    messages = [Message("user", content)]
    if system is not None:
        messages.insert(0, Message("system", system))
    asking = Asking(
        model=model,
        provider=provider,
        use=_use(cache=cache, refresh=refresh, cache_only=cache_only),
        ttl_s=_ttl(ttl),
    )
    async with context.answers.stream(messages, asking) as stream:
        async for piece in stream:
            if isinstance(piece, TextDelta):
                yield piece.text
        if stream.answer is not None:
            yield stream.answer


def _use(*, cache: bool, refresh: bool, cache_only: bool) -> Use:
    if (not cache) + refresh + cache_only > 1:
        raise InvalidParams("--no-cache, --refresh and --cache-only exclude each other")
    return "none" if not cache else "refresh" if refresh else "only" if cache_only else "normal"


def _ttl(ttl: float | None) -> float | None:
    if ttl is not None and not ttl >= 0:
        raise InvalidParams("--ttl is a number of seconds, 0 or more")
    return ttl
