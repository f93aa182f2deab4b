"""Processes, what each needs of its machine, and the servers as the rooms see them."""

from infra.grafana.asking import WINDOW, each, per_second, quantile, rise, slowest
from infra.grafana.panels import Board, Line, Panel, Row

OURS = 'job="onsale"'

PROCESSES = Row(
    "Processes",
    (
        Panel(
            "Answers",
            "0: it does not. The kernel, systemd or Kubernetes start it again.",
            each(f"min by (instance) (up{{{OURS}}})", "instance"),
            alerts=("ProcessDown",),
        ),
        Panel(
            "Age",
            "Falls to zero where a process has begun anew.",
            each(f"time() - max by (instance) (process_start_time_seconds{{{OURS}}})", "instance"),
            unit="s",
            alerts=("ProcessRestarts",),
        ),
        Panel(
            "Processor",
            "Of one core: a process of ours has no use for a second one.",
            each(f"sum by (instance) (rate(process_cpu_seconds_total{{{OURS}}}[{WINDOW}]))", "instance"),
            unit="percentunit",
        ),
        Panel(
            "Memory",
            "Resident.",
            each(f"sum by (instance) (process_resident_memory_bytes{{{OURS}}})", "instance"),
            unit="bytes",
        ),
        Panel(
            "Waits for a turn",
            "How late one in a hundred sleepers is woken: something runs without letting others have a turn.",
            slowest("runtime_event_loop_lag_seconds", by="instance"),
            unit="s",
            alerts=("LoopBlocked",),
            limit=0.3,
        ),
        Panel(
            "Open files",
            "Of those that may be. Sockets are files: beyond it nobody is let in.",
            each(f"max by (instance) (process_open_fds{{{OURS}}} / process_max_fds{{{OURS}}})", "instance"),
            unit="percentunit",
            alerts=("OpenFilesRunOut",),
            limit=0.8,
        ),
    ),
)

DOORS = Row(
    "Doors",
    (
        Panel(
            "Requests per second",
            "Of each room that answers HTTP by an application of its own; the API has a board.",
            each(per_second("runtime_http_requests_total", by="room"), "room"),
            stacked=True,
        ),
        Panel(
            "Errors per second",
            "Answers 5xx, by room.",
            each(per_second("runtime_http_requests_total", by="room", where='status=~"5.."'), "room"),
            quiet_while="no answer has been an error",
        ),
        Panel(
            "The slowest hundredth",
            "From arrival to the end of the answer, by room.",
            slowest("runtime_http_request_seconds", by="room"),
            unit="s",
        ),
        Panel(
            "Bugs",
            "Requests whose room raised.",
            each(rise("runtime_http_bugs_total", by="room"), "room"),
            alerts=("ApiBug",),
            limit=0,
        ),
        Panel(
            "Connections ended by us",
            "For what they cost or how they spoke. Busy: a process has as many as it may have.",
            each(rise("runtime_http_refused_total", by="why"), "why"),
            alerts=("ConnectionsTurnedAway",),
            limit=0,
        ),
        Panel(
            "Sign-in",
            "Attempts, by what came of them. Many locked out: somebody guesses.",
            each(rise("staff_sign_ins_total", by="result"), "result"),
            alerts=("PasswordsGuessed",),
        ),
        Panel(
            "One look at a password",
            "With the wait for its turn: what it costs is what guessing costs.",
            (Line(quantile(0.99, "staff_password_check_seconds"), "one in a hundred"),),
            unit="s",
            quiet_while="nobody signs in",
        ),
    ),
)

SERVERS_SEEN = Row(
    "Servers, as the rooms see them",
    (
        Panel(
            "Postgres",
            "0: away, or takes no writes. Sales are paused; what is on the log is decided when it is back.",
            (
                Line("min by (instance) (onsale_ingress_postgres_up)", "{{instance}} API"),
                Line("min by (instance) (allocator_postgres_up)", "{{instance}}"),
            ),
            alerts=("PostgresAway",),
        ),
        Panel(
            "Kafka",
            "0: it does not answer. Nothing can be held or confirmed.",
            (
                Line("min by (instance) (onsale_ingress_log_up)", "{{instance}} API"),
                Line("min by (instance) (allocator_log_up)", "{{instance}}"),
                Line("min by (instance) (onsale_notifier_follows)", "{{instance}} follows"),
            ),
            alerts=("LogAway", "NotifierDoesNotFollow"),
        ),
        Panel(
            "Redis",
            "0: away. Places are kept; limits are counted by each process alone. Loops need Postgres as well.",
            (
                Line("min by (instance) (onsale_ingress_limits_shared)", "{{instance}} API"),
                Line("min by (instance, step) (room_step_ok)", "{{instance}} {{step}}"),
            ),
            alerts=("LimitsNotShared", "RoomLoopFails"),
        ),
    ),
)

SERVERS = Board("servers", "Processes and servers", (PROCESSES, DOORS, SERVERS_SEEN))
