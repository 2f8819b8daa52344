"""Ask a question, and see where the answer comes from."""

from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from isaacd.api import (
    Answer,
    Asking,
    Attachment,
    Context,
    Effort,
    Hit,
    InvalidParams,
    Message,
    Option,
    OutputSchema,
    Plugin,
    ProviderUnavailable,
    Strategy,
    Terminal,
    TextDelta,
    Tool,
    Use,
    Words,
)

if TYPE_CHECKING:
    from isaacd.api import PieceStream

plugin = Plugin("ask", summary="Ask a question.", version="1", capabilities=("ask",))

_CUT_SHORT = {
    "length": ", cut short: the model's limit was reached",
    "tool_calls": ", cut short: it wanted more tools than it may have",
    "content_filter": ", cut short: the provider's filter held back the rest",
}
_MAX_SCHEMA_BYTES = 1024 * 1024
_SHOWN_CHARS = 2000


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
    spent = f", ${answer.cost_usd:.4f}" if answer.cost_usd else ""
    failed = [call.provider for call in answer.attempts if call.outcome not in ("ok", "cancelled")]
    before = f", after {', '.join(dict.fromkeys(failed))} had failed" if failed else ""
    why = f" ({answer.chosen})" if "ai.cheap_model" in answer.chosen and answer.hit is None else ""
    cut = _CUT_SHORT.get(answer.finish_reason, "")
    line = f"{source}{why}, {took}{spent}{before}{cut}"
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


@plugin.command(view=_source, scope="ask")
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
    attach: Annotated[list[Path], Option("A picture, a PDF or a text that goes along.", short="a")] = [],  # noqa: B006
    schema: Annotated[
        str | dict[str, Any] | None, Option("JSON Schema that the answer has to keep: a file, or the JSON.")
    ] = None,
    tools: Annotated[bool, Option("Let the model call Isaac's tools; `isaacctl tools` lists them.")] = False,
    tool: Annotated[list[str], Option("Let it call these only, such as `knowledge.*`.", short="t")] = [],  # noqa: B006
    effort: Annotated[Effort | None, Option("How hard a model that reasons should think.")] = None,
    temperature: Annotated[float | None, Option("How freely it may choose its words: 0 to 2.")] = None,
    max_tokens: Annotated[int | None, Option("The most tokens of the answer.", name="max-tokens")] = None,
    stop: Annotated[list[str], Option("A text at which the answer ends.")] = [],  # noqa: B006
    fallback: Annotated[
        str | None, Option("Providers to ask in this order, after --provider, such as `openai,local`.")
    ] = None,
    strategy: Annotated[Strategy | None, Option("How several providers are asked.")] = None,
    cheap: Annotated[
        bool, Option("With --no-cheap, never take `ai.cheap_model`, simple as it may be.")
    ] = True,
) -> AsyncGenerator[str | Answer, None]:
    """Ask a question.

    What is piped in goes along with the question, or is the question. Without a configured AI provider the answer
    comes from what Isaac knows offline.

    Examples:
        isaacctl ask find files larger than 100 MB under /var
        git diff | isaacctl ask "explain this"
        isaacctl ask --model ollama/llama3.2 "what does umask 027 do?"
        isaacctl ask --refresh "explain: tar xzf notes.tgz"
        isaacctl ask --attach plot.png "what does this plot show?"
        isaacctl ask --tools "how do I list open ports here?"
    """
    content = await _content(context, question)
    if not content:
        raise InvalidParams("there is no question", hint='try: isaacctl ask "how do I list open ports?"')
    asking = Asking(
        model=model,
        provider=provider if fallback is None else None,
        providers=None if fallback is None else _providers(provider, fallback),
        strategy=strategy,
        temperature=_temperature(temperature),
        max_tokens=_max_tokens(max_tokens),
        stop=tuple(stop),
        schema=await _schema(context, schema),
        effort=effort,
        cheap=cheap,
        use=_use(cache=cache, refresh=refresh, cache_only=cache_only),
        ttl_s=_ttl(ttl),
    )
    messages = [Message("user", content, attachments=await _attachments(attach))]
    if system is not None:
        messages.insert(0, Message("system", system))
    patterns = tool if tool or not tools else ["*"]
    async with _stream(context, messages, asking, patterns) as stream:
        async for piece in stream:
            # JSON is shown once it is whole and right; the half of it is of no use to a program.
            if isinstance(piece, TextDelta) and asking.schema is None:
                yield piece.text
        if stream.answer is not None and asking.schema is not None:
            answer = _checked(stream.answer, getattr(stream, "last_text", stream.answer.text), asking.schema)
            yield f"{answer.text}\n"
            yield answer
        elif stream.answer is not None:
            await _tell(context, stream.answer)
            yield stream.answer


