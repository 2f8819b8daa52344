"""Rules of a person, from `[routing.rules]`, and those of plugins."""

from isaacd.routing.asked import Asked
from isaacd.routing.route import Changed, Route
from isaacd.routing.settings import OwnRule, Rewrite


class Rules:
    """Holds the line against each rule, in order; the first that fits decides."""

    name = "rules"

    def look(self, asked: Asked) -> Route | Changed | str:
        """Look for a rule that fits."""
        if asked.forced:
            return "the line is forced"
        text = asked.text
        for rule in asked.settings.rules:
            name = f"rule {rule.name}"
            if name in asked.replaced:
                continue
            caught = caught_by(rule.pattern, text)
            if caught is not None:
                return _applied(rule, name, text, caught, asked)
        for plugin, rewrite in asked.settings.rewrites.items():
            name = f"plugin {plugin}"
            said = _said(rewrite, text) if name not in asked.replaced else None
            if said is not None and said != text:
                why = f"the plugin {plugin} says {said!r}"
                return Changed(said, why, name=name, notice=f"the plugin {plugin} made it of {text[:60]!r}")
        return "no rule is about it"


def _applied(rule: OwnRule, name: str, text: str, caught: str, asked: Asked) -> Route | Changed:
    why = f"your rule {rule.name!r} is about {rule.pattern!r}"
    if rule.refuse is not None:
        return Route(kind="refused", typed=asked.typed, line=text, because=f"{rule.refuse} ({why})")
    if rule.run is not None:
        return Changed(rule.run.replace("*", caught, 1), why, name=name)
    return Route(kind="question", typed=asked.typed, question=caught.strip() or text, because=why)


def _said(rewrite: Rewrite, text: str) -> str | None:
    """Ask a plugin; one that fails has said nothing."""
    try:
        said: object = rewrite(text)
    except Exception:  # noqa: BLE001 - whatever a plugin does, the person's line goes on
        return None
    return said if isinstance(said, str) else None


def caught_by(pattern: str, text: str) -> str | None:
    """Return what the `*` of a pattern stands for in a text, "" without one; None if the text is another."""
    before, star, after = pattern.partition("*")
    if not star:
        return "" if text == pattern else None
    fits = text.startswith(before) and text.endswith(after) and len(text) >= len(before) + len(after)
    return text[len(before) : len(text) - len(after)] if fits else None
