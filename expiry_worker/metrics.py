"""What the worker counts, by step and not by hold."""

from prometheus_client import Counter, Gauge, Histogram

HOLDS_LIVE = Gauge("onsale_expiry_holds_live", "Holds that this worker remembers")
HOLDS_PROPOSED = Counter("onsale_expiry_holds_proposed_total", "Holds named in ExpireHolds, repeats included")
BOOKINGS_PROPOSED = Counter("onsale_expiry_bookings_proposed_total", "Bookings of cancelled shows, repeats included")
COMMANDS_FAILED = Counter("onsale_expiry_commands_failed_total", "Proposals that the log did not take for certain")
WARNINGS_SENT = Counter("onsale_expiry_warnings_sent_total", "Holds whose owner was warned")
WARNINGS_FAILED = Counter("onsale_expiry_warnings_failed_total", "Warnings that the log did not take for certain")
RELEASED_AFTER = Histogram(
    "onsale_expiry_released_after_seconds",
    "From the end of a hold to the moment at which its release was announced to this worker",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.2, 0.35, 0.5, 1, 2, 5, 15, 60),
)
