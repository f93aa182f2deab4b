"""What can go wrong at a desk. The class says what its loop must do."""


class DeskError(Exception):
    """The desk's memory is of no use any more: drop it."""


class Replaced(DeskError):
    """Another process owns the partition: leave it at once, try nothing again."""


class ResultUnknown(DeskError):
    """The store did not answer, or not so that it can be relied on: claim again, and read what is true."""


class WritesRefused(ResultUnknown):
    """The store takes no writes now (its disk is full, it is read-only): as above, and sales are paused meanwhile."""


class LogUnreadable(DeskError):
    """The log does not reach to where the cursor stands: claim again, which looks at what is left of it."""


class DataRefused(DeskError):
    """The store cannot keep a value in this batch (SQLSTATE class 22): claim again, and find the record."""


class MemoryDiffers(Exception):
    """Memory and tables differ (class 23, XX001), or the log has a hole: a bug or a hand in the data. Stop loudly."""
