"""Who is told what, and how late; webhooks, letters and money on their way."""

from infra.grafana.asking import each, per_second, rise, slowest, times
from infra.grafana.panels import Board, Line, Panel, Row

WATCHERS = Row(
    "Watchers",
    (
        Panel(
            "Open sockets",
            "By process.",
            each("sum by (instance) (onsale_notifier_sockets)", "instance"),
            stacked=True,
        ),
        Panel(
            "From a decision to its watchers",
            "How old the oldest change in a public frame was when all in step had it.",
            times("onsale_notifier_told_after_seconds"),
            unit="s",
            alerts=("WatchersToldLate",),
            limit=1,
        ),
        Panel(
            "Follows the outcomes",
            "0 while a server that is needed is away: watchers see an old picture, and their mark says so.",
            each("min by (instance) (onsale_notifier_follows)", "instance"),
            alerts=("NotifierDoesNotFollow",),
        ),
        Panel(
            "Frames sent per second",
            "By type.",
            each(per_second("onsale_notifier_frames_total", by="type"), "type"),
            stacked=True,
        ),
        Panel(
            "One frame to all watchers of a show",
            "The time of a round; it grows with sockets.",
            times("onsale_notifier_round_seconds"),
            unit="s",
        ),
        Panel(
            "Sockets that we closed",
            "By code. 1012: told to come back elsewhere. 1013: full. 4408: too slow a reader. 4429: too many.",
            each(per_second("onsale_notifier_closed_total", by="code"), "code"),
            quiet_while="no socket had to be closed",
        ),
        Panel(
            "Shows kept current",
            "And rounds per second that tell how far a waiting room serves.",
            (
                Line("sum by (instance) (onsale_notifier_shows)", "{{instance}} shows"),
                Line(per_second("onsale_notifier_room_rounds_total"), "rounds of waiting rooms per second"),
            ),
        ),
        Panel(
            "Batches of outcomes per second",
            "Read: of shows that somebody watches. Skipped: of others.",
            each(per_second("onsale_notifier_batches_total", by="how"), "how"),
        ),
        Panel(
            "Told again, and loaded anew",
            "Personal frames told again after a reconnect; views thrown away because an outcome was missing.",
            (
                Line(rise("onsale_notifier_replayed_total"), "frames told again"),
                Line(rise("onsale_notifier_reloads_total"), "views loaded anew"),
            ),
            alerts=("OutcomesMissed",),
        ),
    ),
)

HOLDS = Row(
    "Holds",
    (
        Panel(
            "Asked for by socket",
            "Commands per second, by what the log said.",
            each(per_second("onsale_notifier_commands_total", by="how"), "how"),
        ),
        Panel(
            "Warnings of holds that end",
            "Told, or passed over because the owner is not connected here.",
            each(per_second("onsale_notifier_warnings_total", by="how"), "how"),
            quiet_while="every hold ended long before its time was up",
        ),
    ),
)

OUTSIDE = Row(
    "On the way to others' servers",
    (
        Panel(
            "Webhooks",
            "Attempts per second, by what came of them.",
            each(per_second("onsale_notifier_webhooks_total", by="result"), "result"),
            alerts=("WebhooksFail", "WebhookGivenUp"),
        ),
        Panel(
            "Letters",
            "Per second, by what came of them.",
            each(per_second("onsale_notifier_mails_total", by="result"), "result"),
            alerts=("LettersFail",),
        ),
        Panel(
            "Refunds",
            "Tries, by what came of them. Failed: a buyer's money is still with us.",
            each(rise("onsale_notifier_refunds_total", by="result"), "result"),
            alerts=("RefundFailed",),
        ),
        Panel(
            "Payments asked about",
            "By what the provider said. Given up: it would not say what became of the money.",
            each(rise("onsale_notifier_payments_asked_total", by="state"), "state"),
            alerts=("PaymentUnknown",),
        ),
        Panel(
            "The slowest hundredth of attempts",
            "By what was sent.",
            slowest("onsale_notifier_delivery_seconds", by="what"),
            unit="s",
        ),
    ),
)

NOTIFIER = Board("notifier", "Notifier", (WATCHERS, HOLDS, OUTSIDE))