async def _tell(context: Context, answer: Answer) -> None:
    """Say why an answer is not what it seems, where the line under it is not shown."""
    cut = _CUT_SHORT.get(answer.finish_reason)
    if cut is None:
        return
    if not answer.text.strip():
        raise ProviderUnavailable(
            f"{answer.provider} gave no answer{cut}", hint="ask in other words, or another model with --model"
        )
    if not context.terminal.stdout:
        await context.emit("log", f"the answer of {answer.provider} is not whole{cut}")


async def _content(context: Context, question: str) -> str:
    piped = (await context.read_input() or "").strip()
    question = question.strip()
    return f"{question}\n\n{piped}" if question and piped else question or piped


def _stream(context: Context, messages: list[Message], asking: Asking, patterns: list[str]) -> "PieceStream":
    """Ask, with the tools that the patterns name."""
    if not patterns:
        return context.answers.stream(messages, asking)
    if asking.use == "only":
        raise InvalidParams("what tools tell is never kept: --cache-only excludes --tools and --tool")
    from isaacd.api import ToolLoop

    asking = msgspec.structs.replace(asking, use="none")

    def ask_once(turns: Sequence[Message], tools: tuple[Tool, ...], tool_choice: str) -> "PieceStream":
        chosen = msgspec.structs.replace(asking, tools=tools, tool_choice=tool_choice)
        return context.answers.stream(turns, chosen)

    return ToolLoop(
        ask_once,
        messages,
        context.toolbox.open(context, patterns),
        max_rounds=context.config.tools.max_rounds,
        clock=context.clock,
        say=lambda text: context.emit("log", text),
    )


async def _attachments(paths: list[Path]) -> tuple[Attachment, ...]:
    if not paths:
        return ()
    from isaacd.api import read_attachments

    return await read_attachments(paths)


async def _schema(context: Context, given: str | dict[str, Any] | None) -> OutputSchema | None:
    """Return the schema that was given as JSON, or that the file of this name holds."""
    if isinstance(given, str):
        from isaacd.api import read_json

        given = await read_json((context.cwd or Path("/")) / given, _MAX_SCHEMA_BYTES)
        if not isinstance(given, dict):
            raise InvalidParams('--schema must be a JSON object, such as {"type": "object", ...}')
    return None if given is None else OutputSchema(schema=given)


def _checked(answer: Answer, text: str, schema: OutputSchema) -> Answer:
    """Return the answer as the JSON that it was to be; raises ProviderUnavailable if it is not."""
    from isaacd.api import complaint, unfenced

    text = unfenced(text)
    wrong = complaint(text, schema)
    if wrong is not None:
        raise ProviderUnavailable(
            f"the answer of {answer.provider} does not keep the schema: {wrong}",
            hint="ask again, or a model that supports schemas; --json shows the answer",
            detail={"answer": text[:_SHOWN_CHARS]},
        )
    return msgspec.structs.replace(answer, text=text)


def _providers(provider: str | None, fallback: str) -> tuple[str, ...]:
    names = [name.strip() for name in fallback.split(",")]
    if not all(names):
        raise InvalidParams(
            "--fallback takes names of providers with commas between them, such as openai,local"
        )
    return tuple(dict.fromkeys([provider, *names] if provider else names))


def _temperature(temperature: float | None) -> float | None:
    if temperature is not None and not 0 <= temperature <= 2:
        raise InvalidParams("--temperature must lie between 0 and 2")
    return temperature


def _max_tokens(max_tokens: int | None) -> int | None:
    if max_tokens is not None and max_tokens < 1:
        raise InvalidParams("--max-tokens must be 1 or more")
    return max_tokens


def _use(*, cache: bool, refresh: bool, cache_only: bool) -> Use:
    if (not cache) + refresh + cache_only > 1:
        raise InvalidParams("--no-cache, --refresh and --cache-only exclude each other")
    return "none" if not cache else "refresh" if refresh else "only" if cache_only else "normal"


def _ttl(ttl: float | None) -> float | None:
    if ttl is not None and not ttl >= 0:
        raise InvalidParams("--ttl is a number of seconds, 0 or more")
    return ttl
