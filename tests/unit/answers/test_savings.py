"""The book of savings: counted by day and kind, and kept."""

from pathlib import Path

from isaacd.answers.savings import Savings

NOON = 1_750_000_000.0
DAY_S = 86_400.0


def note(book: Savings, kind: str, day: int = 0, usd: float | None = 0.5) -> None:
    book.note(NOON + day * DAY_S, kind, usd=usd, tokens=10, seconds=2.0)


def test_answers_are_counted_by_day_and_kind(tmp_path: Path) -> None:
    book = Savings(tmp_path / "book")
    for kind, day in (("asked", 0), ("exact", 0), ("exact", 0), ("slot", 1)):
        note(book, kind, day)
    first, second = book.days()
    assert (first.total, first.hits, second.hits) == (3, 2, 1)
    assert first.kinds["exact"].usd == 1.0


def test_an_unknown_price_is_not_free() -> None:
    book = Savings(None)
    note(book, "exact", usd=None)
    assert book.days()[0].kinds["exact"].unpriced == 1


def test_the_book_outlives_a_kill(tmp_path: Path) -> None:
    book = Savings(tmp_path / "book")
    note(book, "exact")
    assert Savings(tmp_path / "book").days() == book.days()


def test_a_long_book_is_the_same_when_it_is_read_again(tmp_path: Path) -> None:
    book = Savings(tmp_path / "book")
    for number in range(4100):
        note(book, "exact", number // 1000)
    assert Savings(tmp_path / "book").days() == book.days()
    assert (tmp_path / "book").stat().st_mode & 0o777 == 0o600


def test_a_damaged_record_is_left_out(tmp_path: Path) -> None:
    note(Savings(tmp_path / "book"), "exact")
    with (tmp_path / "book.log").open("ab") as file:
        file.write(b'["2025-01-01","exact","x","y","z"]\n["short"]\nrubbish\n')
    assert len(Savings(tmp_path / "book").days()) == 1


def test_a_cleared_book_is_empty(tmp_path: Path) -> None:
    book = Savings(tmp_path / "book")
    note(book, "exact")
    book.clear()
    assert book.days() == Savings(tmp_path / "book").days() == []
