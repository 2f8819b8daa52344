"""Says how sure an answer is, and whether the question is about commands at all.

Both are logistic models with a handful of numbers. They were fitted on one half of a set of task descriptions, and the
first also on questions about everything else in the world; perf/replay_knowledge.py measures them on the other half.
"""

import math
import re
from dataclasses import dataclass

HIGHEST = 0.97
_LEAST_ABOUT_COMMANDS = 0.2
SMALL_TALK = re.compile(
    r"\s*(?:hello|hi|hey|thanks|thank you|please|good (?:morning|day|evening|night)|bye|yes|no|ok(?:ay)?|test)\b[\w\s]{0,12}[!.?]*\s*",
    re.IGNORECASE,
)
_WANTS_TEXT = re.compile(
    r"\s*(?:please |can you |could you )?(?:write|compose|tell|sing|invent|make up|draft)\b.{0,40}"
    r"\b(?:poem|haiku|sonnet|story|essay|joke|song|letter|speech|email to|class|function|app|game|program|code)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for the best hit.

    `terms` counts the question's plain terms, `everyday` those that many tasks of the cookbook share, `values` the
    values in it; `named` says that the question speaks of the hit's tool; `recall` is the part of the question that the hit covers, `known` the part that the cookbook knows.
    """

    question: str
    terms: int
    everyday: int
    values: int
    score: float
    recall: float
    known: float
    from_cookbook: bool
    named: bool = False


def about_commands(evidence: Evidence) -> float:
    """Give the probability that the question asks for a command."""
    if _WANTS_TEXT.match(evidence.question) or SMALL_TALK.fullmatch(evidence.question):
        return 0.0
    if evidence.named and evidence.recall >= 0.4:
        return 1.0
    if evidence.from_cookbook and evidence.recall >= 0.85 and evidence.score >= 1.6:
        return 1.0
    # Pages speak of much that no task of the cookbook does.
    least = 0.5 if not evidence.from_cookbook and evidence.terms >= 2 and evidence.recall >= 0.85 else 0.0
    likely = _logistic(
        -10.2
        - 1.2 * evidence.everyday / max(1, evidence.terms)
        + 12.0 * min(4, evidence.everyday) / 4
        + 10.4 * min(2, evidence.values) / 2
        + 0.2 * evidence.score
        + 4.8 * evidence.recall
        + 1.0 * evidence.known
        - 1.2 * (not evidence.from_cookbook)
    )
    return max(least, likely)


def confidences(evidence: Evidence, scores: list[float]) -> list[float]:
    """Give a confidence for each score, best first; none if the question is not about commands."""
    likely = about_commands(evidence)
    if not scores or likely < _LEAST_ABOUT_COMMANDS:
        return []
    length = 2.2 * min(12, evidence.terms) / 10
    given: list[float] = []
    for number, score in enumerate(scores):
        rival = scores[0] if number else (scores[1] if len(scores) > 1 else 0.0)
        sure = _logistic(-4.85 + 2.25 * score + 3.3 * (score - rival) - 0.12 * evidence.recall + length)
        given.append(min(HIGHEST, sure * min(1.0, likely + 0.2), *given[:1]))
    return given


def _logistic(value: float) -> float:
    return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, value))))
