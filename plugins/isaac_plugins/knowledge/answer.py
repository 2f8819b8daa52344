"""Words the answer: candidates for programs, and plain text for people."""

from collections.abc import Iterator

from isaac_plugins.knowledge.ranking import Answer, Hit

OFFLINE = "This is an offline answer from Isaac's own knowledge; no AI provider was asked. Check a command before you run it."
NOTHING = (
    "I know no command for that. Without an AI provider I only look things up in a cookbook of shell tasks, in tldr"
    " pages and in this machine's manual.\n"
    "For real answers, configure a provider (isaacctl config edit); to look up more commands, fetch the tldr pages"
    " (isaacctl knowledge update)."
)


def source(hit: Hit) -> str:
    """Name the place that a hit comes from."""
    return "cookbook" if hit.source == "cookbook" else f"{hit.source} {hit.name}"


def description(hit: Hit) -> str:
    """Say what the command does, what has to be put in, and what was assumed."""
    about = hit.about.strip()
    text = about if not about or about.endswith((".", "!", "?")) else f"{about}."
    if hit.missing:
        text += f" Put in your own {_and(hit.missing)}."
    if hit.assumed:
        text += f" Assumed: {', '.join(f'`{word}`' for word in hit.assumed)}."
    return text


def level(confidence: float) -> str:
    """Say a confidence in a word."""
    return "high" if confidence >= 0.8 else "medium" if confidence >= 0.5 else "low"


def text(answer: Answer) -> Iterator[str]:
    """Give the answer as text, in pieces that can be shown as they come."""
    if not answer.hits:
        yield NOTHING + "\n"
        return
    for number, (hit, confidence) in enumerate(zip(answer.hits, answer.confidences, strict=True)):
        if number == 1:
            yield "also:\n"
        yield f"{hit.command}\n    {description(hit)}\n    {source(hit)}, confidence {level(confidence)} ({confidence:.2f})\n"
    yield OFFLINE + "\n"


def _and(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
