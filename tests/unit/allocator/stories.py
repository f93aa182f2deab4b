"""Stories of one show told in messages: who asks for what, when, and what the decider says.

Twelve seats in three rows of four (`A-1` to `C-4`; rows A and B cost 100, row C 50) and an area `floor` for ten at 20.
One hold may have four places, one person six at once; a hold lasts 60 s and may be extended to 120 s.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from allocator.answer import Moment, log_time
from allocator.draft import Draft
from allocator.seating import ABOUT_A_RESERVATION, decide
from allocator.stock import PartitionState, ShowStock
from tests.unit.allocator.at_once import said_at_once
from ticketing import messages
from ticketing.layout import AreaBody, CategoryBody, Layout, LayoutBody, build_layout, encode_layout
from ticketing.messages import AnyCommand, AnyOutcome, Payment, Policy
from ticketing.vocabulary import SYSTEM_ACCOUNT, command_key, fingerprint, provider_account

Verb = Callable[..., "Told"]
SECOND = 1_000
MINUTE = 60 * SECOND
T0 = 1_800_000_000_000
STARTS = T0 + 48 * 3600 * SECOND
SHOW = 7
PART = 3
PROVIDER = "bank"
POLICY = Policy(
    seats_per_hold_max=4,
    seats_per_hold_partner_max=8,
    max_held_seats_per_person=6,
    hold_s=60,
    hold_max_s=120,
    payment_required=False,
)


def small_layout() -> Layout:
    """The venue of every story."""
    return build_layout(
        LayoutBody(
            name="small",
            rows=3,
            seats_per_row=4,
            categories=[
                CategoryBody(name="front", price=100, rows=[1, 2]),
                CategoryBody(name="back", price=50, rows=[3]),
                CategoryBody(name="standing", price=20),
            ],
            areas=[AreaBody(label="floor", category="standing", capacity=10)],
        )
    )


LAYOUT = small_layout()
LAYOUT_ID = "lay_small"
LAYOUT_SHA256 = encode_layout(LAYOUT)[1]


NEWEST = bytes(16)
"""Stands in a command for the newest reservation of somebody, until it is said."""


@dataclass(frozen=True)
class Told:
    """One thing asked at one moment, perhaps about the newest reservation `of` somebody."""

    of: str
    at: int
    command: AnyCommand

    def again(self, at: int) -> "Told":
        """The same request with the same key, sent at another moment."""
        return replace(self, at=at)

    def complete(self, reservation: bytes, version: int) -> AnyCommand:
        """The command as it goes on the log."""
        command = msgspec.structs.replace(self.command, sent_at_ms=self.at)
        if isinstance(command, messages.ExpireHolds):
            holds = tuple(
                (reservation, wanted or version) if named == NEWEST else (named, wanted)
                for named, wanted in command.holds
            )
            return msgspec.structs.replace(command, holds=holds)
        if isinstance(command, ABOUT_A_RESERVATION) and command.reservation == NEWEST:
            return msgspec.structs.replace(command, reservation=reservation)
        return command


@dataclass
class Scene:
    """One partition with what was said so far."""

    state: PartitionState
    draft: Draft = field(default_factory=lambda: Draft(0))
    latest: dict[str, tuple[bytes, int]] = field(default_factory=dict)
    """The newest reservation of each person, with its version."""
    offset: int = 0

    @property
    def show(self) -> ShowStock:
        return self.state.shows[SHOW]

    def free(self, *labels: str) -> bool:
        """Whether all these seats can be had."""
        return all(self.show.free[LAYOUT.seat_numbers[label]] for label in labels)

    def owner(self, label: str) -> bytes | None:
        return self.show.owners.get(LAYOUT.seat_numbers[label])

    def reservation(self, who: str) -> messages.Reservation:
        """The newest reservation of `who` as it stands now."""
        record = self.show.find(self.latest[who][0])
        assert record is not None
        return record.reservation

    def say(self, told: Told, *, decided_at: int | None = None) -> list[AnyOutcome]:
        """Decide one command and let its outcomes happen."""
        command = told.complete(*self.latest.get(told.of, (NEWEST, 1)))
        self.state.last_now_ms = log_time(self.state.last_now_ms, told.at, command.sent_at_ms)
        moment = Moment(self.state.last_now_ms, told.at if decided_at is None else decided_at, self.offset)
        outcomes = decide(self.state, command, moment)
        plain = said_at_once(self.state, command, told.at, self.offset)
        assert plain in ([], outcomes), "what is plain at once is what would be decided"
        for outcome in outcomes:
            self.state.evolve(command, outcome, self.draft)
            if isinstance(outcome, messages.ReservationOutcome):
                self.latest[told.of] = outcome.reservation.id, outcome.reservation.version
        self.offset += 1
        return outcomes


def empty_partition() -> Scene:
    """A partition that knows the layout and has no show."""
    state = PartitionState(PART)
    state.layouts[LAYOUT_ID, LAYOUT_SHA256] = LAYOUT
    return Scene(state)


def given(*story: Told, policy: Policy = POLICY) -> Scene:
    """A show on sale in which all of `story` was granted."""
    scene = empty_partition()
    assert granted(scene, open_show(policy=policy), *story)
    return scene


def granted(scene: Scene, *story: Told) -> bool:
    """Whether everything asked is granted, one after the other."""
    return all([_verdict(scene.say(told)) == "" for told in story])


def refused(scene: Scene, told: Told) -> str:
    """The code of the refusal; empty if it was granted. A refusal changes nothing."""
    before = bytes(scene.show.free), dict(scene.show.live), scene.show.seq
    code = _verdict(scene.say(told))
    if code:
        assert before == (bytes(scene.show.free), dict(scene.show.live), scene.show.seq)
    return code


def refusal(scene: Scene, told: Told) -> messages.Refusal:
    """The refusal itself."""
    (outcome,) = scene.say(told)
    assert isinstance(outcome, messages.Refusal)
    return outcome


def answer(scene: Scene, told: Told) -> AnyOutcome:
    """The one outcome."""
    (outcome,) = scene.say(told)
    return outcome


def _verdict(outcomes: list[AnyOutcome]) -> str:
    if not outcomes:
        return "nothing_happened"
    return next((outcome.code for outcome in outcomes if isinstance(outcome, messages.Refusal)), "")


def account_of(who: str) -> str:
    return f"ent_{who}"


def open_show(at: int = T0, policy: Policy = POLICY, opens: int = 0, closes: int = 0) -> Told:
    command = messages.OpenShow(
        **_head("admin", "open", at),
        layout=LAYOUT_ID,
        layout_sha256=LAYOUT_SHA256,
        currency="EUR",
        starts_at_ms=STARTS,
        opens_at_ms=opens,
        closes_at_ms=closes,
        policy=policy,
    )
    return Told("", at, command)


def hold(
    who: str,
    *labels: str,
    at: int = T0,
    floor: int = 0,
    best: messages.Best | None = None,
    key: str | None = None,
    keyed: bool = True,
    partner: bool = False,
    hold_s: int = 0,
) -> Told:
    """Named seats, `floor` places in the area, the `best` ones. `key`: the caller's own; None: one of its own."""
    command = messages.HoldSeats(
        **_head(who, "hold", at, key, keyed, body=repr((labels, floor, best, hold_s))),
        person="" if partner else account_of(who),
        partner=partner,
        seats=tuple(LAYOUT.seat_numbers[label] for label in labels),
        areas=((0, floor),) if floor else (),
        best=best,
        hold_s=hold_s,
    )
    return Told(who, at, command)


