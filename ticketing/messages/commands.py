"""What may be asked of a show: the commands on the log, in the imperative.

Here and in `outcomes.py` structs are `gc=False`: they hold values only, so they can be in no cycle, and a room that
keeps a million of them must not have the collector walk over them again and again.
"""

from typing import Annotated

from msgspec import Meta, Struct

from ticketing.trace_context import TRACE_BYTES
from ticketing.vocabulary import DIGEST_BYTES, SEATS_PER_SHOW_MAX, OrphanRule

Key = Annotated[bytes, Meta(min_length=DIGEST_BYTES, max_length=DIGEST_BYTES)]
ShowNo = Annotated[int, Meta(ge=1, lt=2**40)]
PlaceNo = Annotated[int, Meta(ge=0, lt=SEATS_PER_SHOW_MAX)]
Count = Annotated[int, Meta(ge=1, le=SEATS_PER_SHOW_MAX)]
Moment = Annotated[int, Meta(ge=0, lt=2**53)]
Seconds = Annotated[int, Meta(ge=0, le=10 * 366 * 86400)]
# PostgreSQL's text cannot hold NUL, so it must not reach a decision.
Text = Annotated[str, Meta(max_length=200, pattern=r"^[^\x00]*\Z")]
# The same for what every command and every hold carries, where `__post_init__` looks for NUL: a pattern costs as much
# as decoding all the rest.
Name = Annotated[str, Meta(max_length=200)]
Trace = Annotated[bytes, Meta(max_length=TRACE_BYTES)]
Bound = Annotated[tuple[Text, ...], Meta(max_length=8)]
"""Whom the limits of one person bind beside `person`: hashes of an e-mail address, of what was paid with."""


class Policy(Struct, frozen=True, omit_defaults=True, gc=False):
    """The rules of one show, fixed when it opens and changed only by `ChangeShow`."""

    seats_per_hold_max: Count = 10
    seats_per_hold_partner_max: Count = 50
    max_held_seats_per_person: Count = 10
    seats_per_person_max: Annotated[int, Meta(ge=0, le=SEATS_PER_SHOW_MAX)] = 0
    """How many places of the show one person may have in all, held and booked; 0: any number. It binds the e-mail
    address and what was paid with as well, once they are known."""
    tables_per_hold_max: Count = 1
    """Whole tables; their seats do not count among the seats."""
    tables_per_hold_partner_max: Count = 10
    max_held_tables_per_person: Count = 1
    holds_at_once_max: Annotated[int, Meta(ge=0, le=SEATS_PER_SHOW_MAX)] = 0
    """How many holds one person may have at a time; 0: any number."""
    unpaid_holds_max: Annotated[int, Meta(ge=0, le=50)] = 0
    """So many holds that came to nothing within `cool_down_s` make a person wait until that is over; 0: never."""
    unpaid_holds_partner_max: Annotated[int, Meta(ge=0, le=50)] = 0
    """The same for an API key, as far as it holds for nobody; 0: never."""
    cool_down_s: Annotated[int, Meta(ge=0, le=3600)] = 600
    hold_s: Seconds = 300
    hold_max_s: Seconds = 900
    payment_s: Seconds = 180
    payment_required: bool = True
    admission_required: bool = False
    """Whether places go to those alone who come through the waiting room, so that no key holds any."""
    refund_until_s: Seconds = 24 * 3600
    """How long before the start a booking can still be cancelled."""
    orphan_rule: OrphanRule = OrphanRule.OFF
    accessible_released_at_ms: Moment = 0
    """From when on accessible seats and their companions go to anybody; 0: never."""


class Best(Struct, frozen=True, omit_defaults=True, gc=False):
    """A wish for the best available seats."""

    quantity: Count
    category: Text = ""
    section: Text = ""
    adjacent: bool = True
    accessible: bool = False


AreaCount = tuple[PlaceNo, Count]
"""`(area_no, quantity)`."""


class Command(Struct, frozen=True, kw_only=True, tag_field="kind", omit_defaults=True, gc=False):
    """What every command carries. `key` tells repeats, `fingerprint` tells two bodies under one key apart."""

    show: ShowNo
    key: Key
    sent_at_ms: Moment
    account: Name
    """Who answers for it: `ent_…` (a fan), `key_…` (a partner) or `system`."""
    person: Name = ""
    """Whom per-person limits bind; empty: nobody."""
    fingerprint: bytes = b""
    keyed: bool = True
    """False: sent without Idempotency-Key, judged by state alone."""
    trace: Trace = b""
    """Of a request that is traced: see `ticketing/trace_context.py`. Decides nothing."""

    def __post_init__(self) -> None:
        """Raises ValueError, which decoding turns into `Undecodable`."""
        if "\0" in self.account or "\0" in self.person:
            raise ValueError("text with NUL")


class OpenShow(Command, frozen=True, kw_only=True):
    layout: Text
    layout_sha256: bytes
    currency: Annotated[str, Meta(pattern=r"^[A-Z]{3}$")]
    starts_at_ms: Moment
    opens_at_ms: Moment = 0
    closes_at_ms: Moment = 0
    """0: open until it starts, or until an operator closes it."""
    prices: dict[str, int] = {}
    """Category name -> price, where the show's differs from the layout's."""
    policy: Policy = Policy()


