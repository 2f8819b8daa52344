"""What shells ask while a line is typed: `isaacctl shell-init` has the other end."""

from typing import Annotated

from isaacd.api import Argument, Context, Plugin

plugin = Plugin("shell", summary="Answer shells that `isaacctl shell-init` is in.", version="1")

_DEMANDS = {
    "nothing": "",
    "notice": "it can be taken back",
    "confirmation": "it changes files",
    "reasons": "it reaches further",
    "phrase": "it destroys",
}


@plugin.command(scope="run:confirm")
def line(context: Context, text: Annotated[str, Argument("The line as it is typed so far.")]) -> str:
    """Say what could be made of a line, for the key of a shell.

    The first line of the answer is `replace`, `suggest` (what follows is a question) or `same`; the second one is for
    the person, and may be empty; the rest is the line, or the question.

    Examples:
        isaacctl shell line 'gti status'
    """
    route = context.route(text)
    if route.question:
        return f"suggest\nisaac: {_one_line(route.question)}\n{route.question}"
    correction = route.correction
    if correction is not None:
        return f"replace\nisaac: {_one_line(correction.why)}\n{correction.line}"
    if route.kind == "refused":
        return f"same\nisaac: {_one_line(route.because)}\n{text}"
    if route.line.strip() != text.strip() and route.kind in ("shell", "builtin"):
        return f"replace\nisaac: {_one_line(route.because)}\n{route.line}"
    verdict = route.verdict
    if verdict is None:
        return f"same\nisaac: {_one_line(route.because)}\n{text}"
    reasons = (
        "; ".join(dict.fromkeys(reason.text for reason in verdict.reasons)) or _DEMANDS[verdict.tier.demand]
    )
    return f"same\nisaac: tier {verdict.tier.label}: {_one_line(reasons)}\n{text}"


@plugin.command(scope="run:confirm")
def missing(
    context: Context,
    words: Annotated[list[str], Argument("The command that does not exist, and its arguments.")],
) -> str:
    """Say what may have been meant by a command that does not exist; nothing if nobody knows.

    Examples:
        isaacctl shell missing gti status
    """
    correction = context.route(" ".join(words)).correction
    return "" if correction is None else f"isaac: did you mean: {_one_line(correction.line)}"


def _one_line(text: str) -> str:
    return "".join(char if char.isprintable() else "\ufffd" for char in " ".join(text.split()))
