"""CacheWarmer: what is hot, what comes next, what it spends, and what it leaves on the disk."""

import stat
from pathlib import Path

import pytest

from isaacd.cache.journal import Journal
from isaacd.cache.warmer import CacheWarmer

pytestmark = pytest.mark.anyio


class Generator:
    """Makes every answer but some, and remembers the order."""

    def __init__(self, *unknown: str) -> None:
        self.unknown = unknown
        self.made: list[str] = []

    async def __call__(self, query: str) -> object:
        self.made.append(query)
        return None if query in self.unknown else query.upper()


def trained(*queries: str, path: Path | None = None) -> CacheWarmer:
    warmer = CacheWarmer(path)
    for query in queries:
        warmer.track_query(query)
    return warmer


def hot(warmer: CacheWarmer, **options: float) -> list[str]:
    return [item.query for item in warmer.get_hot_queries(10, **options)]  # type: ignore[arg-type]


def test_what_is_asked_most_is_hottest_if_only_frequency_counts() -> None:
    assert hot(trained(*"aaabbc"), recency_weight=0.0) == ["a", "b", "c"]


def test_what_was_asked_last_is_hottest_if_only_recency_counts() -> None:
    assert hot(trained(*"aaabbc"), recency_weight=1.0) == ["c", "b", "a"]


def test_old_frequency_fades() -> None:
    warmer = trained(*["old"] * 20, *[f"{number}" for number in range(2000)], *["new"] * 3)
    assert hot(warmer, recency_weight=0.0)[0] == "new"


def test_rare_queries_can_be_left_out() -> None:
    assert hot(trained(*"aab"), min_count=2) == ["a"]


def test_the_next_query_is_the_one_that_followed_before() -> None:
    warmer = trained(*["add", "commit", "push"] * 6)
    assert warmer.predict(["add"], 1)[0].item == "commit"
    assert warmer.predict(["add", "commit"], 1)[0].item == "push"


def test_a_longer_context_outweighs_a_shorter_one() -> None:
    warmer = trained(*["a", "x", "1", "b", "x", "2"] * 8)
    assert warmer.predict(["a", "x"], 1)[0].item == "1"
    assert warmer.predict(["b", "x"], 1)[0].item == "2"


def test_the_directory_is_a_context() -> None:
    warmer = CacheWarmer()
    for number in range(40):
        session = f"shell {number}"
        place, query = ("/src", "make") if number.bit_count() % 2 else ("/etc", "ls")
        warmer.track_query("cd", session, "/")
        warmer.track_query(query, session, place)
    assert warmer.predict(["cd"], 1, place="/src")[0].item == "make"
    assert warmer.predict(["cd"], 1, place="/etc")[0].item == "ls"


def test_probabilities_never_add_up_to_more_than_one() -> None:
    warmer = trained(*"abcabdabeabc")
    assert sum(guess.probability for guess in warmer.predict(["a", "b"], 100)) <= 1 + 1e-9


def test_an_empty_warmer_predicts_nothing() -> None:
    assert CacheWarmer().predict(["a"]) == []
    assert CacheWarmer().get_hot_queries() == []


def test_a_forgotten_query_is_never_guessed() -> None:
    warmer = trained(*"abababab")
    warmer.forget("b")
    assert "b" not in hot(warmer)
    assert all(guess.item != "b" for guess in warmer.predict(["a"], 10))


async def test_the_hottest_is_filled_last_so_that_it_is_the_newest() -> None:
    generator = Generator("b")
    warmed = await trained(*"aaabbc").warmup_cache(generator, 2)
    assert len(generator.made) == 2
    assert generator.made[-1] == "a"
    assert (warmed.tried, warmed.filled, warmed.spent_usd) == (2, 1, 0.0)


async def test_nothing_that_costs_is_made_without_a_budget() -> None:
    generator = Generator()
    warmed = await trained(*"aab").warmup_cache(generator, price=lambda _: 0.01)
    assert generator.made == []
    assert warmed.too_dear == 2


