"""Holding and giving back by socket: from a frame to a command on the log. The verdict comes as every outcome does.

What is refused here never reached the log, and is told as `error`; whatever reached it has a verdict, which is told as
`request_decided` with the frame's id, to the socket that asked. A request means the same as over HTTP: the same
`ticketing/wishes.py`, and the same key for the same wish by whichever way it comes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from pydantic import ValidationError

from notifier import metrics
from notifier.asking import Ask, Waiting
from notifier.audience import Right
from notifier.hall import Hall
from notifier.watcher import Watcher
from ticketing import intake, messages, wishes
from ticketing.asks import HoldBody
from ticketing.clock import Clock
from ticketing.intake import Caller, Rejection, Sent
from ticketing.labels import PlaceConflict
from ticketing.messages import HoldSeats, ReleaseHold
from ticketing.problems import PROBLEMS
from ticketing.sandbox import SLOW_SOCKET_S, Asked, Forced, forced
from ticketing.socket_frames import Complaint, Decided, Hold, Problem, Release
from ticketing.vocabulary import (
    CONFLICTS_SHOWN_MAX,
    DIGEST_BYTES,
    Malformed,
    RequestStatus,
    parse_reservation,
    reservation_text,
    show_text,
)
from ticketing.wishes import Wish

LOSING = (409, 410)
"""HTTP statuses of verdicts; with any other a request has not reached the log."""
ASK_MS_MAX = 60_000
"""After so long without a verdict nobody waits any more; it is told all the same when it comes, like any other."""


_PLACED = metrics.COMMANDS.labels("placed")


@dataclass(frozen=True, slots=True)
class NotPlaced:
    """The log has not taken the command, or it is not known whether it has: a code of `ticketing/problems.py`."""

    code: str
    detail: str


class CommandLog(Protocol):
    """The topic `commands`."""

    def append(self, part: int, value: bytes, placed: Callable[[int | NotPlaced], None]) -> None:
        """`placed` is called once, now or later: with the record's offset once it is safely there, or with why not."""
        ...


