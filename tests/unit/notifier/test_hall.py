"""One show and its watchers: who is slow, who comes late, who is told what."""

from hypothesis import given, settings
from hypothesis import strategies as st

from notifier.audience import Right
from notifier.watcher import PERSONAL_WAITING_MAX, Watcher
from tests.unit.notifier.theatre import (
    SECOND,
    SHOW,
    T0,
    FakeWire,
    Picture,
    Sale,
    flush,
    hall_at,
    happens,
    truth,
    watching,
)
from ticketing.messages import HoldExpiring, HoldRefused, ShowClosed


def test_a_newcomer_gets_a_snapshot_then_what_changes() -> None:
    hall, sale = hall_at(), Sale()
    happens(hall, sale.hold("ent_anna", [0, 1], [(0, 40)]))
    _, wire = watching(hall)
    assert [frame["type"] for frame in wire.told()] == ["snapshot"]
    snapshot = wire.told()[0]["data"]
    assert snapshot["seats"] == {"held": ["A-1", "A-2"], "booked": [], "blocked": []}
    assert snapshot["areas"] == {"floor": 60}
    assert snapshot["counts"] == {"total": 112, "available": 70, "held": 42, "booked": 0, "blocked": 0}
    happens(hall, sale.confirm(1), sale.hold("ent_ben", [3]))
    flush(hall)
    (changed,) = wire.told("seat_status_changed")
    assert (changed["data"]["from_seq"], changed["data"]["to_seq"], changed["seq"]) == (2, 3, 3)
    assert changed["data"]["seats"] == {"booked": ["A-1", "A-2"], "held": ["A-4"]}


def test_all_who_are_in_step_get_one_and_the_same_frame() -> None:
    hall, sale = hall_at(), Sale()
    wires = [watching(hall)[1] for _ in range(600)]
    happens(hall, sale.hold("ent_anna", [0]))
    rounds = list(hall.flush(T0))
    assert len(rounds) == 2, "others get their turn twice on the way"
    assert len({id(wire.frames[-1]) for wire in wires}) == 1
    assert len(wires[0].told("seat_status_changed")) == 1


def test_a_slow_reader_gets_what_it_missed_as_one_frame_and_delays_nobody() -> None:
    hall, sale = hall_at(), Sale()
    slow, slow_wire = watching(hall)
    _, quick_wire = watching(hall)
    slow_wire.slow = True
    for seat in range(5):
        happens(hall, sale.hold("ent_anna", [seat]))
        flush(hall)
    assert len(quick_wire.told("seat_status_changed")) == 5
    assert len(slow_wire.told("seat_status_changed")) == 1, "it took one before it was busy"
    slow_wire.slow = slow_wire.busy = False
    hall.drained(slow, T0)
    last = slow_wire.told("seat_status_changed")[-1]["data"]
    assert (last["from_seq"], last["to_seq"]) == (2, 5)


def test_a_slow_reader_that_is_too_far_behind_gets_a_snapshot() -> None:
    hall, sale = hall_at(changes_max=3), Sale()
    slow, wire = watching(hall)
    wire.slow = wire.busy = True
    for seat in range(5):
        happens(hall, sale.hold("ent_anna", [seat]))
        flush(hall)
    wire.slow = wire.busy = False
    hall.drained(slow, T0)
    assert [frame["type"] for frame in wire.told()] == ["snapshot", "snapshot"]
    assert wire.told()[-1]["seq"] == 5


def test_who_resumes_gets_the_rest_and_who_cannot_gets_a_snapshot() -> None:
    hall, sale = hall_at(seq=10), Sale(seq=10)
    happens(hall, sale.hold("ent_anna", [0]), sale.hold("ent_ben", [1]))
    _, resumed = watching(hall, after_seq=11)
    assert resumed.told()[0]["data"]["from_seq"] == 12
    _, current = watching(hall, after_seq=12)
    assert current.told() == []
    for unknown in (3, 99):
        _, lost = watching(hall, after_seq=unknown)
        assert [frame["type"] for frame in lost.told()] == ["snapshot"]


def test_who_came_between_two_rounds_is_not_told_twice() -> None:
    hall, sale = hall_at(), Sale()
    happens(hall, sale.hold("ent_anna", [0]))
    _, wire = watching(hall)
    happens(hall, sale.hold("ent_anna", [1]))
    flush(hall)
    assert [frame["seq"] for frame in wire.told()] == [1, 2]
    assert wire.told()[1]["data"]["from_seq"] == 2


