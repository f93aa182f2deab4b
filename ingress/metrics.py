"""What this room counts. No label grows with users, seats or keys."""

from functools import cache

from prometheus_client import Counter, Gauge, Histogram

from ingress.counting import Counts, Timings

REQUESTS = Counts("onsale_ingress_requests_total", "Answers by operation and HTTP status.", ["operation", "status"])
BUGS = Counter("onsale_ingress_bugs_total", "Requests answered 500: each is a bug.")
COMMANDS = Counts("onsale_ingress_commands_total", "Commands put on the log, by kind.", ["kind"])
NOT_TAKEN = Counts("onsale_ingress_not_taken_total", "Commands that did not reach the log, by reason.", ["code"])
VERDICT_SECONDS = Timings(
    "onsale_ingress_verdict_seconds",
    "From a command's intake to its verdict, of those that got one while waiting.",
    buckets=(0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10),
)
REQUEST_SECONDS = Histogram(
    "onsale_ingress_request_seconds",
    "From a request's arrival to its answer, by operation; of holds those that come over ASGI.",
    ["operation"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5),
)
WAITERS = Gauge("onsale_ingress_waiters", "Requests waiting for a verdict.")
VIEWS = Gauge("onsale_ingress_views", "Shows whose view is kept in memory.")
BATCHES = Counter("onsale_ingress_outcome_batches_total", "Batches of outcomes, by whether they were needed.", ["use"])
PARTS_REFUSED = Gauge("onsale_ingress_partitions_refused", "Partitions whose allocator says that it cannot write.")
SHOWS_LAGGING = Gauge("onsale_ingress_shows_lagging", "Shows that take no new holds because their allocator lags.")
PARTS_SILENT = Gauge("onsale_ingress_partitions_silent", "Partitions whose allocator owes an answer and says nothing.")
LOG_UP = Gauge("onsale_ingress_log_up", "1 while the log answers, else 0.")
LIMITED = Counter("onsale_ingress_limited_total", "Calls refused for their caller's limits, by policy.", ["policy"])
LIMITS_SHARED = Gauge("onsale_ingress_limits_shared", "1 while limits are counted together with others, else 0.")
REQUEST_LOG_LOST = Counter(
    "onsale_ingress_request_log_lost_total", "Requests of API keys that were never written down: more came than fitted."
)
POSTGRES_UP = Gauge("onsale_ingress_postgres_up", "1 while Postgres takes writes, else 0.")

# Finding a counter by its labels costs more than counting; there are few, so each is found once.
requests = cache(REQUESTS.labels)
request_seconds = cache(REQUEST_SECONDS.labels)
commands = cache(COMMANDS.labels)
not_taken = cache(NOT_TAKEN.labels)
