"""A small show, what happens in it, and those who watch: told without a server."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from notifier.hall import Hall
from notifier.ports import Limits
from notifier.recall import Event
from notifier.watcher import Watcher
from ticketing.intake import ShowFacts
from ticketing.layout import AreaBody, CategoryBody, Layout, LayoutBody, build_layout
from ticketing.messages import (
    AnyOutcome,
    BookingCancelled,
    BookingConfirmed,
    HoldExpired,
    HoldExtended,
    HoldReleased,
    Policy,
    Reservation,
    SeatsHeld,
    encode_outcomes,
)
from ticketing.show_view import STATUS_NAMES, ShowView
from ticketing.vocabulary import SYSTEM_ACCOUNT, reservation_text

SECOND = 1_000
T0 = 1_800_000_000_000
SHOW = 7
PART = 3
VENUE = "ven_1"


def small_layout() -> Layout:
    """Two rows of six, and standing room for a hundred."""
    return build_layout(
        LayoutBody(
            rows=2,
            seats_per_row=6,
            categories=[CategoryBody(name="standard", price=500)],
            areas=[AreaBody(label="floor", category="standard", capacity=100)],
        )
    )


class Sale:
    """Makes outcomes as the allocator would: numbers in order, versions counted."""

    def __init__(self, seq: int = 0) -> None:
        self.seq = seq
        self.offset = 0
        self.live: dict[int, Reservation] = {}
        self._born = 0

    def hold(
        self, account: str, seats: Sequence[int] = (), areas: Sequence[tuple[int, int]] = (), ends_at: int = T0
    ) -> SeatsHeld:
        """Somebody gets places."""
        self._born += 1
        prices = (500,) * (len(seats) + len(areas))
        reservation = Reservation(
            id=self._born.to_bytes(16),
            status="held",
            version=1,
            account=account,
            seats=tuple(seats),
            areas=tuple(areas),
            prices=prices,
            amount=500 * len(seats) + sum(500 * quantity for _, quantity in areas),
            held_at_ms=T0,
            expires_at_ms=ends_at,
            hold_s=60,
        )
        self.live[self._born] = reservation
        return SeatsHeld(**self._head(account), reservation=reservation)

    def last(self) -> int:
        """The number of the reservation born last."""
        return self._born

    def confirm(self, number: int) -> BookingConfirmed:
        """The owner buys."""
        booked = self._move(number, "booked")
        return BookingConfirmed(**self._head(booked.account), reservation=booked)

    def extend(self, number: int) -> HoldExtended:
        """The owner needs more time."""
        extended = self._move(number, "held")
        return HoldExtended(**self._head(extended.account), reservation=extended)

    def release(self, number: int) -> HoldReleased:
        """The owner gives back."""
        released = self._move(number, "released")
        return HoldReleased(**self._head(released.account), reservation=released)

    def expire(self, number: int) -> HoldExpired:
        """Time is over."""
        return HoldExpired(**self._head(SYSTEM_ACCOUNT), reservation=self._move(number, "expired"))

    def cancel(self, number: int, by: str = "") -> BookingCancelled:
        """A booking is given back, by its owner or by somebody else."""
        cancelled = self._move(number, "cancelled")
        return BookingCancelled(**self._head(by or cancelled.account), reservation=cancelled)

    def refused(self, kind: type[Any], account: str, **content: Any) -> AnyOutcome:
        """A "no": the show's number stays."""
        self.offset += 1
        outcome: AnyOutcome = kind(show=SHOW, seq=self.seq, at_ms=T0, offset=self.offset, account=account, **content)
        return outcome

    def _move(self, number: int, status: str) -> Reservation:
        old = self.live[number]
        moved = Reservation(
            id=old.id,
            status=status,
            version=old.version + 1,
            account=old.account,
            seats=old.seats,
            areas=old.areas,
            prices=old.prices,
            amount=old.amount,
            held_at_ms=old.held_at_ms,
            expires_at_ms=old.expires_at_ms,
            hold_s=old.hold_s,
            booked_at_ms=T0 if status == "booked" else 0,
        )
        self.live[number] = moved
        if status in ("released", "expired", "cancelled"):
            del self.live[number]
        return moved

    def _head(self, account: str) -> dict[str, Any]:
        self.seq += 1
        self.offset += 1
        return {"show": SHOW, "seq": self.seq, "at_ms": T0, "offset": self.offset, "account": account}


