"""What is written down along the way: which rows were read how often, and what was counted."""

from collections.abc import Mapping

_MOST_TOUCHED = 2000


class Notes:
    """Sums that wait for the next transaction."""

    def __init__(self) -> None:
        self.touched: dict[int, int] = {}
        self.counts: dict[str, float] = {}

    def __bool__(self) -> bool:
        return bool(self.touched or self.counts)

    def touch(self, row_id: int) -> bool:
        """Note that a row was read; tell whether it is time to write."""
        self.touched[row_id] = self.touched.get(row_id, 0) + 1
        return len(self.touched) >= _MOST_TOUCHED

    def count(self, name: str, amount: float) -> None:
        """Add to a counter."""
        self.counts[name] = self.counts.get(name, 0.0) + amount

    def take(self) -> tuple[Mapping[int, int], Mapping[str, float]]:
        """Return all sums and begin at nothing."""
        taken = self.touched, self.counts
        self.touched, self.counts = {}, {}
        return taken

    def give_back(self, counts: Mapping[str, float]) -> None:
        """Add counts that could not be written."""
        for name, amount in counts.items():
            self.count(name, amount)
