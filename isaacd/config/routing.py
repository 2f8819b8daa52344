"""The keys under `[routing]`: what becomes of a line that is typed."""

from typing import Annotated

from msgspec import Meta, Struct

from isaacd.config.about import about


class RoutingRuleConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """A rule of your own about whole lines: `[routing.rules.NAME]`, with one of `run`, `ask` and `refuse`."""

    pattern: Annotated[
        str, Meta(min_length=1, description="The lines it is about; one `*` stands for anything.")
    ] = "*"
    run: Annotated[
        str | None,
        about("The line that is run instead; its `*` is what stood there.", "make deploy TARGET=*"),
    ] = None
    ask: Annotated[bool, Meta(description="Whether what stands at the `*` is a question.")] = False
    refuse: Annotated[
        str | None, about("Why such a line is not run.", "production is deployed by the release job")
    ] = None


class RunConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """How a line is agreed to before it runs."""

    explain: Annotated[
        bool,
        Meta(
            description="Whether an AI that is configured is asked what a line of tier 3 or 4 does, before you are. It is sent the line, without secrets."
        ),
    ] = True
    explain_timeout_s: Annotated[
        float, Meta(gt=0, le=120, description="Seconds that you wait for that at most.")
    ] = 8.0


class RoutingConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """What becomes of a line that is typed."""

    aliases: Annotated[
        dict[str, str],
        about(
            "Names of your own for the beginning of a line.",
            {"gs": "git status --short", "today": "/usage --since today"},
            expected="text",
        ),
    ] = {}
    rules: Annotated[
        dict[str, RoutingRuleConfig],
        about("Rules of your own, asked in this order.", "deploy"),
    ] = {}
    translate: Annotated[
        bool,
        Meta(description="Whether commands of PowerShell and cmd are said in the words of this system."),
    ] = True
    autocorrect: Annotated[
        bool,
        Meta(
            description="Whether a mistyped line is corrected unasked where that is beyond doubt and only reads; you are told."
        ),
    ] = False