class ChangeShow(Command, frozen=True, kw_only=True):
    policy: Policy | None = None
    prices: dict[str, int] = {}


class CloseShow(Command, frozen=True, kw_only=True):
    reason: Text = ""


class CancelShow(Command, frozen=True, kw_only=True):
    reason: Text = ""
    bookings: tuple[tuple[Key, int], ...] = ()
    """Of a show that is cancelled already: `(reservation, version)` of some that still have places, to be ended now."""


class HoldSeats(Command, frozen=True, kw_only=True):
    seats: tuple[PlaceNo, ...] = ()
    areas: tuple[AreaCount, ...] = ()
    best: Best | None = None
    partial: bool = False
    """Whether a part of the seats and areas will do; the best ones come all or not at all."""
    hold_s: Seconds = 0
    """0: as long as the show's policy says."""
    partner: bool = False
    group: bool = False
    """Whether the sender may hold the best places for a group, beyond what the show's policy lets one hold have."""
    external_id: Name = ""
    noted: bool = False
    """Whether something was noted beside it that is not on the log."""

    def __post_init__(self) -> None:
        if "\0" in self.account or "\0" in self.person or "\0" in self.external_id:
            raise ValueError("text with NUL")


class HoldMany(Command, frozen=True, kw_only=True):
    holds: tuple[HoldSeats, ...] = ()
    atomic: bool = True


class ExtendHold(Command, frozen=True, kw_only=True):
    reservation: Key
    by_s: Seconds = 0


class ReleaseHold(Command, frozen=True, kw_only=True):
    reservation: Key
    seats: tuple[PlaceNo, ...] = ()


class BeginPayment(Command, frozen=True, kw_only=True):
    reservation: Key
    provider: Text = ""
    bound: Bound = ()


class FailPayment(Command, frozen=True, kw_only=True):
    reservation: Key
    provider: Text = ""
    reason: Text = ""
    version: Annotated[int, Meta(ge=0, lt=2**31)] = 0
    """The version at which the payment was begun, so that late news of one attempt does not end the next; 0: any."""


class Payment(Struct, frozen=True, omit_defaults=True, gc=False):
    """A payment that was made elsewhere; `(provider, reference)` names it once and for ever."""

    provider: Text
    reference: Text
    amount: Annotated[int, Meta(ge=0, lt=2**53)]
    method: Text = ""


class ConfirmBooking(Command, frozen=True, kw_only=True):
    reservation: Key
    payment: Payment | None = None
    contact_hash: bytes = b""
    bound: Bound = ()


class BookNow(Command, frozen=True, kw_only=True):
    """One new booking, all or nothing: places of areas that are free, seats that the caller holds, whole reservations
    of theirs."""

    areas: tuple[AreaCount, ...] = ()
    payment: Payment | None = None
    contact_hash: bytes = b""
    seats: tuple[PlaceNo, ...] = ()
    reservations: tuple[Key, ...] = ()
    partner: bool = False
    external_id: Text = ""
    bound: Bound = ()


class ChangeBooking(Command, frozen=True, kw_only=True):
    reservation: Key
    give: tuple[PlaceNo, ...] = ()
    take: tuple[PlaceNo, ...] = ()
    partner: bool = False


class CancelBooking(Command, frozen=True, kw_only=True):
    reservation: Key
    reason: Text = ""


class ExpireHolds(Command, frozen=True, kw_only=True):
    holds: tuple[tuple[Key, int], ...] = ()
    """`(reservation, version)`: without effect on a hold that has moved on, or while it is not yet due."""


class SetAllocation(Command, frozen=True, kw_only=True):
    """Keep `share` places of the show, or of one of its categories, for a partner."""

    allocation: Text = ""
    """The partner's account."""
    share: Count = 1
    borrow: Annotated[int, Meta(ge=0, le=SEATS_PER_SHOW_MAX)] = 0
    """How many more it may have of what is kept for nobody."""
    give_back_at_ms: Moment = 0
    """From when on what it has not sold is anybody's; 0: never."""
    category: Text = ""


class ReturnAllocation(Command, frozen=True, kw_only=True):
    """Keep nothing any more; from the expiry worker: say that the time has come which `give_back_at_ms` names."""

    allocation: Text = ""
    category: Text = ""
    give_back_at_ms: Moment = 0


class BlockSeats(Command, frozen=True, kw_only=True):
    seats: tuple[PlaceNo, ...] = ()
    reason: Text = ""


class UnblockSeats(Command, frozen=True, kw_only=True):
    seats: tuple[PlaceNo, ...] = ()


AnyCommand = (
    OpenShow | ChangeShow | CloseShow | CancelShow | HoldSeats | HoldMany | ExtendHold | ReleaseHold | BeginPayment
    | FailPayment | ConfirmBooking | BookNow | ChangeBooking | CancelBooking | ExpireHolds | SetAllocation
    | ReturnAllocation | BlockSeats | UnblockSeats
)  # fmt: skip
