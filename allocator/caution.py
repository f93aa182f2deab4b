"""How a record that the store cannot keep is found among the thousands that it came with."""

RECORDS_MAX = 2_000
"""How many records one batch may have."""


class Caution:
    """What a partition's owner remembers of records that the store refused, from one claim to the next.

    The refused batch is decided again in halves until one record fails alone: that one is rejected by force.
    """

    def __init__(self) -> None:
        self._limit = RECORDS_MAX
        self._until_offset = 0
        self.forced: set[int] = set()
        """Offsets of records that are known to be such."""
        self._log_gen: int | None = None

    def begin(self, log_gen: int) -> None:
        """A desk begins. The same offset of another generation of the log is another record, and as good as any."""
        if log_gen != self._log_gen:
            self._log_gen = log_gen
            self._limit, self._until_offset = RECORDS_MAX, 0
            self.forced.clear()

    def records_max(self, first_offset: int) -> int:
        """How many records the batch that begins at `first_offset` may have."""
        return self._limit if first_offset < self._until_offset else RECORDS_MAX

    def refused(self, first_offset: int, next_offset: int) -> None:
        """The batch over these offsets was refused for its data."""
        records = next_offset - first_offset
        self._until_offset = max(self._until_offset, next_offset)
        self.forced = {offset for offset in self.forced if offset >= first_offset}
        if records == 1:
            self.forced.add(first_offset)
            self._limit = RECORDS_MAX
        else:
            self._limit = records // 2