class Selling:
    """`entropy(n)` gives n random bytes.

    At most `asks_max` wait for a verdict at once, in all shows together, and `asks_each_max` of one account that has no
    bound of its own; none on a partition that `is_paused`. Where one has waited for longer than `lag_max_ms` (`elapsed`
    is a clock that nobody sets) the show takes no new holds. `later(seconds, act)` acts so much later.
    """

    def __init__(
        self,
        *,
        log: CommandLog,
        clock: Clock,
        elapsed: Clock,
        entropy: Callable[[int], bytes],
        asks_max: int,
        asks_each_max: int,
        lag_max_ms: int,
        is_paused: Callable[[int], bool],
        later: Callable[[float, Callable[[], None]], object],
    ) -> None:
        self._log = log
        self._clock = clock
        self._elapsed = elapsed
        self._entropy = entropy
        self._asks_max = asks_max
        self._asks_each_max = asks_each_max
        self._lag_max_ms = lag_max_ms
        self._is_paused = is_paused
        self._later = later
        self._waiting = Waiting()

    def hold(self, hall: Hall, watcher: Watcher, said: Hold) -> Complaint | Decided | None:
        """Ask for places; why that was not even put on the log, or the verdict that a sandbox key has forced."""
        caller = self._caller(hall, watcher.right)
        if not isinstance(caller, Caller):
            return _complain(said.id, caller)
        if watcher.right is not None and watcher.right.reservation is not None:
            return _complain(said.id, Rejection("insufficient_scope", "this token is good for its one reservation"))
        raw = bytes(said.body)
        wish, slow = hall.judged.find(hall.facts, raw, partner=caller.partner), False
        if wish is None:
            judged = self._judge(hall, watcher.right, said.id, raw, partner=caller.partner)
            if not isinstance(judged, tuple):
                return judged
            wish, slow = judged
        since_ms = hall.persons.asks.waits_since_ms()
        if since_ms is not None and self._elapsed.now_ms() - since_ms > self._lag_max_ms:
            metrics.COMMANDS.labels("busy").inc()
            return _complain(said.id, Rejection("busy", "this show has more requests than it can decide at once"))
        command = wishes.ask_as_sent(wish, caller, self._sent("POST", "/api/reservations", said.key))
        if slow:
            self._later(SLOW_SOCKET_S, partial(self._ask_late, hall, watcher, command, said.id))
            return None
        return self._ask(hall, watcher, command, said.id)

    def forget_overdue(self, hall: Hall) -> None:
        """Wait no longer for the verdicts that were asked for in a hall too long ago."""
        hall.persons.asks.forget_all(self._elapsed.now_ms() - ASK_MS_MAX)

    def _judge(
        self, hall: Hall, right: Right | None, reply_to: str, raw: bytes, *, partner: bool
    ) -> tuple[Wish, bool] | Complaint | Decided:
        """What a body asks for, and whether its verdict is to be late; or what there is to say instead."""
        try:
            body = HoldBody.model_validate_json(raw, strict=True)
        except ValidationError as error:
            return _malformed(reply_to, error)
        if body.show != show_text(hall.show):
            return _complain(reply_to, Rejection("wrong_show", f"this socket sells {show_text(hall.show)} only"))
        asked = forced(body) if right is not None and right.sandbox else Asked(body)
        if isinstance(asked, Forced):
            return _force(reply_to, asked)
        wish = wishes.judge(asked.body, hall.facts, partner=partner)
        if isinstance(wish, Rejection):
            return _complain(reply_to, wish)
        if body.metadata is not None or body.reason is not None:
            # It stands in a table of ingress; what would be lost in silence is refused.
            return _complain(reply_to, Rejection("invalid_request", "metadata and reason are taken over HTTP"))
        if asked.body is body:
            hall.judged.keep(raw, wish, partner=partner)
        return wish, asked.slow

    def release(self, hall: Hall, watcher: Watcher, said: Release) -> Complaint | None:
        """Give a reservation back; why that was not even put on the log."""
        caller = self._caller(hall, watcher.right)
        if not isinstance(caller, Caller):
            return _complain(said.id, caller)
        try:
            show, reservation = parse_reservation(said.reservation)
        except Malformed:
            return _complain(said.id, Rejection("reservation_not_found", ""))
        if show != hall.show:
            return _complain(said.id, Rejection("wrong_show", f"this socket sells {show_text(hall.show)} only"))
        own = None if watcher.right is None else watcher.right.reservation
        if own is not None and own != reservation:
            only = f"the token is for {reservation_text(show, own)}"
            return _complain(said.id, Rejection("not_yours", only))
        sent = self._sent("DELETE", "/api/reservations/{reservation}", said.key)
        command = intake.release(hall.facts, reservation, caller, sent, said.seats)
        if isinstance(command, Rejection):
            return _complain(said.id, command)
        return self._ask(hall, watcher, command, said.id)

    def _caller(self, hall: Hall, right: Right | None) -> Caller | Rejection:
        if right is None:
            return Rejection("unauthenticated", "say hello with a token first")
        if right.expires_at_ms is not None and right.expires_at_ms <= self._clock.now_ms():
            return Rejection("token_expired", "say hello with a newer token")
        caller = Caller(
            right.account, partner=right.key_id is not None, roles=right.roles, show=None if right.key_id else hall.show
        )
        if caller.partner and not caller.roles & {"booking", "admin"}:
            return Rejection("insufficient_scope", "this key may read only, or sells other shows")
        return caller

    def _sent(self, method: str, path: str, key: str | None) -> Sent:
        nonce = self._entropy(DIGEST_BYTES) if key is None else b""
        return Sent(method=method, path_template=path, key=key, nonce=nonce, at_ms=self._clock.now_ms())

    def _ask(self, hall: Hall, watcher: Watcher, command: HoldSeats | ReleaseHold, reply_to: str) -> Complaint | None:
        if self._is_paused(hall.part):
            metrics.COMMANDS.labels("sales_paused").inc()
            return _complain(reply_to, Rejection("sales_paused", "no verdicts are heard of now; nothing was written"))
        if self._waiting.count >= self._asks_max:
            metrics.COMMANDS.labels("busy").inc()
            return _complain(reply_to, Rejection("busy", "too many requests are waiting for a verdict"))
        right = watcher.right
        most = self._asks_each_max if right is None or right.asks_max is None else right.asks_max
        if self._waiting.of(command.account) >= most:
            metrics.COMMANDS.labels("rate_limited").inc()
            only = f"{most} requests of yours wait for a verdict; there may be no more at once"
            return _complain(reply_to, Rejection("rate_limited", only))
        ask = Ask(watcher, command.account, command.key, reply_to, self._elapsed.now_ms(), self._waiting)
        hall.persons.asks.add(ask)
        try:
            self._log.append(hall.part, messages.encode(command), partial(self._placed, hall, ask))
        except BaseException:
            hall.persons.asks.forget(ask)
            raise
        return None

    def _ask_late(self, hall: Hall, watcher: Watcher, command: HoldSeats, reply_to: str) -> None:
        complaint = self._ask(hall, watcher, command, reply_to)
        if complaint is not None:
            watcher.tell(hall.frame("error", complaint, self._clock.now_ms()))

    def _placed(self, hall: Hall, ask: Ask, where: int | NotPlaced) -> None:
        if isinstance(where, NotPlaced):
            metrics.COMMANDS.labels(where.code).inc()
            if hall.persons.asks.forget(ask):
                data = _complain(ask.reply_to, Rejection(where.code, where.detail))
                ask.watcher.tell(hall.frame("error", data, self._clock.now_ms()))
            return
        _PLACED.inc()
        hall.persons.placed(ask, where, self._clock.now_ms())


