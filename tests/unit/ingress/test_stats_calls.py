"""A show in figures: counts for whoever has a key, money for its own and for admins."""

from typing import Any

import pytest

from tests.unit.ingress.holds import HOLD, grant
from tests.unit.ingress.stage import ADMIN_KEY, PARTNER_KEY, READER_KEY, SHOW_TEXT, Stage
from tests.unit.ingress.tales import reservation
from ticketing.messages import Reservation

pytestmark = pytest.mark.anyio

PATH = f"/api/shows/{SHOW_TEXT}/stats"
SOLD: dict[bytes, dict[str, Any]] = {
    b"1" * 16: {"seats": (0, 1), "status": "booked", "account": "key_partner"},
    b"2" * 16: {"seats": (2,), "status": "expired", "account": "key_partner"},
    b"3" * 16: {"seats": (5,), "areas": ((0, 3),), "status": "held", "account": "ent_ben"},
    b"4" * 16: {"seats": (6,), "status": "booked", "account": "ent_anna"},
}


def sold() -> dict[bytes, Reservation]:
    return {key: reservation(key, **terms) for key, terms in SOLD.items()}


async def test_admins_see_every_channel_and_partners_their_own() -> None:
    stage = Stage()
    stage.ledger.reservations = sold()
    told = (await stage.call("GET", PATH, token=ADMIN_KEY)).body
    fans, partner = told["channels"]
    assert (fans["channel"], fans["held"], fans["booked"], fans["total_amount"]) == ("fans", 4, 1, 3000)
    assert partner == {
        "channel": "key_partner",
        "held": 0,
        "booked": 2,
        "reservations": 2,
        "bookings": 1,
        "conversion": 0.5,
        "total_amount": 10_000,
        "median_s_to_book": 0.0,
    }
    assert (told["total_amount"], told["currency"]) == (13_000, "EUR")
    by_category = {one["name"]: (one["booked"], one["total_amount"]) for one in told["categories"]}
    assert by_category == {"front": (0, 10_000), "back": (0, 3_000)}, "of the log; the view has heard of nothing"
    own = (await stage.call("GET", PATH, token=PARTNER_KEY)).body
    assert (own["channels"], own["total_amount"]) == ([partner], 10_000)
    nothing = (await stage.call("GET", PATH, token=READER_KEY)).body
    assert (nothing["channels"], nothing["total_amount"]) == ([], 0)


async def test_what_was_booked_as_time_goes_by() -> None:
    stage = Stage()
    stage.ledger.reservations = sold()
    for by, since in (("minute", "2027-01-15T08:00:00.000Z"), ("day", "2027-01-15T00:00:00.000Z")):
        told = (await stage.call("GET", f"{PATH}?by={by}", token=ADMIN_KEY)).body
        assert told["over_time"] == [{"since": since, "bookings": 2, "places": 3, "total_amount": 13_000}]
    assert (await stage.call("GET", f"{PATH}?by=year", token=ADMIN_KEY)).body["code"] == "invalid_request"


async def test_counts_are_those_of_availability() -> None:
    stage = Stage(decide=grant)
    before = (await stage.call("GET", PATH, token=READER_KEY)).body
    assert (before["available_seats"], before["held_seats"]) == (35, 0)
    await stage.call("POST", "/api/reservations", HOLD, token=PARTNER_KEY, key="k")
    told = (await stage.call("GET", PATH, token=READER_KEY)).body
    assert (told["available_seats"], told["held_seats"], told["seq"]) == (31, 4, 1)
    counted = {one["name"]: (one["total"], one["held"]) for one in told["categories"]}
    assert counted == {"front": (5, 1), "back": (30, 3)}
    assert [(one["name"], one["held"]) for one in told["areas"]] == [("floor", 2)]
    assert [one["held"] for one in told["sections"]] == [2]


async def test_who_may_not_ask_and_what_is_not_there() -> None:
    stage = Stage()
    assert (await stage.call("GET", PATH, token=stage.fan())).body["code"] == "insufficient_scope"
    stage.ledger.open_shows.clear()
    assert (await stage.call("GET", PATH, token=READER_KEY)).body["code"] == "show_not_found"
