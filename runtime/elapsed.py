"""For how long something lasts, whatever is done to the machine's clock meanwhile."""

import time


class ElapsedClock:
    """A `ticketing.clock.Clock` that nobody sets. Its moments mean something to one process, and only beside others."""

    def now_ms(self) -> int:
        """Milliseconds since some moment, another one in each process."""
        return time.monotonic_ns() // 1_000_000