def test_persons_hear_of_their_own_and_of_nobody_elses() -> None:
    hall, sale = hall_at(), Sale()
    (anna, annas), (ben, bens), (_, public) = watching(hall), watching(hall), watching(hall)
    hall.identify(anna, Right("ent_anna"))
    hall.identify(ben, Right("ent_ben"))
    happens(hall, sale.hold("ent_anna", [0]), sale.refused(HoldRefused, "ent_ben", code="seats_unavailable"))
    assert [frame["data"]["status"] for frame in annas.told("request_decided")] == ["granted"]
    assert [frame["data"]["status"] for frame in bens.told("request_decided")] == ["rejected"]
    happens(hall, sale.expire(1))
    (expired,) = annas.told("reservation_expired")
    assert expired["id"] == "evt_000300000000000000030000"
    assert expired["seq"] == 2
    assert bens.told("reservation_expired") == []
    assert {frame["type"] for frame in public.told()} == {"snapshot"}


def test_admins_hear_of_bookings_and_an_admin_who_owns_it_hears_once() -> None:
    hall, sale = hall_at(), Sale()
    (office, offices), (owner, owners) = watching(hall), watching(hall)
    hall.identify(office, Right("key_office", roles=frozenset({"admin"})))
    hall.identify(owner, Right("key_owner", roles=frozenset({"admin"})))
    happens(hall, sale.hold("key_owner", [0]), sale.confirm(1))
    assert len(offices.told("booking_confirmed")) == len(owners.told("booking_confirmed")) == 1
    assert offices.told("request_decided") == []


def test_another_token_ends_what_the_first_one_let_hear() -> None:
    hall, sale = hall_at(), Sale()
    anna, wire = watching(hall)
    hall.identify(anna, Right("ent_anna"))
    hall.identify(anna, None)
    happens(hall, sale.hold("ent_anna", [0]))
    assert wire.told("request_decided") == []
    hall.identify(anna, Right("ent_anna"))
    hall.remove(anna, T0)
    happens(hall, sale.hold("ent_anna", [1]))
    assert wire.told("request_decided") == []


def test_what_was_missed_is_told_again_with_the_same_ids() -> None:
    hall, sale = hall_at(), Sale()
    first, wire = watching(hall)
    hall.identify(first, Right("ent_anna"))
    happens(hall, sale.hold("ent_anna", [0]), sale.hold("ent_ben", [1]), sale.expire(1))
    again, again_wire = watching(hall)
    hall.identify(again, Right("ent_anna"))
    hall.replay(again, 1, T0)
    told = [(frame["type"], frame["id"]) for frame in again_wire.told() if frame["id"].startswith("evt_")]
    assert told == [(frame["type"], frame["id"]) for frame in wire.told() if frame["id"].startswith("evt_")]
    assert [kind for kind, _ in told] == ["request_decided", "reservation_expired"]


def test_where_it_is_too_long_ago_that_is_said() -> None:
    hall = hall_at(seq=10)
    watcher, wire = watching(hall)
    hall.identify(watcher, Right("ent_anna"))
    hall.replay(watcher, 4, T0)
    assert wire.told("resync_required")[0]["data"] == {"reason": "too_long_ago"}


def test_a_warning_is_passed_on_once_for_each_version_of_a_hold() -> None:
    hall = hall_at()
    (anna, annas), (_, public) = watching(hall), watching(hall)
    hall.identify(anna, Right("ent_anna"))

    def warning(version: int) -> HoldExpiring:
        return HoldExpiring(
            show=SHOW, reservation=b"r" * 16, version=version, account="ent_anna", expires_at_ms=T0 + 20 * SECOND
        )

    assert [hall.warn(warning(version), T0) for version in (1, 1, 2, 1, 2)] == [True, False, True, False, False]
    told = annas.told("reservation_expiring")
    assert len(told) == 2
    assert told[0]["data"] == {
        "reservation": "rsv_0000000007" + "72" * 16,
        "expires_at": "2027-01-15T08:00:20.000Z",
    }
    assert public.told("reservation_expiring") == []


