"""Ask AI providers from a program: conversations, or many at once."""

from collections.abc import AsyncGenerator
from typing import Annotated

import msgspec

from isaacd.api import (
    Answer,
    Argument,
    Asking,
    Context,
    Effort,
    IsaacError,
    Message,
    Option,
    OutputSchema,
    Plugin,
    ReasoningDelta,
    Strategy,
    TextDelta,
    Tool,
    ToolCall,
    Use,
)

plugin = Plugin("ai", version="1", capabilities=("ask",))

Conversation = str | list[Message]


class Failed(msgspec.Struct, frozen=True):
    """A question of a batch that was not answered."""

    code: int
    name: str
    message: str
    hint: str | None = None
    retryable: bool = False
    retry_after_ms: int | None = None


class Result(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of one question of a batch: an answer or an error."""

    answer: Answer | None = None
    error: Failed | None = None


@plugin.command(scope="ask")
async def chat(
    context: Context,
    messages: Annotated[Conversation, Argument("The conversation, or one question.")],
    *,
    model: Annotated[str | None, Option("The model to ask, PROVIDER/MODEL, or an alias.")] = None,
    provider: Annotated[str | None, Option("The provider to ask.")] = None,
    providers: Annotated[list[str] | None, Option("Several providers, asked as the strategy says.")] = None,
    strategy: Annotated[Strategy | None, Option("How several providers are asked.")] = None,
    temperature: Annotated[float | None, Option("How freely the model may choose its words: 0 to 2.")] = None,
    max_tokens: Annotated[int | None, Option("The most tokens of an answer.")] = None,
    stop: Annotated[list[str], Option("Texts at which the answer ends.")] = [],  # noqa: B006 - copied for each call
    tools: Annotated[list[Tool], Option("Tools that the model may ask for; the caller runs them.")] = [],  # noqa: B006
    tool_choice: Annotated[str, Option("auto, none, required, or the name of a tool.")] = "auto",
    schema: Annotated[OutputSchema | None, Option("The JSON Schema that the answer has to keep.")] = None,
    effort: Annotated[Effort | None, Option("How hard a model that reasons should think.")] = None,
    conversation: Annotated[
        str | None, Option("A name under which the provider keeps its prompt cache together.")
    ] = None,
    cheap: Annotated[bool, Option("Whether a simple question may go to `ai.cheap_model`.")] = True,
    use: Annotated[Use, Option("Of the cache: normal, none, refresh (written only) or only.")] = "normal",
    ttl_s: Annotated[float | None, Option("Seconds to keep the answer; 0 keeps it not at all.")] = None,
) -> AsyncGenerator[str | Answer, None]:
    """Continue a conversation.

    Over the socket the text comes as `delta` events, what the model thinks aloud as `reasoning`, and the tools that
    it wants called as `tool_call`. With `providers` and `strategy` the providers are asked in order (fallback), with
    a delay (hedge) or at once (race).

    Examples:
        isaacctl ai chat "why is the sky blue?" --model fast
        isaacctl ai chat '[{"role": "user", "content": "hi"}]' --providers anthropic --providers xai
    """
    asking = Asking(
        model=model,
        provider=provider,
        providers=tuple(providers) if providers is not None else None,
        strategy=strategy,
        temperature=temperature,
        max_tokens=max_tokens,
        stop=tuple(stop),
        tools=tuple(tools),
        tool_choice=tool_choice,
        schema=schema,
        effort=effort,
        conversation=conversation,
        cheap=cheap,
        use=use,
        ttl_s=ttl_s,
    )
    async with context.answers.stream(messages, asking) as stream:
        async for piece in stream:
            if isinstance(piece, TextDelta):
                yield piece.text
            elif isinstance(piece, ReasoningDelta):
                await context.emit("reasoning", piece.text)
            elif isinstance(piece, ToolCall):
                await context.emit(
                    "tool_call", {"id": piece.id, "name": piece.name, "arguments": piece.arguments}
                )
        if stream.answer is not None:
            yield stream.answer


@plugin.command(scope="ask")
async def batch(
    context: Context,
    requests: Annotated[list[Conversation], Argument("Questions or conversations.")],
    *,
    model: Annotated[str | None, Option("The model to ask, PROVIDER/MODEL, or an alias.")] = None,
    provider: Annotated[str | None, Option("The provider to ask.")] = None,
    providers: Annotated[list[str] | None, Option("Several providers, asked as the strategy says.")] = None,
    strategy: Annotated[Strategy | None, Option("How several providers are asked.")] = None,
    temperature: Annotated[float | None, Option("How freely the model may choose its words: 0 to 2.")] = None,
    max_tokens: Annotated[int | None, Option("The most tokens of an answer.")] = None,
    schema: Annotated[OutputSchema | None, Option("The JSON Schema that the answer has to keep.")] = None,
    effort: Annotated[Effort | None, Option("How hard a model that reasons should think.")] = None,
    use: Annotated[Use, Option("Of the cache: normal, none, refresh (written only) or only.")] = "normal",
    concurrency: Annotated[int | None, Option("The most that are under way at once.")] = None,
) -> list[Result]:
    """Answer many questions at once; the results come in the order of the questions.

    One that fails does not touch the others. For files, and for what must survive a crash, there is `isaacctl batch`.

    Examples:
        isaacctl ai batch "what is 2+2?" "what is 3+3?" --json
    """
    asking = Asking(
        model=model,
        provider=provider,
        providers=tuple(providers) if providers is not None else None,
        strategy=strategy,
        temperature=temperature,
        max_tokens=max_tokens,
        schema=schema,
        effort=effort,
        use=use,
        lane="batch",
    )
    limit = concurrency or context.config.batch.concurrency
    done = 0

    async def tell(_: Answer | IsaacError) -> None:
        nonlocal done
        done += 1
        await context.progress(done, len(requests), "answered")

    answers = await context.answers.batch(requests, asking, limit=limit, on_done=tell)
    return [
        Result(
            error=Failed(item.code, item.name, item.message, item.hint, item.retryable, item.retry_after_ms)
        )
        if isinstance(item, IsaacError)
        else Result(answer=item)
        for item in answers
    ]