async def test_a_budget_is_never_exceeded_and_the_unpriced_is_never_asked() -> None:
    generator = Generator()
    prices = {"a": 0.4, "b": 0.7, "c": 0.5, "d": None}
    warmed = await trained(*"aaaabbbccd").warmup_cache(generator, price=prices.get, budget_usd=1.0)
    assert sorted(generator.made) == ["a", "c"]
    assert warmed.spent_usd == pytest.approx(0.9)


async def test_what_is_likely_next_is_made_ahead() -> None:
    generator = Generator()
    await trained(*["a", "b"] * 8, "a").warm_ahead(generator, 1)
    assert generator.made == ["b"]


def test_what_was_learned_survives_a_kill(tmp_path: Path) -> None:
    first = trained(*["a", "b"] * 4, path=tmp_path / "state")  # neither saved nor closed
    again = CacheWarmer(tmp_path / "state")
    assert again.get_hot_queries() == first.get_hot_queries()
    assert again.predict(["a"]) == first.predict(["a"])


def test_what_was_learned_survives_a_close_and_is_the_same(tmp_path: Path) -> None:
    first = trained(*["a", "b", "c"] * 4, path=tmp_path / "state")
    first.close()
    again = CacheWarmer(tmp_path / "state")
    assert again.predict(["a"]) == first.predict(["a"])
    assert again.get_hot_queries() == first.get_hot_queries()


def test_files_are_private(tmp_path: Path) -> None:
    warmer = trained("a", path=tmp_path / "state")
    warmer.save()
    warmer.track_query("b")
    modes = {stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
    assert len(list(tmp_path.iterdir())) == 2
    assert modes == {0o600}


def test_without_history_nothing_is_learned_and_what_there_was_is_removed(tmp_path: Path) -> None:
    trained("a", path=tmp_path / "state").close()
    warmer = CacheWarmer(tmp_path / "state", history=False)
    warmer.track_query("b")
    warmer.close()
    assert hot(warmer) == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("damage", [b"", b"rubbish", b"isaac-journal-1 7\nrubbish", b"isaac-journal-1 x\n"])
def test_a_damaged_snapshot_is_a_new_start(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / "state").write_bytes(damage)
    assert hot(CacheWarmer(tmp_path / "state")) == []


def test_a_torn_record_is_left_out(tmp_path: Path) -> None:
    trained("a", "b", path=tmp_path / "state")
    log = tmp_path / "state.log"
    log.write_bytes(log.read_bytes()[:-3])
    assert hot(CacheWarmer(tmp_path / "state")) == ["a"]


def test_what_is_appended_after_a_torn_record_is_not_lost(tmp_path: Path) -> None:
    trained("a", "b", path=tmp_path / "state")
    log = tmp_path / "state.log"
    log.write_bytes(log.read_bytes()[:-3])
    CacheWarmer(tmp_path / "state").track_query("c")
    assert sorted(hot(CacheWarmer(tmp_path / "state"))) == ["a", "c"]


def test_where_nothing_can_be_written_learning_goes_on_in_memory(tmp_path: Path) -> None:
    warmer = trained("a", path=tmp_path / "missing" / "state")
    warmer.save()
    assert hot(warmer) == ["a"]


def test_a_symbolic_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "state.log").symlink_to(tmp_path / "target")
    journal = Journal(tmp_path / "state")
    journal.append(["a"])
    assert not journal.writable
    assert not (tmp_path / "target").exists()


def test_a_long_life_stays_small(tmp_path: Path) -> None:
    warmer = CacheWarmer(tmp_path / "state")
    for number in range(7000):
        warmer.track_query(f"query {number}", session=f"{number % 300}")
    warmer.close()
    assert len(warmer.get_hot_queries(10_000)) <= 5000
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) < 2 * 1024 * 1024
