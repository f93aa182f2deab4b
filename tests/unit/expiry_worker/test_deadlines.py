"""Which holds are due and which end soon, told in outcomes."""

from hypothesis import given
from hypothesis import strategies as st

from expiry_worker.deadlines import (
    HOLDS_PER_COMMAND_MAX,
    STALE_ENTRIES_MAX,
    Deadlines,
    Hold,
    expire_commands,
    warning,
)
from ticketing.messages import (
    AnyOutcome,
    BookingConfirmed,
    HoldExpired,
    HoldExtended,
    HoldRefused,
    HoldReleased,
    ManyHeld,
    PaymentBegun,
    Reservation,
    SeatsHeld,
    decode_command,
    encode,
)

SECOND = 1_000
T0 = 1_800_000_000_000
SHOW = 7
PART = 3


def reservation(
    number: int, *, version: int = 1, status: str = "held", ends_at: int = T0, hold_s: int = 60
) -> Reservation:
    return Reservation(
        id=number.to_bytes(16), status=status, version=version, account="ent_anna", expires_at_ms=ends_at, hold_s=hold_s
    )


def held(number: int, *, ends_at: int, hold_s: int = 60, repeat: bool = False) -> SeatsHeld:
    of = reservation(number, ends_at=ends_at, hold_s=hold_s)
    return SeatsHeld(show=SHOW, seq=1, at_ms=T0, offset=0, reservation=of, repeat=repeat)


def outcome(kind: type[AnyOutcome], of: Reservation) -> AnyOutcome:
    return kind(show=SHOW, seq=2, at_ms=T0, offset=1, reservation=of)  # type: ignore[call-arg]


def given_holds(*outcomes: AnyOutcome) -> Deadlines:
    deadlines = Deadlines()
    for happened in outcomes:
        deadlines.learn(PART, happened)
    return deadlines


def due(deadlines: Deadlines, at: int) -> list[int]:
    return [int.from_bytes(hold.reservation) for hold in deadlines.take_due(at, 1_000)]


def soon(deadlines: Deadlines, at: int) -> list[int]:
    return [int.from_bytes(hold.reservation) for hold in deadlines.take_soon(at, 1_000)]


def test_a_hold_is_due_at_its_end_and_not_before() -> None:
    deadlines = given_holds(held(1, ends_at=T0 + 60 * SECOND), held(2, ends_at=T0 + 30 * SECOND))
    assert deadlines.next_at_ms() == T0 + 10 * SECOND, "the warning of the second"
    assert due(deadlines, T0 + 30 * SECOND - 1) == []
    assert due(deadlines, T0 + 30 * SECOND) == [2]
    assert due(deadlines, T0 + 60 * SECOND) == [2, 1], "2 again because nobody said yet that it ended"


def test_what_was_proposed_is_proposed_each_second_until_an_outcome_ends_it() -> None:
    deadlines = given_holds(held(1, ends_at=T0))
    assert due(deadlines, T0) == [1]
    assert due(deadlines, T0 + SECOND - 1) == []
    assert due(deadlines, T0 + SECOND) == [1]
    ended = deadlines.learn(PART, outcome(HoldExpired, reservation(1, version=2, status="expired")))
    assert ended is not None
    assert due(deadlines, T0 + 10 * SECOND) == []
    assert len(deadlines) == 0
    assert deadlines.next_at_ms() is None


def test_what_was_proposed_in_vain_by_a_clock_that_was_ahead_is_proposed_when_it_is_set_right() -> None:
    deadlines = given_holds(held(1, ends_at=T0), held(2, ends_at=T0 + 90 * SECOND))
    assert due(deadlines, T0 + 3600 * SECOND) == [1, 2]
    assert due(deadlines, T0 + 5 * SECOND) == [1]
    assert due(deadlines, T0 + 5 * SECOND + 500) == []
    assert due(deadlines, T0 + 90 * SECOND) == [1, 2]


def test_the_grace_delays_the_first_proposal_only() -> None:
    deadlines = Deadlines(grace_ms=15)
    deadlines.learn(PART, held(1, ends_at=T0))
    assert due(deadlines, T0 + 14) == []
    assert due(deadlines, T0 + 15) == [1]
    assert due(deadlines, T0 + 15 + SECOND) == [1]


def test_an_extension_moves_both_the_end_and_the_warning() -> None:
    deadlines = given_holds(held(1, ends_at=T0 + 60 * SECOND))
    deadlines.learn(PART, outcome(HoldExtended, reservation(1, version=2, ends_at=T0 + 120 * SECOND)))
    assert soon(deadlines, T0 + 99 * SECOND) == []
    assert due(deadlines, T0 + 119 * SECOND) == []
    assert soon(deadlines, T0 + 100 * SECOND) == [1]
    assert due(deadlines, T0 + 120 * SECOND) == [1]


def test_payment_moves_the_end_and_booking_or_release_removes_it() -> None:
    deadlines = given_holds(held(1, ends_at=T0), held(2, ends_at=T0), held(3, ends_at=T0))
    deadlines.learn(PART, outcome(PaymentBegun, reservation(1, version=2, status="paying", ends_at=T0 + 180 * SECOND)))
    deadlines.learn(PART, outcome(BookingConfirmed, reservation(2, version=2, status="booked")))
    deadlines.learn(PART, outcome(HoldReleased, reservation(3, version=2, status="released")))
    assert due(deadlines, T0 + 179 * SECOND) == []
    assert due(deadlines, T0 + 180 * SECOND) == [1]


def test_refusals_and_repeats_tell_nothing() -> None:
    deadlines = given_holds(
        HoldRefused(show=SHOW, seq=1, at_ms=T0, offset=0, code="sold_out"), held(1, ends_at=T0, repeat=True)
    )
    assert len(deadlines) == 0


