"""What is written down along the way: which rows were read how often."""

from collections.abc import Mapping

_MOST_TOUCHED = 2000


class Notes:
    """Sums that wait for the next transaction."""

    def __init__(self) -> None:
        self.touched: dict[int, int] = {}

    def __bool__(self) -> bool:
        return bool(self.touched)

    def touch(self, row_id: int) -> bool:
        """Note that a row was read; tell whether it is time to write."""
        self.touched[row_id] = self.touched.get(row_id, 0) + 1
        return len(self.touched) >= _MOST_TOUCHED

    def take(self) -> Mapping[int, int]:
        """Return all sums and begin at nothing."""
        taken, self.touched = self.touched, {}
        return taken
