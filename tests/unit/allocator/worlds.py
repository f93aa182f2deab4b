"""Halls in many states, of which the decider and those who only look know the same; and what may be asked of them."""

from collections.abc import Iterator
from random import Random
from typing import Any

import msgspec

from allocator.answer import Moment
from allocator.draft import Draft
from allocator.seating import decide
from allocator.stock import PartitionState, ShowStock
from ticketing import messages, wishes
from ticketing.asks import AreaAsk, BestAsk, HoldBody
from ticketing.intake import Caller, Rejection, ShowFacts
from ticketing.layout import (
    AreaBody,
    Bookable,
    CategoryBody,
    LayoutBody,
    RowBody,
    SeatBody,
    SectionBody,
    TableBody,
    build_layout,
    encode_layout,
)
from ticketing.messages import AnyOutcome, Policy
from ticketing.show_view import ShowView
from ticketing.vocabulary import OrphanRule, show_text

T0 = 1_800_000_000_000
HOUR = 3_600_000
SHOW, PART = 7, 3
CLUB, AGENCY, ANNA = "key_club", "key_agency", "ent_anna"
WORLDS, ASKS = 120, 8


def row(label: str, category: str, count: int) -> RowBody:
    """A row; the first one begins with an accessible seat and its companion's."""
    seats = [SeatBody(label=f"{label}-{number}", x=30 * number, y=30 * ord(label)) for number in range(1, count + 1)]
    if label == "A":
        seats[0] = seats[0].model_copy(update={"accessible": True})
        seats[1] = seats[1].model_copy(update={"companion_of": "A-1"})
    return RowBody(label=label, category=category, seats=seats)


HALL = build_layout(
    LayoutBody(
        categories=[
            CategoryBody(name="front", price=900), CategoryBody(name="back", price=500),
            CategoryBody(name="supper", price=2000), CategoryBody(name="standing", price=300),
        ],
        sections=[SectionBody(name="stalls", rows=[row("A", "front", 7), row("B", "front", 6), row("C", "back", 6)])],
        tables=[
            TableBody(label="T1", x=0, y=300, seats=4, category="supper"),
            TableBody(label="T2", x=200, y=300, seats=4, category="supper"),
            TableBody(label="B1", x=400, y=300, seats=4, category="supper", bookable=Bookable.BOTH),
            TableBody(label="S1", x=600, y=300, seats=4, category="supper", bookable=Bookable.SEATS),
        ],
        areas=[AreaBody(label="floor", category="standing", capacity=10)],
    )
)  # fmt: skip
SHA256 = encode_layout(HALL)[1]
CATEGORIES = [category.name for category in HALL.categories]
LABELS = [seat.label for seat in HALL.seats]


