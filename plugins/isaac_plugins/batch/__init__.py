"""Ask many questions at once, from a file or a pipe, and go on where it stopped."""

from pathlib import Path
from typing import Annotated

import msgspec

from isaac_plugins.batch.view import counted, handed_over, listed, one, summed
from isaacd.api import (
    Argument,
    Asking,
    BatchCard,
    BatchForm,
    BatchLayout,
    BatchRunning,
    BatchSummary,
    BatchWishes,
    Context,
    Incomplete,
    InvalidParams,
    Option,
    Plugin,
    Terminal,
)

plugin = Plugin("batch", summary="Ask many questions at once.", version="1", capabilities=("ask",))

_MAX_TEMPLATE_BYTES = 1024 * 1024
_Batch = Annotated[str, Argument("A batch, by its name or the beginning of that.")]


class Done(msgspec.Struct, frozen=True):
    """What a command did, as a count and in words."""

    count: int
    text: str


def _nothing(_: object, __: Terminal) -> str:
    """Print nothing: the rows have been written, and the rest was said on standard error."""
    return ""


def _done(done: Done, _: Terminal) -> str:
    return done.text


@plugin.command(view=_nothing)
async def batch(
    context: Context,
    file: Annotated[
        Path | None,
        Argument("The prompts: .jsonl, .csv, .tsv or one a line; - or nothing is standard input."),
    ] = None,
    *,
    prompt: Annotated[list[str] | None, Option("A prompt, instead of a file.")] = None,
    form: Annotated[
        BatchForm | None, Option("What the input is, if its name does not tell.", name="format")
    ] = None,
    template: Annotated[
        str | None,
        Option("A prompt made of columns, such as 'Translate {text} to {lang}'; @FILE reads it.", short="t"),
    ] = None,
    system: Annotated[str | None, Option("Instructions for the model in every row.", short="s")] = None,
    model: Annotated[str | None, Option("The model to ask, or PROVIDER/MODEL.", short="m")] = None,
    provider: Annotated[str | None, Option("The provider to ask.", short="p")] = None,
    temperature: Annotated[float | None, Option("How much the answers may vary; 0 is least.")] = None,
    max_tokens: Annotated[int | None, Option("The most tokens of an answer.")] = None,
    concurrency: Annotated[
        int | None, Option("The most rows under way at once; else batch.concurrency.", short="j")
    ] = None,
    as_completed: Annotated[
        bool, Option("Write answers as they come, not in the order of the rows.")
    ] = False,
    output: Annotated[BatchLayout, Option("How answers are written.", short="o")] = "jsonl",
    echo: Annotated[bool, Option("Repeat each prompt in its row.")] = False,
    cache: Annotated[bool, Option("With --no-cache, ask anew and keep nothing for other questions.")] = True,
    fresh: Annotated[bool, Option("Begin anew, and forget the answers of earlier runs.")] = False,
    retry_failed: Annotated[bool, Option("Ask the rows again that failed in an earlier run.")] = False,
    deferred: Annotated[
        bool, Option("Hand the batch over to the provider's own batch interface: slower and cheaper.")
    ] = False,
    resubmit: Annotated[
        bool, Option("With --deferred: hand over again what the provider may not have got.")
    ] = False,
) -> BatchSummary | BatchCard:
    """Ask many questions at once.

    The answers are JSON Lines on standard output, in the order of the rows. Each is kept as soon as it is there: after
    Ctrl-C or a crash the same command goes on where it stopped and pays for nothing twice. A row may name its own
    `id`, `model` and `system`. The exit code is 1 if any row failed.

    Examples:
        isaacctl batch prompts.jsonl > answers.jsonl
        isaacctl batch words.csv --template 'Translate {text} to {lang}' > answers.jsonl
        cut -f2 titles.tsv | isaacctl batch --system "Answer with one word." -o text
        isaacctl batch prompts.jsonl --retry-failed > answers.jsonl
        isaacctl batch prompts.jsonl --deferred
    """
    desk = context.batches
    wishes = BatchWishes(
        model=model,
        provider=provider,
        temperature=temperature,
        max_tokens=max_tokens,
        system=system,
        template=_template(context, template),
    )
    source = desk.source(file, prompt or [])
    if deferred:
        card = await desk.deferred.submit(
            source, wishes, form=form, fresh=fresh, retry_failed=retry_failed, resubmit=resubmit
        )
        await context.emit("log", handed_over(card))
        return card
    if resubmit:
        raise InvalidParams("--resubmit is for --deferred")
    running = BatchRunning(
        concurrency=_positive(concurrency) or context.config.batch.concurrency,
        ordered=not as_completed,
        fresh=fresh,
        retry_failed=retry_failed,
        echo=echo,
        layout=output,
    )
    asking = Asking(
        model=model,
        provider=provider,
        temperature=temperature,
        max_tokens=max_tokens,
        use="normal" if cache else "none",
        lane="batch",
    )
    # A program that asked without a file may not have asked for events either.
    collect = bool(prompt) and context.meta.tty is None
    summary = await desk.run(source, wishes, running, form=form, asking=asking, collect=collect)
    await context.emit("log", summed(summary))
    if summary.failed and not collect:
        raise Incomplete(
            f"{summary.failed:,} of {counted(summary.total, 'row')} failed",
            hint="their rows say why; the same command with --retry-failed asks them again",
            detail=msgspec.to_builtins(summary),
        )
    return summary


