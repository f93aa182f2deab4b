"""What anybody may look at: maps, seats, counts, shows."""

import json
from dataclasses import replace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingress import shown
from ingress.drawing import SeatPieces, availability, draw_seats
from ingress.named_seats import BulkStatusAnswer, SeatAnswer
from ingress.selecting import select_seats
from tests.unit.ingress.stage import ADMIN_KEY, SHOW_TEXT, Stage
from tests.unit.ingress.tales import DAY, PART, SHOW, T0, VENUE, a_show, hall, held, reservation
from ticketing.clock import rfc3339
from ticketing.show_view import STATUS_NAMES, ShowView

pytestmark = pytest.mark.anyio

SEATS = f"/api/venues/{VENUE}/shows/{SHOW_TEXT}/seats"
AVAILABILITY = f"/api/venues/{VENUE}/shows/{SHOW_TEXT}/availability"
MAP = f"/api/venues/{VENUE}/seat-map"


def a_view(marks: list[int]) -> ShowView:
    view = ShowView(hall(), seq=9)
    view.seats[:] = bytes(marks)
    return view


@given(st.lists(st.integers(0, 3), min_size=15, max_size=15))
def test_seats_put_together_from_pieces_are_what_encoding_them_would_give(marks: list[int]) -> None:
    show, view = a_show(), a_view(marks)
    drawn = msgspec.json.decode(draw_seats(show, view, SeatPieces(show), None, T0), type=shown.SeatsAnswer)
    assert [seat.status for seat in drawn.seats] == [STATUS_NAMES[mark].value for mark in marks]
    assert [(seat.label, seat.price) for seat in drawn.seats] == [
        (seat.label, show.prices[seat.category]) for seat in show.layout.seats
    ]
    counts = msgspec.structs.asdict(drawn.stats)
    assert counts == view.counts()


@given(st.lists(st.integers(0, 3), min_size=15, max_size=15))
def test_the_parts_of_availability_add_up(marks: list[int]) -> None:
    answer = availability(a_show(), a_view(marks), T0)
    for parts in (answer.categories, [*answer.sections, *answer.areas]):
        assert sum(part.total for part in parts) == answer.total_seats == 35
        assert sum(part.available for part in parts) == answer.available_seats
        assert sum(part.held for part in parts) == answer.held_seats
        assert sum(part.booked for part in parts) == answer.booked_seats
        assert sum(part.blocked for part in parts) == answer.blocked_seats


def test_filters_are_all_kept() -> None:
    view = a_view([1, 0, 0, 0, 0] + [0] * 10)
    found = select_seats(hall(), view, status="available", category="front", box=(0.0, 0.0, 90.0, 30.0))
    assert found == [1, 2]
    assert select_seats(hall(), view, status=None, category=None, box=None) is None
    assert select_seats(hall(), view, status=None, category="none such", box=None) == []


async def test_a_look_shows_what_was_just_decided() -> None:
    stage = Stage()
    before = (await stage.call("GET", SEATS)).body
    assert (before["stats"]["held"], before["seq"]) == (0, 0)
    stage.views.apply(PART, [held(reservation(b"a" * 16, seats=(0,), areas=((0, 3),)), seq=1)])
    after = await stage.call("GET", SEATS)
    seats = msgspec.json.decode(after.raw, type=shown.SeatsAnswer)
    assert (seats.seats[0].status, seats.areas[0].available, seats.seq) == ("held", 17, 1)
    counts = msgspec.json.decode((await stage.call("GET", AVAILABILITY)).raw, type=shown.AvailabilityAnswer)
    assert (counts.available_seats, counts.held_seats) == (31, 4)
    one = msgspec.json.decode((await stage.call("GET", f"/api/seats/A-1?show={SHOW_TEXT}")).raw, type=SeatAnswer)
    assert (one.status, one.section, one.row, one.price) == ("held", "main", "A", 5000)


