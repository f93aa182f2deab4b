"""What the notifier counts. Counters are raised by round where a round reaches many sockets."""

from prometheus_client import Counter, Gauge, Histogram

SOCKETS = Gauge("onsale_notifier_sockets", "Open sockets")
SHOWS = Gauge("onsale_notifier_shows", "Shows that are kept current for their watchers")
FRAMES = Counter("onsale_notifier_frames_total", "Frames sent", ["type"])
CLOSED = Counter("onsale_notifier_closed_total", "Sockets closed by us", ["code"])
ROUND_SECONDS = Histogram(
    "onsale_notifier_round_seconds",
    "One public frame to all watchers of a show",
    buckets=(0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
)
TOLD_AFTER = Histogram(
    "onsale_notifier_told_after_seconds",
    "From the decision over the earliest change in a public frame to the moment it was sent to all in step",
    buckets=(0.01, 0.025, 0.05, 0.075, 0.1, 0.2, 0.35, 0.5, 1, 2.5, 10),
)
BATCHES = Counter("onsale_notifier_batches_total", "Batches of outcomes", ["how"])
FOLLOWS = Gauge("onsale_notifier_follows", "1 while new outcomes are followed, 0 while a server that is needed is away")
RELOADS = Counter("onsale_notifier_reloads_total", "Views thrown away because an outcome was missing")
REPLAYED = Counter("onsale_notifier_replayed_total", "Personal frames told again after a reconnect")
COMMANDS = Counter("onsale_notifier_commands_total", "Commands asked for by socket, by what the log said", ["how"])
WARNINGS = Counter("onsale_notifier_warnings_total", "Warnings of holds that end soon", ["how"])
DELIVERY_SECONDS = Histogram(
    "onsale_notifier_delivery_seconds",
    "One attempt to reach somebody else's server: a webhook, a letter, a refund or a question about a payment",
    ["what"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
WEBHOOKS = Counter("onsale_notifier_webhooks_total", "Attempts to deliver an event to a webhook", ["result"])
ASKED = Counter("onsale_notifier_payments_asked_total", "Payments asked about, by what the provider said", ["state"])
REFUNDS = Counter("onsale_notifier_refunds_total", "Tries to give money back", ["result"])
MAILS = Counter("onsale_notifier_mails_total", "Letters about bookings", ["result"])
ROOM_ROUNDS = Counter("onsale_notifier_room_rounds_total", "Rounds of telling how far a waiting room serves")

# There from the start, as alerts look for their rise: what begins with its first count has not risen.
for _result in ("done", "again", "failed"):
    WEBHOOKS.labels(_result)
    REFUNDS.labels(_result)
for _result in ("sent", "not_sent", "again", "failed"):
    MAILS.labels(_result)
ASKED.labels("given_up")
