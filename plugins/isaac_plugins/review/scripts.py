"""Dangerous lines of shell that were added: in scripts, container files and the like, judged as lines that are typed."""

import re
from collections.abc import Callable, Iterator

from isaac_plugins.review.cards import Finding
from isaac_plugins.review.checks import ending_of
from isaacd.api import DiffFile, Tier, Verdict

MAX_JUDGED = 400
_SHELLS = ("sh", "bash", "zsh", "ksh", "bashrc", "zshrc", "profile")
_RUN = re.compile(r"^\s*(?:-\s+)?(?:RUN|run:|script:|command:)\s*[|>]?-?\s*(?P<line>.+)")
_RECIPE = re.compile(r"^\t[@-]{0,2}(?P<line>.+)")


def check_scripts(file: DiffFile, judge: Callable[[str], Verdict]) -> Iterator[Finding]:
    """Find added lines of shell that destroy something, or could."""
    ending = ending_of(file.path)
    is_script = ending in _SHELLS or any(
        re.match(r"#!.*\b(?:ba|z|k|da)?sh\b", line.text) for line in list(file.added())[:1]
    )
    judged = 0
    for line in file.added():
        text = line.text.strip()
        if not is_script:
            match = (
                _RUN.match(line.text) if ending in ("dockerfile", "containerfile", "yml", "yaml") else None
            )
            match = match or (_RECIPE.match(line.text) if ending in ("makefile", "mk") else None)
            text = match["line"].strip() if match is not None else ""
        text = text.removesuffix("\\").strip()
        if not text or text.startswith("#") or judged >= MAX_JUDGED:
            continue
        judged += 1
        verdict = judge(text)
        if verdict.tier is Tier.DESTRUCTIVE:
            reasons = [reason for reason in verdict.reasons if reason.tier is Tier.DESTRUCTIVE]
            told = reasons[0].text if reasons else "it can destroy something"
            yield Finding(file.path, line.number, "warning", f"a dangerous line: {told}", "judge")