class FakeWire:
    """A socket that takes frames until it is told to be slow: then it takes one more, and no other until freed."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.writes = 0
        self.slow = False
        self.closed: tuple[int, str] | None = None
        self.was_cut = False
        self.watcher: Watcher | None = None
        self._busy = False

    @property
    def busy(self) -> bool:
        return self._busy

    @busy.setter
    def busy(self, busy: bool) -> None:
        self._busy = busy
        if self.watcher is not None:
            self.watcher.settle()

    def write(self, packed: bytes) -> None:
        assert not self.busy, "nothing may be written to a busy socket"
        assert self.closed is None, "nothing may be written to a closed socket"
        self.frames += split(packed)
        self.writes += 1
        self.busy = self.slow

    def close(self, code: int, reason: str) -> None:
        assert self.closed is None
        self.closed = (code, reason)

    def cut(self) -> None:
        self.was_cut = True

    def is_open(self) -> bool:
        """Whether nobody has closed it."""
        return self.closed is None

    def told(self, kind: str = "") -> list[dict[str, Any]]:
        """The frames of one kind, or all, as the client reads them."""
        frames = [json.loads(text_of(packed)) for packed in self.frames]
        return [frame for frame in frames if kind in ("", frame["type"])]


def split(written: bytes) -> list[bytes]:
    """The frames of one write."""
    start, stop = _ends(written)
    assert stop <= len(written)
    return [written] if stop == len(written) else [written[:stop], *split(written[stop:])]


def text_of(packed: bytes) -> bytes:
    """What a client reads of a frame that is sent to it."""
    start, stop = _ends(packed)
    assert len(packed) == stop
    return packed[start:]


def _ends(packed: bytes) -> tuple[int, int]:
    """Where the payload of the first frame begins and ends, by the framing of RFC 6455."""
    assert packed[0] == 0x81, "one whole text"
    size, start = packed[1], 2
    if size >= 126:
        start = 4 if size == 126 else 10
        size = int.from_bytes(packed[2:start])
    return start, start + size


@dataclass
class Picture:
    """What a client that keeps to the rules believes, from the frames alone."""

    seq: int = -1
    seats: dict[str, str] = field(default_factory=dict)
    areas: dict[str, int] = field(default_factory=dict)

    def read(self, frame: dict[str, Any]) -> None:
        """Take a public frame in; anything that does not fit is a defect of the server."""
        data = frame["data"]
        if frame["type"] == "snapshot":
            self.seq = data["seq"]
            self.seats = {label: status for status, labels in data["seats"].items() for label in labels}
            self.areas = dict(data["areas"])
        elif frame["type"] == "seat_status_changed":
            assert data["from_seq"] == self.seq + 1, "gapless"
            assert data["to_seq"] == frame["seq"]
            self.seq = data["to_seq"]
            for status, labels in data["seats"].items():
                self.seats |= dict.fromkeys(labels, status)
            self.areas |= data["areas"]

    def known(self) -> tuple[int, dict[str, str], dict[str, int]]:
        """Number, seats that are not available, places left in areas."""
        return self.seq, {label: status for label, status in self.seats.items() if status != "available"}, self.areas


def truth(view: ShowView) -> tuple[int, dict[str, str], dict[str, int]]:
    """The same of a view."""
    layout = view.layout
    taken = {layout.seats[seat].label: str(STATUS_NAMES[mark]) for seat, mark in enumerate(view.seats) if mark}
    return view.seq, taken, {area.label: view.area_left(number) for number, area in enumerate(layout.areas)}


def hall_at(seq: int = 0, *, changes_max: int = 1_000, events_max: int = 1_000, batch_seq: int = 0) -> Hall:
    """An empty show."""
    layout = small_layout()
    return Hall(
        facts=ShowFacts(SHOW, PART, VENUE, layout, Policy()),
        currency="EUR",
        view=ShowView(layout, seq=seq),
        batch_seq=batch_seq,
        limits=Limits(changes_max=changes_max, events_max=events_max),
        sign_finish=lambda show, reservation: f"to finish {reservation_text(show, reservation.id)}",
    )


def happens(hall: Hall, *outcomes: AnyOutcome, now_ms: int = T0) -> None:
    """The hall learns of outcomes."""
    for outcome in outcomes:
        hall.absorb(Event(0, outcome), now_ms, now_ms)
    hall.let_go()


def flush(hall: Hall, now_ms: int = T0) -> None:
    """One round to all who are in step."""
    if hall.flush_in_ms(0) is not None:
        list(hall.flush(now_ms))


def watching(hall: Hall, after_seq: int | None = None) -> tuple[Watcher, FakeWire]:
    """Somebody who has said hello."""
    wire = FakeWire()
    watcher = wire.watcher = Watcher(wire, T0)
    watcher.greeted = True
    hall.add(watcher)
    hall.start(watcher, after_seq, T0)
    return watcher, wire


@dataclass(frozen=True)
class FakeBatch:
    """`notifier.ports.Batch`."""

    batch_seq: int
    payload: bytes
    part: int = PART
    log_gen: int = 0
    decided_at_ms: int = T0


def batch(batch_seq: int, *outcomes: AnyOutcome) -> FakeBatch:
    """Outcomes as they come over the log."""
    return FakeBatch(batch_seq, encode_outcomes(list(outcomes)))