class World:
    """One hall in some state: what the decider knows of it, and what is seen of it."""

    def __init__(self, dice: Random) -> None:
        self.dice = dice
        self.state = PartitionState(PART)
        self.state.layouts["lay_hall", SHA256] = HALL
        self.view = ShowView(HALL)
        self.offset = 0
        self.policy = Policy(
            seats_per_hold_max=6,
            seats_per_hold_partner_max=12,
            max_held_seats_per_person=dice.choice((100, 100, 4)),
            holds_at_once_max=dice.choice((0, 0, 2)),
            tables_per_hold_max=1,
            max_held_tables_per_person=dice.choice((10, 1)),
            orphan_rule=dice.choice(list(OrphanRule)),
            accessible_released_at_ms=dice.choice((0, T0 - 1, T0 + HOUR)),
        )
        self.facts = ShowFacts(show=SHOW, part=PART, venue="ven", layout=HALL, policy=self.policy)
        opened = messages.OpenShow(
            **self.head("key_house"), layout="lay_hall", layout_sha256=SHA256, currency="EUR", starts_at_ms=T0 + HOUR,
            policy=self.policy,
        )  # fmt: skip
        self.say(opened)
        self.fill()
        self.policy = msgspec.structs.replace(self.policy, admission_required=dice.random() < 0.1)
        self.say(messages.ChangeShow(**self.head("key_house"), policy=self.policy))

    def head(self, account: str) -> dict[str, Any]:
        self.offset += 1
        key = self.offset.to_bytes(16)
        return {"show": SHOW, "key": key, "fingerprint": key[8:], "sent_at_ms": T0, "account": account}

    def say(self, command: messages.AnyCommand) -> list[AnyOutcome]:
        outcomes = decide(self.state, command, Moment(T0, T0, self.offset))
        for outcome in outcomes:
            self.state.evolve(command, outcome, Draft(0))
            self.view.apply(outcome)
        return outcomes

    def fill(self) -> None:
        """Some seats are blocked, some places held and booked, and some of the rest is kept for partners."""
        dice = self.dice
        self.say(messages.BlockSeats(**self.head("key_house"), seats=(dice.randrange(len(LABELS)),), reason="camera"))
        for account in dice.choices((CLUB, AGENCY, "key_other", ANNA), k=dice.randrange(9)):
            seats = tuple(sorted(dice.sample(range(len(LABELS)), dice.randint(1, 4))))
            areas = ((0, dice.randint(1, 4)),) if dice.random() < 0.4 else ()
            person = ANNA if account == ANNA else ""
            held = messages.HoldSeats(
                **self.head(account), person=person, partner=not person, seats=seats, areas=areas, partial=True
            )
            said = self.say(held)
            if isinstance(said[0], messages.SeatsHeld) and dice.random() < 0.5:
                self.say(messages.ConfirmBooking(**self.head(account), reservation=held.key))
        for account in (CLUB, AGENCY):
            for category in dice.choice(((), ("",), ("front",), ("front", "standing"), ("supper",))):
                kept = messages.SetAllocation(
                    **self.head("key_house"), allocation=account, category=category, share=dice.randint(1, 12),
                    borrow=dice.choice((0, 0, 2)), give_back_at_ms=dice.choice((0, 0, T0 + HOUR)),
                )  # fmt: skip
                self.say(kept)

    @property
    def show(self) -> ShowStock:
        return self.state.shows[SHOW]

    def body(self) -> HoldBody:
        """Something that might be asked for."""
        dice = self.dice
        named = dice.choice(((), dice.sample(LABELS, dice.randint(1, 3)), self.beside_each_other()))
        best = BestAsk(
            quantity=dice.randint(1, 5),
            category=dice.choice((None, *CATEGORIES)),
            adjacent=dice.random() < 0.7,
            accessible=dice.random() < 0.15,
        )
        return HoldBody(
            show=show_text(SHOW),
            seats=list(named),
            tables=dice.choice(([], [], [], ["T1"], ["T2"], ["T1", "T2"], ["B1"])),
            areas=[AreaAsk(area="floor", quantity=dice.randint(1, 5))] if dice.random() < 0.3 else [],
            best=best if dice.random() < 0.5 else None,
            partial=dice.random() < 0.3,
        )

    def beside_each_other(self) -> list[str]:
        first = self.dice.randrange(len(LABELS))
        return LABELS[first : first + self.dice.randint(1, 4)]

    def ask(self) -> tuple[messages.HoldSeats, messages.AnyOutcome] | None:
        """Somebody asks for something, and what they are answered; nothing comes of it. None: nobody may ask so."""
        account = self.dice.choice((ANNA, CLUB, AGENCY, "key_other"))
        caller = Caller(account, partner=account.startswith("key"), roles=frozenset())
        wish = wishes.judge(self.body(), self.facts, partner=caller.partner)
        if isinstance(wish, Rejection):
            return None
        self.offset += 1
        command = wishes.ask(wish, caller, key=self.offset.to_bytes(16), keyed=True, at_ms=T0)
        return command, self.decide(command)

    def decide(self, command: messages.HoldSeats) -> AnyOutcome:
        """What is decided, without that it happens."""
        (outcome,) = decide(self.state, command, Moment(T0, T0, self.offset))
        return outcome


def asked_in_many_worlds() -> Iterator[tuple[World, messages.HoldSeats, AnyOutcome]]:
    """`ASKS` each in `WORLDS` worlds."""
    for seed in range(WORLDS):
        world = World(Random(seed))
        for _ in range(ASKS):
            asked = world.ask()
            if asked is not None:
                yield world, *asked
