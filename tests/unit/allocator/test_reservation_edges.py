"""Every edge of a reservation's life, and none beside it."""

import pytest

from tests.unit.allocator.stories import (
    MINUTE,
    SECOND,
    T0,
    Told,
    cancel,
    confirm,
    declined,
    expire,
    extend,
    given,
    hold,
    paid,
    pay,
    refused,
    release,
)
from ticketing.messages import Payment, Policy
from ticketing.vocabulary import NEW, RESERVATION_EDGES, ReservationStatus

POLICY = Policy(hold_s=60, hold_max_s=120, payment_s=180)

UNTIL: dict[str, tuple[Told, ...]] = {
    NEW: (),
    "held": (hold("anna", "A-1"),),
    "paying": (hold("anna", "A-1"), pay("anna")),
    "booked": (hold("anna", "A-1"), paid("anna", 100, "first")),
    "released": (hold("anna", "A-1"), release("anna")),
    "expired": (hold("anna", "A-1"), expire("anna", at=T0 + 60 * SECOND)),
    "cancelled": (hold("anna", "A-1"), paid("anna", 100, "first"), cancel("anna")),
}
LATER = T0 + 10 * MINUTE
STEPS: dict[str, Told] = {
    "hold": hold("anna", "A-1", at=LATER, key="another"),
    "extend": extend("anna", at=LATER),
    "pay": pay("anna", at=LATER),
    "declined": declined("anna", at=LATER),
    "paid": paid("anna", 100, "later", at=LATER),
    "confirm": confirm("anna", at=LATER, paid=Payment("cash", "till", 100)),
    "release": release("anna", at=LATER),
    "expire": expire("anna", at=LATER),
    "cancel": cancel("anna", at=LATER),
}
TAKEN: dict[tuple[str, str], str] = {
    (NEW, "hold"): "held",
    ("held", "extend"): "held",
    ("held", "pay"): "paying",
    ("held", "paid"): "booked",
    ("held", "confirm"): "booked",
    ("held", "release"): "released",
    ("held", "expire"): "expired",
    ("paying", "declined"): "held",
    ("paying", "paid"): "booked",
    ("paying", "confirm"): "booked",
    ("paying", "release"): "released",
    ("paying", "expire"): "expired",
    ("expired", "paid"): "booked",
    ("booked", "cancel"): "cancelled",
}


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("state", UNTIL)
def test_each_step_from_each_state_is_taken_or_changes_nothing(state: str, step: str) -> None:
    show = given(*UNTIL[state], policy=POLICY)
    if state == NEW and step != "hold":
        assert refused(show, STEPS[step]) in {"reservation_not_found", "nothing_happened"} or step == "paid"
        return
    if state != NEW and step == "hold":
        return  # another reservation's life
    before = None if state == NEW else show.reservation("anna")
    show.say(STEPS[step])
    wanted = TAKEN.get((state, step))
    if wanted is None:
        assert show.reservation("anna") == before
        return
    after = show.reservation("anna")
    assert (after.status, after.version) == (wanted, before.version + 1 if before else 1)
    assert wanted in RESERVATION_EDGES[state]


def test_the_steps_above_are_the_table_but_for_what_others_test() -> None:
    told = {(state, after) for (state, _), after in TAKEN.items()}
    table = {(state, str(after)) for state, edges in RESERVATION_EDGES.items() for after in edges}
    # Bookings made at once, and those that change.
    assert table - told == {(NEW, "booked"), ("booked", "booked")}
    assert told <= table
    assert set(UNTIL) == {NEW, *ReservationStatus}