def test_a_late_warning_of_a_hold_that_moved_on_is_passed_over() -> None:
    hall, sale = hall_at(), Sale()
    anna, annas = watching(hall)
    hall.identify(anna, Right("ent_anna"))
    happens(hall, sale.hold("ent_anna", [0]), sale.confirm(1), sale.hold("ent_anna", [1]))

    def warns(number: int, version: int) -> bool:
        reservation = number.to_bytes(16)
        warning = HoldExpiring(
            show=SHOW, reservation=reservation, version=version, account="ent_anna", expires_at_ms=T0
        )
        return hall.warn(warning, T0)

    assert not warns(1, 1), "it is booked"
    assert warns(2, 1)
    happens(hall, sale.extend(2))
    assert not warns(2, 1)
    assert warns(2, 2)
    assert len(annas.told("reservation_expiring")) == 2


def test_a_closed_sale_is_told_and_stands_in_every_later_frame() -> None:
    hall = hall_at(seq=4)
    _, wire = watching(hall)
    happens(hall, ShowClosed(show=SHOW, seq=5, at_ms=T0, offset=1, account="key_1"))
    flush(hall)
    assert [frame["type"] for frame in wire.told()] == ["snapshot", "show_status", "seat_status_changed"]
    assert wire.told()[2]["data"]["status"] == "closed"


def test_too_many_waiting_frames_close_the_socket() -> None:
    hall, sale = hall_at(), Sale()
    anna, wire = watching(hall)
    hall.identify(anna, Right("ent_anna"))
    wire.slow = wire.busy = True
    for _ in range(PERSONAL_WAITING_MAX):
        happens(hall, sale.refused(HoldRefused, "ent_anna", code="sold_out"))
    assert wire.is_open()
    happens(hall, sale.refused(HoldRefused, "ent_anna", code="sold_out"))
    assert wire.closed is not None and wire.closed[0] == 4408
    happens(hall, sale.hold("ent_anna", [0]))
    flush(hall)
    hall.drained(anna, T0)
    assert len(wire.frames) == 1, "nothing after the close"


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["hold", "hold", "area", "confirm", "end", "flush", "slow", "free", "join", "resume", "leave"]),
        st.integers(0, 11),
    ),
    max_size=80,
)


@settings(max_examples=150)
@given(STEPS, st.integers(1, 30))
def test_whatever_is_merged_delayed_or_resumed_all_see_the_same_in_the_end(
    steps: list[tuple[str, int]], changes_max: int
) -> None:
    hall, sale = hall_at(changes_max=changes_max), Sale()
    audience: list[tuple[Watcher, FakeWire, Picture]] = []
    for what, number in steps:
        taken = {seat for reservation in sale.live.values() for seat in reservation.seats}
        one = audience[number % len(audience)] if audience else None
        if what == "hold" and number not in taken:
            happens(hall, sale.hold("ent_anna", [number]))
        elif what == "area":
            happens(hall, sale.hold("ent_ben", (), [(0, 1)]))
        elif what == "confirm" and sale.live and (found := list(sale.live)[number % len(sale.live)]):
            if sale.live[found].status == "held":
                happens(hall, sale.confirm(found))
        elif what == "end" and sale.live:
            found = list(sale.live)[number % len(sale.live)]
            happens(hall, sale.cancel(found) if sale.live[found].status == "booked" else sale.expire(found))
        elif what == "flush":
            flush(hall)
        elif what == "join":
            audience.append((*watching(hall), Picture()))
        elif one is not None:
            watcher, wire, picture = one
            if what == "slow":
                wire.slow = True
            elif what == "free":
                wire.slow = wire.busy = False
                hall.drained(watcher, T0)
            elif what in ("leave", "resume"):
                hall.remove(watcher, T0)
                audience.remove(one)
                _read_all(wire, picture)
                if what == "resume" and picture.seq >= 0:
                    audience.append((*watching(hall, after_seq=picture.seq), picture))
    flush(hall)
    for watcher, wire, picture in audience:
        while wire.busy:
            wire.slow = wire.busy = False
            hall.drained(watcher, T0)
        _read_all(wire, picture)
        assert picture.known() == truth(hall.view)


def _read_all(wire: FakeWire, picture: Picture) -> None:
    for frame in wire.told():
        picture.read(frame)