def _complain(reply_to: str, rejection: Rejection) -> Complaint:
    problem = PROBLEMS[rejection.code]
    unknown = [PlaceConflict(label=label, reason="unknown") for label in rejection.unknown[:CONFLICTS_SHOWN_MAX]]
    return Complaint(
        code=rejection.code,
        detail=rejection.detail or problem.title,
        reply_to=reply_to,
        retryable=problem.retryable,
        conflicts=unknown or None,
    )


def _force(reply_to: str, wish: Forced) -> Complaint | Decided:
    """Losing is a verdict, also where it is forced; anything else is told as the log's edge tells it."""
    problem = PROBLEMS[wish.code]
    conflicts = [PlaceConflict(label=label, reason="held") for label in wish.lost[:CONFLICTS_SHOWN_MAX]]
    if problem.status not in LOSING:
        return _complain(reply_to, Rejection(wish.code, wish.detail))
    outcome = Problem(
        type=f"/api/problems/{wish.code}",
        title=problem.title,
        status=problem.status,
        detail=wish.detail,
        code=wish.code,
        retryable=problem.retryable,
        conflicts=conflicts or None,
        conflicts_total=len(wish.lost) or None,
    )
    return Decided(status=RequestStatus.REJECTED, outcome=outcome, reply_to=reply_to)


def _malformed(reply_to: str, error: ValidationError) -> Complaint:
    found = error.errors(include_url=False, include_context=False, include_input=False)[:CONFLICTS_SHOWN_MAX]
    errors = [{"pointer": "".join(f"/{part}" for part in each["loc"]), "code": each["type"]} for each in found]
    detail = f"{errors[0]['pointer'] or 'the body'}: {found[0]['msg']}"[:300]
    return Complaint(code="invalid_request", detail=detail, reply_to=reply_to, errors=errors)