async def test_what_did_not_change_is_not_sent_again() -> None:
    stage = Stage()
    for path in (SEATS, AVAILABILITY, MAP, f"/api/events/{SHOW_TEXT}", "/api/openapi.json", "/api/asyncapi.json"):
        first = await stage.call("GET", path)
        again = await stage.call("GET", path, headers={"if-none-match": f'"x", W/{first.headers["etag"]}'})
        assert (first.status, again.status, again.raw) == (200, 304, b"")
    etag = (await stage.call("GET", SEATS)).headers["etag"]
    stage.views.apply(PART, [held(reservation(b"a" * 16, seats=(0,)), seq=1)])
    assert (await stage.call("GET", SEATS, headers={"if-none-match": etag})).status == 200


async def test_the_map_has_no_status_and_one_version_of_it_is_for_ever() -> None:
    stage = Stage()
    reply = await stage.call("GET", f"{MAP}?version=1")
    found = msgspec.json.decode(reply.raw, type=shown.SeatMapAnswer)
    assert [row.label for row in found.sections[0].rows] == ["A", "B", "C"]
    assert (found.total_seats, found.areas[0].capacity) == (35, 20)
    assert b"status" not in reply.raw
    assert "immutable" in reply.headers["cache-control"]
    assert "immutable" not in (await stage.call("GET", MAP)).headers["cache-control"]
    assert (await stage.call("GET", f"{MAP}?version=2")).status == 404


async def test_many_seats_are_looked_up_at_once() -> None:
    stage = Stage()
    body = {"show": SHOW_TEXT, "seats": ["A-1", "nowhere", "C-5"]}
    reply = await stage.call("POST", "/api/seats/bulk-status", body)
    found = msgspec.json.decode(reply.raw, type=BulkStatusAnswer)
    assert [(seat.label, seat.status) for seat in found.data] == [("A-1", "available"), ("C-5", "available")]
    assert found.unknown == ["nowhere"]
    body = {"show": SHOW_TEXT, "seats": ["A-1"] * 1_001}
    assert (await stage.call("POST", "/api/seats/bulk-status", body)).body["code"] == "invalid_request"


async def test_a_show_in_full() -> None:
    stage = Stage()
    reply = await stage.call("GET", f"/api/events/{SHOW_TEXT}")
    show = msgspec.json.decode(reply.raw, type=shown.EventAnswer)
    assert (show.total_seats, show.available_seats, show.held_seats, show.booked_seats) == (35, 35, 0, 0)
    assert [(tier.category, tier.price) for tier in show.tiers] == [("front", 5000), ("back", 3000)]
    assert (show.status, show.on_sale, show.rules.payment) == ("open", True, "optional")
    stage.clock.advance(31 * DAY)
    assert not (await stage.call("GET", f"/api/events/{SHOW_TEXT}")).body["on_sale"]


async def test_a_show_that_was_never_opened_is_not_shown() -> None:
    stage = Stage()
    stage.ledger.open_shows.clear()
    for path in (f"/api/events/{SHOW_TEXT}", SEATS, AVAILABILITY, f"/api/seats/A-1?show={SHOW_TEXT}"):
        assert (await stage.call("GET", path)).body["code"] == "show_not_found"


async def test_the_list_is_turned_page_by_page() -> None:
    stage = Stage()
    row = stage.catalogue.stored[SHOW]
    numbers = list(range(100, 105))
    stage.catalogue.stored = {number: replace(row, show=number) for number in numbers}
    seen: list[str] = []
    target: str | None = "/api/events?limit=2"
    while target is not None:
        reply = await stage.call("GET", target)
        page = msgspec.json.decode(reply.raw, type=shown.EventsAnswer)
        seen += [line.show for line in page.data]
        assert page.has_more == (page.next_cursor is not None) == ("link" in reply.headers)
        target = reply.headers["link"].split(">")[0][1:] if page.has_more else None
    assert seen == [f"shw_{number:010x}" for number in numbers]


