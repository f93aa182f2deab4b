"""The waiting room: who waits, who is called, and what keeps the others waiting."""

from infra.grafana.asking import each, per_second, times
from infra.grafana.panels import Board, Line, Panel, Row

SHOW = 'show=~"$show"'
ROOM = 'room="waiting_room"'


def of_each_show(gauge: str) -> str:
    """Every instance of the room says the same of a show; where one lags behind, the highest counts."""
    return f"max by (show) ({gauge}{{{SHOW}}})"


LINE = Row(
    "The line",
    (
        Panel(
            "People who wait",
            "Who has a number and is not yet called.",
            each(of_each_show("room_waiting"), "show"),
        ),
        Panel(
            "Called per minute",
            "The rate that may be, and the one that is. Apart for minutes: another limit binds, or the room fails.",
            (
                Line(of_each_show("room_rate_target"), "{{show}} may be"),
                Line(of_each_show("room_rate_effective"), "{{show}} is"),
            ),
            alerts=("RoomServesTooFew",),
        ),
        Panel(
            "The limit that binds",
            "Operator: the ceiling. Lag: the allocator. Stock: places. Active: who is choosing. Phase: not open.",
            (Line(f"max by (show, which) (room_limiter{{{SHOW}}}) == 1", "{{show}} {{which}}"),),
            stacked=True,
        ),
        Panel(
            "Stands still",
            "1 while people wait, the rate is above zero, and nobody is called.",
            each(of_each_show("room_stalled"), "show"),
            alerts=("RoomStalled",),
        ),
        Panel(
            "Of those called, who do not come",
            "Over the last two minutes. High at the beginning of a sale: people are not told that it is their turn.",
            each(of_each_show("room_no_show_ratio"), "show"),
            unit="percentunit",
            alerts=("RoomManyNoShows",),
            limit=0.6,
        ),
        Panel(
            "By how much the told wait was missed",
            "How far outside of its interval the last wait ended that was told.",
            each(of_each_show("room_eta_error_seconds"), "show"),
            unit="s",
        ),
    ),
)

PEOPLE = Row(
    "People",
    (
        Panel(
            "Joining, called in, leaving",
            "Per second, all lines together.",
            (
                Line(per_second("room_issued_total"), "numbers given"),
                Line(per_second("room_admitted_total"), "places claimed"),
                Line(per_second("room_abandoned_total"), "places given up"),
            ),
        ),
        Panel(
            "Places",
            "As the allocator last said.",
            (Line(f"max by (show, state) (room_seats{{{SHOW}}})", "{{show}} {{state}}"),),
            stacked=True,
        ),
        Panel(
            "Refused",
            "Requests answered with a no, by its code.",
            each(per_second("room_refused_total", by="reason"), "reason"),
            quiet_while="nobody has been refused",
        ),
        Panel(
            "Let past the work",
            "Joins that did not have to wait because of what they showed: a code, or work done.",
            each(per_second("room_cleared_total", by="by"), "by"),
            quiet_while="joins are few enough that nobody is asked for anything",
        ),
        Panel(
            "Answers",
            "Per second, by HTTP status.",
            each(per_second("runtime_http_requests_total", by="status", where=ROOM), "status"),
            stacked=True,
        ),
        Panel(
            "How long fans wait for an answer",
            "Joining, claiming, and asking for the status.",
            times("runtime_http_request_seconds", where=f'{ROOM},call=~"join|claim|status"'),
            unit="s",
            alerts=("RoomAnswersSlowly",),
            limit=1,
        ),
    ),
)

INSIDE = Row(
    "Inside",
    (
        Panel(
            "Loops that work",
            "0 while a step of the room cannot be done, because Redis or Postgres is away for that instance.",
            (Line("min by (instance, step) (room_step_ok)", "{{instance}} {{step}}"),),
            alerts=("RoomLoopFails",),
        ),
        Panel(
            "Not in Postgres yet",
            "Joins and claims that were answered. Only Redis has them meanwhile.",
            each("sum by (instance) (room_ledger_backlog_rows)", "instance"),
            alerts=("RoomLedgerBehind",),
            limit=5000,
        ),
        Panel(
            "Lag of the allocator, as heard",
            "What the room slows down for.",
            each(of_each_show("room_allocator_lag_seconds"), "show"),
            unit="s",
        ),
        Panel(
            "How often counters were started",
            "A step means that Redis lost them. Nobody lost a place; a gap in the numbers is left.",
            each(of_each_show("room_store_generation"), "show"),
            alerts=("RoomCountersLost",),
        ),
    ),
)

ADMISSION = Board("admission", "Admission", (LINE, PEOPLE, INSIDE), shows=True)
