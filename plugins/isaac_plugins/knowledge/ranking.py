"""Finds the tasks that a question asks for, and says how sure it is."""

import math
import sqlite3
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from isaac_plugins.knowledge import confidence, slots, template, values, words

# Each weight was chosen on one half of a set of task descriptions and checked on the other (perf/replay_knowledge.py).


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each kind of evidence counts."""

    recall: float = 1.0  # of the question's terms, those in the wording of the task
    precision: float = 0.45  # of the wording's terms, those in the question
    around: float = 1.0  # the question's terms in the description, keywords and command
    pairs: float = 0.45  # neighbouring terms in both
    filled: float = 0.1  # a value of the question found its slot
    missing: float = 0.06  # a slot that has neither a value nor a default
    named: float = 0.3  # the question says the tool's name
    prior: float = 0.04  # how many tasks of the cookbook the tool does
    wide: float = 0.3  # taken off what does not come from the cookbook
    manual: float = 0.2  # taken off summaries of manual pages, on top
    danger: float = 0.3  # taken off what can do harm, as far as the question does not cover it
    absent: float = 0.4  # taken off a package manager that this machine does not have
    vote: float = 0.25  # other tasks of the same tool that fit, too


@dataclass(frozen=True, slots=True)
class Hit:
    """A task that may be what was asked for."""

    source: str
    name: str
    tool: str
    command: str
    about: str
    score: float
    recall: float
    missing: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """The hits, best first, and how sure the first one is."""

    hits: tuple[Hit, ...]
    confidences: tuple[float, ...]

    @property
    def confidence(self) -> float:
        """Tell how sure the first hit is; 0 if there is none."""
        return self.confidences[0] if self.confidences else 0.0


_BOOK_ROWS = 120
_WIDE_ROWS = 60
_COMMON = 1500
_EVERYDAY = 8
_SHOWN_BESIDE_A_SURE_ONE = 0.05
_FITTED = 30
_UNKNOWN = 3.0
_PLAIN_WEIGHT = 3.5
_CHEAP = frozenset(("all", "show", "list"))
_MARK_WEIGHT = 1.2
_CANDIDATES = """
SELECT source, name, tool, command, about, tasks, more
FROM (SELECT rowid AS r FROM {table} WHERE {table} MATCH ? ORDER BY bm25({table}, 3.0, 2.0, 1.0) LIMIT ?)
JOIN doc ON doc.id = r"""
# Names of tools that are everyday words: only the words of a task tell whether they are meant.
_WORDLIKE = frozenset(
    """find sort cut join split watch date who time cat top history more file make yes kill test head tail look locate
    read set case for if while until select type wait exit clear reset script source write wall mail last users groups
    service mount which jobs shift true false print printf echo less host install link command env id w let trap
    column paste fold expand sync free uptime rename move copy shred strings nice import play record convert
    screen at do in help alias bind pr tree ls""".split()
)


@dataclass(frozen=True, slots=True)
class Query:
    """A question made ready for the search."""

    row: tuple[str, ...]
    weights: Mapping[str, float]
    pairs: frozenset[tuple[str, str]]
    spoken: frozenset[str]
    values: values.Values
    spread: Mapping[str, int]
    known: float
    total: float
    terms: int
    everyday: int


def prepare(connection: sqlite3.Connection, question: str) -> Query:
    """Take the values out of a question and weigh its terms by how much each of them tells."""
    found = values.extract(question)
    row = words.terms(found.marked)
    distinct = list(dict.fromkeys(row))[:64]
    marks = ",".join("?" * len(distinct))
    # Only question marks are put into the statement.
    select = f"SELECT name, book, wide FROM term WHERE name IN ({marks})"  # noqa: S608
    rows = connection.execute(select, distinct).fetchall()
    book = {name: count for name, count, _ in rows if count}
    wide = {name: count for name, _, count in rows if count}
    size = int(connection.execute("SELECT value FROM meta WHERE key = 'count.cookbook'").fetchone()[0])
    weights = {}
    for term in distinct:
        if term in book:
            weights[term] = math.log(1 + size / (book[term] + 0.5)) * (0.5 if term[0] == "_" else 1.0)
        else:
            weights[term] = _UNKNOWN if term in wide else 0.7 * _UNKNOWN
    total = sum(weights.values()) or 1.0
    known = sum(weight for term, weight in weights.items() if term in book) / total
    spoken = frozenset(word.strip(".,:;!?\"'`()") for word in found.marked.lower().split())
    plain = [term for term in distinct if term[0] != "_"]
    everyday = sum(1 for term in plain if book.get(term, 0) >= _EVERYDAY)
    return Query(
        tuple(row),
        weights,
        frozenset(words.pairs(row)),
        spoken,
        found,
        wide,
        known,
        total,
        len(plain),
        everyday,
    )


def rank(
    connection: sqlite3.Connection,
    question: str,
    *,
    limit: int = 3,
    weights: Weights | None = None,
    absent: Collection[str] = (),
) -> Answer:
    """Give the best commands for a question; tools in `absent` come later unless they are named."""
    weights = weights or Weights()
    query = prepare(connection, question)
    hits = [
        replace(hit, score=hit.score - weights.absent)
        if hit.tool in absent and hit.tool not in query.spoken
        else hit
        for hit in score(connection, query, weights)
    ]
    hits.sort(key=lambda hit: (-hit.score, hit.command))
    hits = vote(fit(hits, query, weights), weights)
    chosen = choose(hits, max(limit, 2))
    if not chosen:
        return Answer((), ())
    best = chosen[0]
    evidence = confidence.Evidence(
        question=question,
        terms=query.terms,
        everyday=query.everyday,
        values=len(query.weights) - query.terms,
        score=best.score,
        recall=best.recall,
        known=query.known,
        from_cookbook=best.source == "cookbook",
        named=_named(best.tool, query) and (best.source == "cookbook" or best.recall >= 0.7),
    )
    sure = confidence.confidences(evidence, [hit.score for hit in chosen])
    least = _SHOWN_BESIDE_A_SURE_ONE if sure and sure[0] >= 0.85 else 0.0
    kept = [(hit, value) for hit, value in zip(chosen, sure, strict=False) if value >= least][:limit]
    return Answer(tuple(hit for hit, _ in kept), tuple(value for _, value in kept))


def score(connection: sqlite3.Connection, query: Query, weights: Weights) -> list[Hit]:
    """Score every task that shares terms with the question, best first."""
    tools = dict(connection.execute("SELECT name, entries FROM tool"))
    hits = [_hit(row, query, weights, tools) for row in _candidates(connection, query)]
    return sorted(hits, key=lambda hit: (-hit.score, hit.command))


def _candidates(connection: sqlite3.Connection, query: Query) -> Iterable[tuple[str, ...]]:
    plain = [term for term in query.weights if term[0] != "_"] or list(query.weights)
    rare = [term for term in plain if 0 < query.spread.get(term, 0) < _COMMON]
    found: list[tuple[str, ...]] = []
    for table, terms, count in (("book", plain, _BOOK_ROWS), ("wide", rare, _WIDE_ROWS)):
        if terms:
            match = " OR ".join(f'"{term}"' for term in terms)
            found += connection.execute(_CANDIDATES.format(table=table), (match, count)).fetchall()
    return found


def _hit(row: tuple[str, ...], query: Query, weights: Weights, tools: Mapping[str, int]) -> Hit:
    source, name, tool, command, about, tasks, more = row
    wordings = [task.split() for task in tasks.split("\n")]
    around = set(more.split()).union(*wordings, (tool.lower(),))
    beside = {term: weight for term, weight in query.weights.items() if term in around}
    total, covered, own = max(_wording(task, query, weights, beside) for task in wordings)
    total += weights.prior * math.log1p(tools.get(tool, 0))
    if _named(tool, query):
        total += weights.named
    if source != "cookbook":
        total -= weights.wide + (weights.manual if source == "whatis" else 0.0)
    if "Careful: " in about:
        total -= weights.danger * max(0.0, 1.0 - own)
    return Hit(source, name, tool, command, about, total, covered)


def _named(tool: str, query: Query) -> bool:
    """Tell whether the question speaks of a tool by its name."""
    return tool.rstrip("0123456789") in query.spoken and tool not in _WORDLIKE


def fit(hits: list[Hit], query: Query, weights: Weights) -> list[Hit]:
    """Put the question's values into the best commands, and favour those that have a place for them."""
    fitted = []
    for hit in hits[:_FITTED]:
        assigned = slots.assign(hit.command, query.values)
        filled = template.fill(hit.command, assigned)
        # A range of which the question names only one end is not what was asked for.
        halves = sum(
            1
            for slot in template.names(hit.command)
            if slot[-1] == "2" and slot[:-1] in assigned and slot not in assigned
        )
        total = (
            hit.score + weights.filled * filled.used - weights.missing * (len(filled.missing) + 3 * halves)
        )
        fitted.append(
            replace(hit, command=filled.command, score=total, missing=filled.missing, assumed=filled.assumed)
        )
    return sorted(fitted, key=lambda hit: (-hit.score, hit.command))