def test_many_held_at_once_are_each_remembered() -> None:
    many = ManyHeld(
        show=SHOW, seq=1, at_ms=T0, offset=0, reservations=(reservation(1, ends_at=T0), reservation(2, ends_at=T0 + 1))
    )
    assert due(given_holds(many), T0 + 1) == [1, 2]


def test_the_warning_comes_a_third_of_the_hold_before_its_end_at_most_thirty_seconds() -> None:
    short = held(1, ends_at=T0 + 30 * SECOND, hold_s=30)
    long = held(2, ends_at=T0 + 300 * SECOND, hold_s=300)
    deadlines = given_holds(short, long)
    assert soon(deadlines, T0 + 20 * SECOND - 1) == []
    assert soon(deadlines, T0 + 20 * SECOND) == [1]
    assert soon(deadlines, T0 + 270 * SECOND - 1) == []
    assert soon(deadlines, T0 + 270 * SECOND) == [2]
    assert soon(deadlines, T0 + 299 * SECOND) == [], "once"


def test_nobody_is_warned_of_an_end_that_has_come() -> None:
    assert soon(given_holds(held(1, ends_at=T0)), T0) == []


def test_a_warning_that_did_not_get_out_comes_up_again() -> None:
    deadlines = given_holds(held(1, ends_at=T0 + 60 * SECOND))
    (hold,) = deadlines.take_soon(T0 + 50 * SECOND, 10)
    deadlines.warn_again(hold, T0 + 51 * SECOND)
    assert soon(deadlines, T0 + 50 * SECOND) == []
    assert soon(deadlines, T0 + 51 * SECOND) == [1]
    assert encode(warning(hold)).find(b"HoldExpiring") > 0


def test_more_than_one_step_can_bear_waits_for_the_next() -> None:
    deadlines = given_holds(*(held(number, ends_at=T0) for number in range(1, 6)))
    first = deadlines.take_due(T0, 3)
    assert [int.from_bytes(hold.reservation) for hold in first] == [1, 2, 3]
    assert deadlines.next_at_ms() == T0 - 20 * SECOND, "the warnings, whose time is over as well"
    assert due(deadlines, T0) == [4, 5]


def test_stale_entries_do_not_pile_up() -> None:
    deadlines = given_holds(held(1, ends_at=T0 + 60 * SECOND))
    for version in range(2, 3 * STALE_ENTRIES_MAX):
        deadlines.learn(
            PART, outcome(HoldExtended, reservation(1, version=version, ends_at=T0 + 60 * SECOND + version))
        )
    assert len(deadlines._due) <= STALE_ENTRIES_MAX + 2
    assert due(deadlines, T0 + 3600 * SECOND) == [1]


def hold(number: int, *, show: int = SHOW, part: int = PART, version: int = 1) -> Hold:
    return Hold(part, show, number.to_bytes(16), version, "ent_anna", T0, 60)


def test_commands_are_by_show_and_name_at_most_five_hundred() -> None:
    holds = [hold(number) for number in range(1_100)] + [hold(5_000, show=8, part=4)]
    commands = expire_commands(holds, T0)
    assert [(part, command.show, len(command.holds)) for part, command in commands] == [
        (3, 7, HOLDS_PER_COMMAND_MAX),
        (3, 7, HOLDS_PER_COMMAND_MAX),
        (3, 7, 100),
        (4, 8, 1),
    ]
    named = [entry for part, command in commands if part == PART for entry in command.holds]
    assert len(set(named)) == 1_100


def test_the_same_proposal_is_the_same_command_whoever_sends_it_and_another_is_another() -> None:
    ((_, mine),) = expire_commands([hold(1), hold(2)], T0)
    ((_, theirs),) = expire_commands([hold(2), hold(1)], T0 + 400)
    ((_, later),) = expire_commands([hold(1), hold(2, version=2)], T0)
    assert mine.key == theirs.key != later.key
    assert (mine.account, mine.keyed) == ("system", False)
    assert decode_command(encode(mine)) == mine


STEPS = st.lists(
    st.tuples(st.sampled_from(["hold", "extend", "end", "wait"]), st.integers(1, 6), st.integers(1, 90)),
    max_size=60,
)


@given(STEPS)
def test_whatever_happens_each_hold_is_due_once_its_last_end_has_come(steps: list[tuple[str, int, int]]) -> None:
    deadlines = Deadlines()
    live: dict[int, Reservation] = {}
    born: set[int] = set()
    now = T0
    for what, number, seconds in steps:
        ends_at = now + seconds * SECOND
        known = live.get(number)
        if what == "wait":
            now += seconds * SECOND
            expected = {n for n, of in live.items() if of.expires_at_ms <= now}
            # Those of the last second were proposed already and wait for their second.
            found = set(due(deadlines, now)) | set(due(deadlines, now + SECOND))
            still = {n for n, of in live.items() if of.expires_at_ms <= now + SECOND}
            assert expected <= found <= still
            now += SECOND
        elif what == "hold" and number not in born:
            born.add(number)
            live[number] = reservation(number, ends_at=ends_at)
            deadlines.learn(PART, outcome(SeatsHeld, live[number]))
        elif what == "extend" and known is not None:
            live[number] = reservation(number, version=known.version + 1, ends_at=ends_at)
            deadlines.learn(PART, outcome(HoldExtended, live[number]))
        elif what == "end" and known is not None:
            del live[number]
            ended = reservation(number, version=known.version + 1, status="released")
            deadlines.learn(PART, outcome(HoldReleased, ended))
    assert len(deadlines) == len(live)
