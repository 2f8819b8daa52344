"""Laws of routing for whatever is typed: it never raises, is the same each time, and no correction raises the tier."""

import tempfile
import time
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from isaacd.routing.router import CommandRouter
from isaacd.routing.routes.language import sentence
from isaacd.routing.settings import OwnRule, Settings
from isaacd.routing.tokens import segments, value_of
from isaacd.routing.translate.translator import Translator
from isaacd.routing.typo.distance import distance
from tests.routing_house import RoutingHouse

_FOLDER = tempfile.TemporaryDirectory(prefix="isaac-routing-")
HOUSE = RoutingHouse(Path(_FOLDER.name), files=["notes.txt", "build"])
ROUTER: CommandRouter = HOUSE.router
AROUND = HOUSE.around()
TRANSLATOR = Translator()
OWN = Settings(
    aliases={"a": "b", "b": "git", "gs": "git status"},
    rules=[OwnRule("r", "deploy *", run="make *")],
    autocorrect=True,
)

_WORDS = st.sampled_from(
    "ls git gti statsu status push psuh rm -rf / ~ -la --hepl cd .. cd.. sudo !! # /status isaac ? how do I dir /s del "
    "copy a b 'a b' \"x | ; && > < $( ) ` $X * {a,b} \\ = A=1 notes.txt ntoes.txt gs deploy the all files in \u00a0 é фзе".split(
        " "
    )
)
LINES = st.one_of(
    st.lists(_WORDS, max_size=9).map(" ".join),
    st.text(max_size=60),
    st.text(alphabet="gitls -/|;&'\"\\$(){}#!? \n", max_size=40),
)


@settings(max_examples=300, deadline=None)
@given(LINES)
def test_routing_never_raises_and_is_the_same_each_time(line: str) -> None:
    first, second = ROUTER.route(line, AROUND, OWN), ROUTER.route(line, AROUND, OWN)
    assert first == second
    assert first.typed == line
    assert first.steps
    assert (first.verdict is not None) == (first.kind in ("shell", "builtin", "command"))


@settings(max_examples=300, deadline=None)
@given(LINES)
def test_no_correction_is_of_a_higher_tier_than_what_was_typed(line: str) -> None:
    found = ROUTER.route(line, AROUND, Settings(autocorrect=True))
    if found.correction is not None and found.kind == "shell":
        typed = HOUSE.judge.judge(line, AROUND)
        better = HOUSE.judge.judge(found.correction.line, AROUND)
        assert better.tier <= typed.tier
        if found.correction.applied:
            assert better.tier.runs_unasked


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(("gti", "git brnach", "git git")),
    st.lists(st.text(alphabet="ab '\"\\$*;é", max_size=8), max_size=3),
)
def test_a_correction_leaves_the_quoting_of_all_other_words(start: str, texts: list[str]) -> None:
    quoted = " ".join("'" + text.replace("'", "'\\''") + "'" for text in texts)
    found = ROUTER.route(f"{start} {quoted}", AROUND)
    if found.correction is not None and "quotes" not in found.correction.why:
        assert found.correction.line.endswith(quoted)


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="abl -'\"\\|;&$(>", max_size=30))
def test_words_are_cut_where_they_stand(line: str) -> None:
    for segment in segments(line) or ():
        for piece in segment.words:
            assert line[piece.start : piece.end] == piece.text
            assert not piece.plain or value_of(piece) == piece.text


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="abc-_", max_size=8), st.text(alphabet="abc-_", max_size=8))
def test_the_distance_is_nought_for_the_same_and_only_then(one: str, other: str) -> None:
    found = distance(one, other, 99)
    assert (found == 0) == (one == other)
    assert found >= 0


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(("dir", "copy", "Get-ChildItem", "del", "findstr")), st.text(max_size=30))
def test_a_translation_says_all_of_its_operands_or_nothing(name: str, rest: str) -> None:
    found = TRANSLATOR.translate(f"{name} {rest}")
    if found is not None and found.line is not None:
        assert segments(found.line) is not None


def test_no_line_makes_routing_slow() -> None:
    shapes = (
        "a" * 20_000,
        "'" * 20_001,
        '"\\' * 9_000,
        "a " * 10_000,
        "$" * 20_000,
        "-" * 20_000,
        "\u00a0" * 9_000,
        "/a" * 9_000,
    )
    for shape in shapes:
        for line in (
            shape,
            f"ls {shape}",
            f"git {shape}",
            f"dir {shape}",
            f"/status {shape}",
            f"how do I {shape}",
        ):
            start = time.process_time()
            assert segments(line) is None or line
            sentence(line, is_command=False)
            TRANSLATOR.translate(line)
            HOUSE.corrector.correct(line, HOUSE_MACHINE)
            # Anything worse than linear takes minutes here; this is no figure of speed.
            assert time.process_time() - start < 5


def test_no_line_makes_judging_slow(tmp_path: Path) -> None:
    units = "[ [a *a ?a* [!a- ( ` { ~ a[$(b)]=c 1> $(which(a <(echo(a rm(' open('a',w) '$ENV{ exec(\"a\", ${a:-$(b) {a,b} f(){".split()
    house = RoutingHouse(tmp_path)
    for unit in units:
        for before in ("", "ls ", "python -c '", "psql -c '", "fzf --bind '", "gdb -ex '", "make -f - <<< '"):
            start = time.process_time()
            house.route(before + unit * (20_000 // len(unit)))
            assert time.process_time() - start < 5


def _machine() -> object:
    from isaacd.routing.typo.fix import Machine

    return Machine(HOUSE.programs.on(str(HOUSE.bin)), frozenset(), str(HOUSE.cwd), HOUSE.programs.files)


HOUSE_MACHINE = _machine()
