"""The API: what is asked, what is answered, how fast, and what it says of the servers behind it."""

from infra.grafana.asking import each, per_second, rise, slowest, times
from infra.grafana.panels import Board, Line, Panel, Row

ASKED = Row(
    "Asked and answered",
    (
        Panel(
            "Requests per second",
            "By operation.",
            each(per_second("onsale_ingress_requests_total", by="operation"), "operation"),
            stacked=True,
        ),
        Panel(
            "Answers per second",
            "By HTTP status. 409 is a place lost to somebody else: in a sale most answers are.",
            each(per_second("onsale_ingress_requests_total", by="status"), "status"),
            stacked=True,
        ),
        Panel(
            "Errors per second",
            "Answers 5xx, by status. 503 says when to come again, and counts all the same.",
            each(per_second("onsale_ingress_requests_total", by="status", where='status=~"5.."'), "status"),
            quiet_while="no answer has been an error",
        ),
        Panel(
            "From a command's intake to its verdict",
            "What a buyer waits for.",
            times("onsale_ingress_verdict_seconds"),
            unit="s",
            alerts=("VerdictsSlow",),
            limit=1,
        ),
        Panel(
            "The slowest hundredth of each operation",
            "From arrival to answer; holds without the fast path's.",
            slowest("onsale_ingress_request_seconds", by="operation"),
            unit="s",
        ),
        Panel(
            "Bugs",
            "Requests answered 500. Each has its traceback in the room's log.",
            (Line(rise("onsale_ingress_bugs_total"), "answers 500"),),
            alerts=("ApiBug",),
            limit=0,
        ),
    ),
)

SELLING = Row(
    "On the way to the log",
    (
        Panel(
            "Commands put on the log per second",
            "By kind.",
            each(per_second("onsale_ingress_commands_total", by="kind"), "kind"),
            stacked=True,
        ),
        Panel(
            "Not taken",
            "Commands that did not reach the log, by the code that their caller was told.",
            each(per_second("onsale_ingress_not_taken_total", by="code"), "code"),
            quiet_while="every command reached the log",
        ),
        Panel(
            "Refused for a limit",
            "By policy. One caller at its limit is theirs; many at once are a crowd that retries.",
            each(per_second("onsale_ingress_limited_total", by="policy"), "policy"),
            quiet_while="nobody has been at a limit",
        ),
        Panel(
            "Waiting for a verdict",
            "Requests that hang on an answer of an allocator.",
            each("sum by (instance) (onsale_ingress_waiters)", "instance"),
            stacked=True,
        ),
    ),
)

BEHIND = Row(
    "What is behind it",
    (
        Panel(
            "Servers, as each process sees them",
            "0: it does not answer, takes no writes, or (Redis) limits are counted alone.",
            (
                Line("min by (instance) (onsale_ingress_postgres_up)", "{{instance}} Postgres"),
                Line("min by (instance) (onsale_ingress_log_up)", "{{instance}} Kafka"),
                Line("min by (instance) (onsale_ingress_limits_shared)", "{{instance}} Redis"),
            ),
            alerts=("PostgresAway", "LogAway", "LimitsNotShared"),
        ),
        Panel(
            "Partitions and shows that take nothing",
            "Silent: an allocator owes an answer. Refused: it cannot write. Lagging: it is too far behind.",
            (
                Line("max(onsale_ingress_partitions_silent)", "partitions silent"),
                Line("max(onsale_ingress_partitions_refused)", "partitions refused"),
                Line("max(onsale_ingress_shows_lagging)", "shows lagging"),
            ),
            alerts=("PartitionSilent", "ShowLagging"),
            limit=0,
        ),
        Panel(
            "Batches of outcomes per second",
            "Read: of shows that are kept in memory. Skipped: of others.",
            each(per_second("onsale_ingress_outcome_batches_total", by="use"), "use"),
        ),
        Panel(
            "Shows kept in memory",
            "Reads of these cost no query.",
            each("sum by (instance) (onsale_ingress_views)", "instance"),
        ),
        Panel(
            "Requests that no log has",
            "Of API keys: gaps in what partners see in their portal.",
            (Line(rise("onsale_ingress_request_log_lost_total"), "lost"),),
            alerts=("RequestLogLost",),
            limit=0,
        ),
    ),
)

INGRESS = Board("ingress", "API", (ASKED, SELLING, BEHIND))