def _wording(
    task: list[str], query: Query, weights: Weights, beside: Mapping[str, float]
) -> tuple[float, float, float]:
    """Compare one wording of a task with the question.

    Gives the score, the part of the question that the whole entry covers, and the part that this wording covers.
    """
    terms = set(task)
    shared = around = 0.0
    matched = 0
    for term, weight in beside.items():
        if term in terms:
            shared += weight
            matched += 1
        else:
            around += weight
    marks = sum(1 for term in terms if (term[0] == "_" or term in _CHEAP) and term not in beside)
    own = shared + _PLAIN_WEIGHT * (len(terms) - matched - marks) + _MARK_WEIGHT * marks
    recall = shared / query.total
    total = weights.recall * recall + weights.around * around / query.total
    total += weights.precision * (shared / own if own else 0.0)
    if matched > 1 and query.pairs:
        total += weights.pairs * len(query.pairs & words.pairs(task)) / len(query.pairs)
    return total, recall + weights.around * around / query.total, recall


def vote(hits: list[Hit], weights: Weights) -> list[Hit]:
    """Let hits of the same tool support each other."""
    if not hits:
        return hits
    top = hits[0].score
    support: dict[str, float] = {}
    for hit in hits[:40]:
        support[hit.tool] = support.get(hit.tool, 0.0) + math.exp((hit.score - top) * 6.0)
    share = sum(support.values())
    raised = [
        replace(hit, score=hit.score + weights.vote * support.get(hit.tool, 0.0) / share) for hit in hits
    ]
    return sorted(raised, key=lambda hit: (-hit.score, hit.command))


def choose(hits: list[Hit], limit: int) -> list[Hit]:
    """Take the best hit of each tool, then what else there is."""
    first: dict[str, Hit] = {}
    for hit in hits:
        first.setdefault(hit.tool, hit)
    seen: set[str] = set()
    chosen = []
    for hit in [*first.values(), *hits]:
        if hit.command not in seen:
            seen.add(hit.command)
            chosen.append(hit)
    return chosen[:limit]