def _template(context: Context, template: str | None) -> str | None:
    if template is None or not template.startswith("@"):
        return template
    path = (context.cwd or Path("/")) / template[1:]
    try:
        with path.open("rb") as file:
            return file.read(_MAX_TEMPLATE_BYTES).decode().removesuffix("\n")
    except OSError as error:
        raise InvalidParams(f"cannot read the template {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InvalidParams(f"the template {path} is not text in UTF-8") from None


def _positive(concurrency: int | None) -> int | None:
    if concurrency is not None and not 1 <= concurrency <= 10_000:
        raise InvalidParams("--concurrency is a number from 1 to 10000")
    return concurrency


@plugin.command(name="list", view=listed)
async def list_(context: Context) -> list[BatchCard]:
    """List the batches that are remembered, the newest first, as last seen.

    Examples:
        isaacctl batch list
        isaacctl batch list --json
    """
    return await context.batches.store.cards()


@plugin.command(view=one)
async def show(context: Context, batch: _Batch) -> BatchCard:
    """Show a batch as last seen; nobody is asked.

    Examples:
        isaacctl batch show 3f9a
    """
    return await context.batches.store.card(batch)


@plugin.command(view=_done)
async def forget(
    context: Context,
    batch: _Batch,
    *,
    force: Annotated[bool, Option("Even if a provider still works on it and will charge it.")] = False,
) -> Done:
    """Delete what is kept of a batch.

    Examples:
        isaacctl batch forget 3f9a
    """
    card = await context.batches.store.card(batch)
    working = sum(job.state in ("working", "ended", "unknown") for job in card.jobs)
    if working and not force:
        raise InvalidParams(
            f"{counted(working, 'job')} of this batch may still be charged, and the answers would be lost",
            hint=f"isaacctl batch cancel {card.id} asks for that to stop; --force forgets the batch anyway",
        )
    await context.batches.deferred.forget(card.id)
    return Done(card.rows, f"forgot batch {card.id} with {counted(card.rows, 'answer')}")


@plugin.command(view=one)
async def status(context: Context, batch: _Batch) -> BatchCard:
    """Ask the provider how far a deferred batch is, and fetch what is done.

    Examples:
        isaacctl batch status 3f9a
    """
    return await context.batches.deferred.look(batch)


@plugin.command(view=one)
async def wait(context: Context, batch: _Batch) -> BatchCard:
    """Wait until a provider is done with a deferred batch; Ctrl-C stops the waiting, not the batch.

    Examples:
        isaacctl batch wait 3f9a
    """
    return await context.batches.deferred.wait(batch, context.config.batch.poll_s)


@plugin.command(view=_nothing)
async def collect(
    context: Context,
    batch: _Batch,
    *,
    output: Annotated[BatchLayout, Option("How answers are written.", short="o")] = "jsonl",
    partial: Annotated[bool, Option("Write what is there, although some is missing.")] = False,
) -> Done:
    """Write the answers of a batch in the order of its rows; as often as you like, until it is forgotten.

    Examples:
        isaacctl batch collect 3f9a > answers.jsonl
    """
    card = await context.batches.store.card(batch)
    if any(job.state in ("working", "ended") for job in card.jobs):
        card = await context.batches.deferred.look(card.id)
    working = sum(job.state in ("working", "ended") for job in card.jobs)
    if working and not partial:
        raise Incomplete(
            f"{working} of {counted(len(card.jobs), 'job')} {'is' if working == 1 else 'are'} not done yet",
            hint=f"isaacctl batch wait {card.id} waits; --partial writes what is there",
        )
    count = await context.batches.answers(card.id, output)
    if card.failed:
        raise Incomplete(f"{card.failed:,} of {counted(count, 'row')} failed", hint="their rows say why")
    return Done(count, counted(count, "row"))


@plugin.command(view=one)
async def cancel(context: Context, batch: _Batch) -> BatchCard:
    """Ask the provider to stop working on a deferred batch; what it has done is kept, and charged.

    Examples:
        isaacctl batch cancel 3f9a
    """
    return await context.batches.deferred.cancel(batch)