async def test_admins_make_shows_that_are_shown() -> None:
    stage = Stage()
    venue = (await stage.call("POST", "/api/admin/venues", {"name": "Barn"}, token=ADMIN_KEY)).body["venue"]
    layout = {"rows": 2, "seats_per_row": 10}
    put = await stage.call("PUT", f"/api/admin/venues/{venue}/layout", layout, token=ADMIN_KEY)
    assert (put.body["version"], put.body["total_seats"]) == (1, 20)
    body = {"name": "Hay", "venue": venue, "starts_at": rfc3339(T0 + DAY)}
    made = await stage.call(
        "POST", "/api/admin/shows", body, token=ADMIN_KEY, key="k", headers={"prefer": "respond-async"}
    )
    assert made.status == 202
    show = next(row for row in stage.catalogue.stored.values() if row.name == "Hay")
    assert json.loads(made.raw)["request"].startswith("req_")
    assert (show.places, show.closes_at_ms) == (20, T0 + DAY)
    assert show.policy.payment_required, "who forgets to say how it is paid for gives nothing away"


async def test_lists_and_maps_are_shown_while_postgres_is_away() -> None:
    stage = Stage()
    for path in ("/api/events", MAP, SEATS):
        assert (await stage.call("GET", path)).status == 200
    stage.catalogue.away = stage.ledger.away = True
    stage.clock.advance(30_000)
    for path in ("/api/events", MAP, SEATS):
        assert (await stage.call("GET", path)).status == 200
    stage.clock.advance(60_000)
    assert (await stage.call("GET", "/api/events")).body["code"] == "sales_paused"


async def test_who_has_looked_before_is_told_what_has_changed() -> None:
    stage = Stage()
    await stage.call("GET", SEATS)
    stage.views.apply(PART, [held(reservation(b"a" * 16, seats=(0,)), seq=1)])
    stage.views.apply(PART, [held(reservation(b"b" * 16, seats=(3, 4), areas=((0, 1),)), seq=2)])

    async def since(seq: int, more: str = "") -> tuple[int | None, int, list[tuple[str, str]]]:
        raw = (await stage.call("GET", f"{SEATS}?since_seq={seq}{more}")).raw
        answer = msgspec.json.decode(raw, type=shown.SeatsAnswer)
        return answer.since_seq, answer.seq, [(seat.label, seat.status) for seat in answer.seats]

    assert await since(1) == (1, 2, [("A-4", "held"), ("A-5", "held")])
    assert await since(0) == (0, 2, [("A-1", "held"), ("A-4", "held"), ("A-5", "held")])
    assert await since(2) == (2, 2, [])
    # What is no longer available must be told to whoever shows what is available.
    assert await since(1, "&status=available") == (1, 2, [("A-4", "held"), ("A-5", "held")])
    assert await since(0, "&bbox=0,0,60,30") == (0, 2, [("A-1", "held")])
    assert await since(0, "&bbox=60,30,0,0") == (0, 2, [("A-1", "held")])
    # Of a time that is not known here everything is told, and that it is everything.
    told, seq, seats = await since(3)
    assert (told, seq, len(seats)) == (None, 2, 15)


@pytest.mark.parametrize(
    ("more", "sections"),
    [("zoom=0.1", ["main"]), ("zoom=0.1&bbox=0,0,60,30", ["main"]), ("zoom=0.1&bbox=5000,5000,5001,5001", [])],
)
async def test_from_far_away_only_sections_are_seen(more: str, sections: list[str]) -> None:
    stage = Stage()
    stage.views.begin(PART, SHOW)
    stage.views.install(SHOW, a_view([1, 2] + [0] * 13))
    answer = msgspec.json.decode((await stage.call("GET", f"{SEATS}?{more}")).raw, type=shown.SeatsAnswer)
    assert (answer.seats, answer.tables, [area.label for area in answer.areas]) == ([], [], ["floor"])
    assert answer.sections is not None
    assert [section.name for section in answer.sections] == sections
    if sections:
        assert [(section.held, section.booked, section.available) for section in answer.sections] == [(1, 1, 13)]


async def test_from_near_by_seats_are_seen() -> None:
    reply = await Stage().call("GET", f"{SEATS}?zoom=0.25")
    answer = msgspec.json.decode(reply.raw, type=shown.SeatsAnswer)
    assert (len(answer.seats), answer.sections) == (15, None)
