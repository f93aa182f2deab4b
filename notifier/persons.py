"""Those who watch one show and have said who they are: each hears what became of its own wishes and reservations."""

from collections import OrderedDict
from collections.abc import Callable

import msgspec

from notifier import bodies, metrics
from notifier.asking import Ask, Asks
from notifier.audience import REQUEST_DECIDED, Right, Telling, may_hear, tellings
from notifier.frames import Frame, frame
from notifier.recall import Event, Recall
from notifier.watcher import Watcher
from ticketing.messages import HoldExpiring, Reservation, ReservationOutcome, SeatsHeld, ShowOpened
from ticketing.socket_frames import Resync
from ticketing.telling import Where
from ticketing.vocabulary import UNPAID_STATUSES, event_text, reservation_text

WARNED_MAX = 100_000

SignFinish = Callable[[int, Reservation], str]
"""The token with which a reservation of a show can be finished."""


class Persons:
    """`where` is the show, `recall` what happened in it lately. Moments are given as `now_ms`."""

    def __init__(self, *, part: int, where: Where, recall: Recall, sign_finish: SignFinish) -> None:
        self.asks = Asks()
        self._part = part
        self._where = where
        self._recall = recall
        self._sign_finish = sign_finish
        self._now_ms = 0
        self._by_account: dict[str, dict[Watcher, None]] = {}
        self._held_back: list[Watcher] = []
        self._admins: dict[Watcher, None] = {}
        # Reservation -> the last version that is not to be warned of: it was, or it is over.
        self._warned: OrderedDict[bytes, int] = OrderedDict()

    def identify(self, watcher: Watcher, right: Right | None) -> None:
        """From now on the socket hears what this right lets it hear."""
        self.forget(watcher)
        watcher.right = right
        watcher.notice_closes_at_ms = None
        if right is not None:
            self._by_account.setdefault(right.account, {})[watcher] = None
            if right.admin:
                self._admins[watcher] = None

    def forget(self, watcher: Watcher) -> None:
        """It is nobody from now on."""
        if watcher.right is not None:
            same = self._by_account.get(watcher.right.account, {})
            same.pop(watcher, None)
            if not same:
                self._by_account.pop(watcher.right.account, None)
        self._admins.pop(watcher, None)

    def absorb(self, event: Event, now_ms: int) -> None:
        """One outcome of the show happened. Who asked for it is told with `take_held_back`."""
        self._now_ms = now_ms
        outcome = event.outcome
        if isinstance(outcome, ShowOpened):
            self._where = msgspec.structs.replace(self._where, currency=outcome.currency)
        if isinstance(outcome, ReservationOutcome) and not outcome.repeat:
            self._note_version(outcome.reservation)
        # An admin may be the owner as well, or have asked for it: one outcome is told once.
        told = set(self.asks.hear(event, self._answer_soon))
        for telling in tellings(outcome):
            made: Frame | None = None
            for watcher in list(self._listeners(telling)):
                if watcher.right is not None and watcher not in told and may_hear(watcher.right, outcome):
                    made = made or self._frame(telling.kind, event)
                    watcher.tell(made)
                    told.add(watcher)

    def placed(self, ask: Ask, offset: int, now_ms: int) -> None:
        """The log has what was asked for."""
        self._now_ms = now_ms
        self.asks.placed(ask, offset, self._answer, self._tell_late)

    def warn(self, warning: HoldExpiring, made: Frame) -> bool:
        """Tell the owner that a hold ends soon; False when that was told already, or is true no longer."""
        if not self._pass_over(warning.reservation, warning.version):
            return False
        for watcher in list(self._by_account.get(warning.account, ())):
            right = watcher.right
            if right is not None and right.reservation in (None, warning.reservation):
                watcher.tell(made)
        return True

    def replay(self, watcher: Watcher, after_seq: int, now_ms: int, seq: int) -> None:
        """Tell again what the socket's person may have missed after `after_seq`; say so where that cannot be known.

        `seq`: the number that the show stands at.
        """
        right = watcher.right
        if right is None:
            return
        self._now_ms = now_ms
        if not self._recall.reaches(after_seq):
            lost = frame("resync_required", Resync(reason="too_long_ago"), show=self._where.show, seq=seq, at_ms=now_ms)
            watcher.tell(lost)
        for event in self._recall.since(after_seq):
            for telling in tellings(event.outcome):
                if telling.account == right.account and may_hear(right, event.outcome):
                    watcher.tell(self._frame(telling.kind, event))
                    metrics.REPLAYED.inc()

    def _listeners(self, telling: Telling) -> dict[Watcher, None]:
        return self._admins if telling.admins else self._by_account.get(telling.account, {})

    def take_held_back(self) -> list[Watcher]:
        """The sockets whose frames wait for `Watcher.let_go` since this was last asked."""
        held_back, self._held_back = self._held_back, []
        return held_back

    def _answer_soon(self, ask: Ask, event: Event) -> None:
        watcher, verdict = ask.watcher, self._verdict(ask, event)
        if watcher.takes:
            watcher.hold_back(verdict)
            self._held_back.append(watcher)
        else:
            watcher.tell(verdict)

    def _answer(self, ask: Ask, event: Event) -> None:
        ask.watcher.tell(self._verdict(ask, event))

    def _verdict(self, ask: Ask, event: Event) -> Frame:
        token = None
        if isinstance(event.outcome, SeatsHeld):
            token = self._sign_finish(self._where.show, event.outcome.reservation)
        return self._frame(REQUEST_DECIDED, event, ask.reply_to, token)

    def _tell_late(self, watcher: Watcher, event: Event) -> None:
        for telling in tellings(event.outcome):
            if watcher in self._listeners(telling) and watcher.right and may_hear(watcher.right, event.outcome):
                watcher.tell(self._frame(telling.kind, event))
                return

    def _frame(self, kind: str, event: Event, reply_to: str | None = None, token: str | None = None) -> Frame:
        outcome = event.outcome
        data = bodies.decided(
            outcome, part=self._part, log_gen=event.log_gen, where=self._where, reply_to=reply_to, token=token
        )
        name = event_text(self._part, event.log_gen, outcome.offset, outcome.index)
        return frame(kind, data, show=self._where.show, seq=outcome.seq, at_ms=self._now_ms, event=name)

    def _note_version(self, reservation: Reservation) -> None:
        if reservation.status not in UNPAID_STATUSES:
            self._pass_over(reservation.id, reservation.version)
        elif reservation.version > 1:
            self._pass_over(reservation.id, reservation.version - 1)

    def _pass_over(self, reservation: bytes, version: int) -> bool:
        """Warn of no version up to this one; False when that was so before."""
        if self._warned.get(reservation, 0) >= version:
            return False
        self._warned[reservation] = version
        self._warned.move_to_end(reservation)
        if len(self._warned) > WARNED_MAX:
            self._warned.popitem(last=False)
        return True


def warning_event(show: int, warning: HoldExpiring) -> str:
    """The id by which a warning heard twice is told."""
    return f"{reservation_text(show, warning.reservation)}.{warning.version}.expiring"
