"""Views that are loaded while the world goes on."""

from ingress.views import CHANGES_MAX, Views
from tests.unit.ingress.tales import PART, SHOW, hall, held, refused, released, reservation
from ticketing.messages import AnyOutcome
from ticketing.show_view import AVAILABLE, HELD, ShowView

A = b"a" * 16
B = b"b" * 16
PLACES = hall().places


def views(places_max: int = 10_000) -> Views:
    return Views(places_max=places_max, reservations_max=2)


def loaded(of: Views, *, seq: int = 0, show: int = SHOW, part: int = PART) -> ShowView:
    of.begin(part, show)
    found = of.install(show, ShowView(hall(), seq=seq))
    assert found is not None
    return found


def test_a_loaded_view_moves_with_the_outcomes() -> None:
    shelf = views()
    view = loaded(shelf)
    shelf.apply(PART, [held(reservation(A, seats=(0, 1)), seq=1)])
    assert [view.seats[seat] for seat in (0, 1, 2)] == [HELD, HELD, AVAILABLE]
    assert shelf.get(SHOW) is view


def test_what_arrives_while_loading_is_not_lost() -> None:
    shelf = views()
    shelf.begin(PART, SHOW)
    shelf.apply(PART, [held(reservation(A, seats=(0,)), seq=5), held(reservation(B, seats=(1,)), seq=6)])
    snapshot = ShowView(hall(), seq=5)
    snapshot.load(A, "held", (0,), ())
    view = shelf.install(SHOW, snapshot)
    assert view is not None
    assert (view.seq, view.seats[0], view.seats[1]) == (6, HELD, HELD)


def test_a_snapshot_that_misses_something_is_read_again() -> None:
    shelf = views()
    shelf.begin(PART, SHOW)
    shelf.apply(PART, [held(reservation(A, seats=(0,)), seq=5)])
    assert shelf.install(SHOW, ShowView(hall(), seq=3)) is None
    assert shelf.get(SHOW) is None
    assert not shelf.any_on(PART)


def test_a_view_that_missed_an_outcome_is_dropped() -> None:
    shelf = views()
    loaded(shelf)
    shelf.apply(PART, [held(reservation(A, seats=(0,)), seq=2)])
    assert shelf.get(SHOW) is None
    assert not shelf.any_on(PART)


def test_refusals_and_repeats_change_nothing() -> None:
    shelf = views()
    view = loaded(shelf)
    told: list[AnyOutcome] = [refused(A, "sold_out"), held(reservation(A, seats=(0,)), seq=0, repeat=True)]
    shelf.apply(PART, told)
    assert (view.seq, view.seats[0]) == (0, AVAILABLE)


def test_the_least_looked_at_make_room() -> None:
    shelf = views(places_max=2 * PLACES)
    for show in (1, 2):
        loaded(shelf, show=show)
    shelf.get(1)
    loaded(shelf, show=3)
    assert [shelf.get(show) is not None for show in (1, 2, 3)] == [True, False, True]
    assert len(shelf) == 2


def test_a_reservation_is_remembered_as_its_last_outcome_left_it() -> None:
    shelf = views()
    shelf.apply(PART, [held(reservation(A, seats=(0,)), seq=1)])
    shelf.apply(PART, [released(reservation(A, seats=(0,), status="released", version=2), seq=2)])
    shelf.apply(PART, [held(reservation(A, seats=(0,)), seq=2, repeat=True)])
    found = shelf.reservation(PART, A)
    assert found is not None
    assert (found.status, found.version) == ("released", 2)
    assert shelf.reservation(PART + 1, A) is None


def test_a_skipped_batch_makes_it_forget() -> None:
    shelf = views()
    shelf.apply(PART, [held(reservation(A, seats=(0,)), seq=1)])
    shelf.skipped(PART)
    assert shelf.reservation(PART, A) is None


def test_it_remembers_no_more_than_it_may() -> None:
    shelf = views()
    shelf.apply(PART, [held(reservation(bytes([number]) * 16), seq=number) for number in (1, 2, 3)])
    assert [shelf.reservation(PART, bytes([number]) * 16) is None for number in (1, 2, 3)] == [True, False, False]


def test_what_is_remembered_of_all_partitions_together_is_bounded() -> None:
    shelf = views()
    for part in (1, 2, 3):
        shelf.apply(part, [held(reservation(bytes([part]) * 16), seq=1)])
    assert [shelf.reservation(part, bytes([part]) * 16) is None for part in (1, 2, 3)] == [True, False, False]


def test_what_was_forgotten_does_not_come_back_with_what_is_seen_later() -> None:
    shelf = views()
    shelf.apply(PART, [held(reservation(A, seats=(0,)), seq=1)])
    shelf.skipped(PART)
    shelf.apply(PART, [held(reservation(B, seats=(1,)), seq=3)])
    assert shelf.reservation(PART, A) is None
    assert shelf.reservation(PART, B) is not None
    assert shelf.reservation(PART + 1, B) is None


def test_a_new_history_ends_everything() -> None:
    shelf = views()
    loaded(shelf, show=1)
    shelf.begin(PART, 2)
    shelf.apply(PART, [held(reservation(A), seq=1)])
    shelf.clear()
    assert shelf.get(1) is None
    assert shelf.reservation(PART, A) is None
    assert shelf.install(2, ShowView(hall())) is None


def test_a_loading_that_failed_is_abandoned() -> None:
    shelf = views()
    shelf.begin(PART, SHOW)
    assert shelf.any_on(PART)
    shelf.abandon(SHOW)
    shelf.abandon(SHOW)
    assert not shelf.any_on(PART)


def test_what_has_changed_since_is_known_as_far_as_it_was_seen() -> None:
    shelf = views()
    loaded(shelf, seq=4)
    shelf.apply(PART, [held(reservation(A, seats=(0, 1)), seq=5), held(reservation(B, seats=(7,)), seq=6)])
    assert shelf.changed_since(SHOW, 6) == set()
    assert shelf.changed_since(SHOW, 5) == {7}
    assert shelf.changed_since(SHOW, 4) == {0, 1, 7}
    assert shelf.changed_since(SHOW, 3) is None
    assert shelf.changed_since(SHOW, 7) is None
    assert shelf.changed_since(SHOW + 1, 0) is None
    shelf.clear()
    assert shelf.changed_since(SHOW, 6) is None


def test_of_a_show_that_changes_much_only_the_newest_changes_are_kept() -> None:
    shelf = views()
    loaded(shelf)
    for seq in range(1, CHANGES_MAX + 3, 2):
        seats = (seq % 15,)
        shelf.apply(PART, [held(reservation(A, seats=seats), seq=seq)])
        shelf.apply(PART, [released(reservation(A, seats=seats, status="released", version=2), seq=seq + 1)])
    assert shelf.changed_since(SHOW, 1) is None
    assert shelf.changed_since(SHOW, 2) is not None


def test_what_areas_sell_takes_nothing_from_what_is_known_of_seats() -> None:
    shelf = views()
    loaded(shelf)
    shelf.apply(PART, [held(reservation(B, seats=(7,)), seq=1)])
    for seq in range(2, CHANGES_MAX + 10):
        name = seq.to_bytes(16)
        shelf.apply(PART, [held(reservation(name, areas=((0, 1),)), seq=seq)])
    assert shelf.changed_since(SHOW, 0) == {7}
    assert shelf.changed_since(SHOW, 1) == set()
