"""Seats come back, and their owners are warned before."""

from infra.grafana.asking import each, per_second, rise, times
from infra.grafana.panels import Board, Line, Panel, Row

EXPIRY = Board(
    "expiry",
    "Expiry",
    (
        Row(
            "Seats",
            (
                Panel(
                    "Holds that are remembered",
                    "By each worker; all remember the same. No line at all: no worker runs, and no seat comes back.",
                    each("sum by (instance) (onsale_expiry_holds_live)", "instance"),
                    alerts=("NoExpiryWorker",),
                    width=12,
                ),
                Panel(
                    "From a hold's end to its release",
                    "As this worker heard of it: the way over the log and back.",
                    times("onsale_expiry_released_after_seconds"),
                    unit="s",
                    alerts=("SeatsComeBackLate",),
                    limit=2,
                    width=12,
                ),
                Panel(
                    "Proposed per second",
                    "Holds to end, and bookings of cancelled shows; each again until an outcome answers it.",
                    (
                        Line(per_second("onsale_expiry_holds_proposed_total"), "holds"),
                        Line(per_second("onsale_expiry_bookings_proposed_total"), "bookings"),
                    ),
                    width=12,
                ),
                Panel(
                    "Not taken by the log",
                    "Proposals per second. The worker tries again by itself.",
                    (Line(per_second("onsale_expiry_commands_failed_total"), "proposals"),),
                    alerts=("ExpiryNotTaken",),
                    limit=0,
                    width=12,
                ),
            ),
        ),
        Row(
            "Owners",
            (
                Panel(
                    "Warned",
                    "Holds whose owner was warned that it ends, and those of which the log did not take the warning.",
                    (
                        Line(rise("onsale_expiry_warnings_sent_total"), "warned"),
                        Line(rise("onsale_expiry_warnings_failed_total"), "not warned"),
                    ),
                    alerts=("OwnersNotWarned",),
                    width=12,
                ),
            ),
        ),
    ),
)