def extend(
    who: str, *, at: int = T0, by_s: int = 0, key: str | None = None, keyed: bool = True, of: str | None = None
) -> Told:
    head = _head(who, "extend", at, key, keyed, body=str(by_s))
    return Told(of or who, at, messages.ExtendHold(**head, reservation=NEWEST, by_s=by_s))


def release(
    who: str, *labels: str, at: int = T0, key: str | None = None, keyed: bool = True, of: str | None = None
) -> Told:
    """All of the newest reservation, or the seats named."""
    seats = tuple(LAYOUT.seat_numbers[label] for label in labels)
    head = _head(who, "release", at, key, keyed, body=repr(labels) if labels else "")
    return Told(of or who, at, messages.ReleaseHold(**head, reservation=NEWEST, seats=seats))


def confirm(
    who: str,
    *,
    at: int = T0,
    paid: Payment | None = None,
    key: str | None = None,
    keyed: bool = True,
    of: str | None = None,
) -> Told:
    head = _head(who, "confirm", at, key, keyed, body=repr(paid))
    return Told(of or who, at, messages.ConfirmBooking(**head, reservation=NEWEST, payment=paid))


def cancel(who: str, *, at: int = T0, key: str | None = None, keyed: bool = True, of: str | None = None) -> Told:
    return Told(of or who, at, messages.CancelBooking(**_head(who, "cancel", at, key, keyed), reservation=NEWEST))


def pay(who: str, *, at: int = T0, key: str | None = None, keyed: bool = True, of: str | None = None) -> Told:
    """A payment begins."""
    head = _head(who, "pay", at, key, keyed)
    return Told(of or who, at, messages.BeginPayment(**head, reservation=NEWEST, provider=PROVIDER))


def declined(who: str, *, at: int = T0, version: int = 0) -> Told:
    """The provider says that a payment has failed."""
    head = {**_head(who, "declined", at, keyed=False), "account": provider_account(PROVIDER)}
    command = messages.FailPayment(**head, reservation=NEWEST, provider=PROVIDER, reason="declined", version=version)
    return Told(who, at, command)


def paid(who: str, amount: int, reference: str = "ref", *, at: int = T0, reservation: bytes = NEWEST) -> Told:
    """The provider says that a payment was made."""
    head = {**_head(who, f"paid {reference}", at, keyed=False), "account": provider_account(PROVIDER)}
    payment = Payment(PROVIDER, reference, amount)
    return Told(who, at, messages.ConfirmBooking(**head, reservation=reservation, payment=payment))


def expire(who: str, *, at: int, version: int = 0) -> Told:
    """The worker's proposal: the newest reservation of `who`; version 0 is the present one."""
    head = {**_head("worker", "expire", at, keyed=False), "account": SYSTEM_ACCOUNT}
    return Told(who, at, messages.ExpireHolds(**head, holds=((NEWEST, version),)))


def close_show(at: int = T0) -> Told:
    return Told("", at, messages.CloseShow(**_head("admin", "close", at)))


def _head(
    who: str, verb: str, at: int, key: str | None = None, keyed: bool = True, *, body: str = ""
) -> dict[str, Any]:
    named = str(at) if key is None else key
    return {
        "show": SHOW,
        "key": command_key(account=who, method=verb, path_template="", show=SHOW, key=named),
        "sent_at_ms": at,
        "account": account_of(who),
        "keyed": keyed,
        "fingerprint": fingerprint(body.encode()),
    }
