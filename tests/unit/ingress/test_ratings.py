"""How it was: said by whoever booked, once or again, and added up for those who sell."""

import pytest

from tests.unit.ingress.stage import ADMIN_KEY, PARTNER_KEY, READER_KEY, SHOW_TEXT, Reply, Stage
from tests.unit.ingress.tales import SHOW, reservation
from ticketing.tokens import BookingLink
from ticketing.vocabulary import booking_text, reservation_text

pytestmark = pytest.mark.anyio

OURS, THEIRS, HELD, READERS = b"1" * 16, b"2" * 16, b"3" * 16, b"4" * 16


def sold() -> Stage:
    stage = Stage()
    stage.ledger.reservations |= {
        OURS: reservation(OURS, status="booked", account="key_partner"),
        THEIRS: reservation(THEIRS, status="booked", account="ent_anna"),
        HELD: reservation(HELD, status="held", account="key_partner"),
        READERS: reservation(READERS, status="booked", account="key_reader"),
    }
    return stage


async def rate(stage: Stage, key: bytes, stars: object, token: str | None = PARTNER_KEY) -> Reply:
    return await stage.call("PUT", f"/api/bookings/{booking_text(SHOW, key)}/rating", {"stars": stars}, token=token)


async def test_the_last_answer_counts() -> None:
    stage = sold()
    for stars in (2, 4):
        told = await rate(stage, OURS, stars)
        assert (told.status, told.body["stars"], told.body["booking"]) == (200, stars, booking_text(SHOW, OURS))
    assert stage.ledger.stars == {(SHOW, OURS): 4}


async def test_only_whoever_booked_is_asked() -> None:
    stage = sold()
    link = stage.tokens.sign_booking(BookingLink(SHOW, reservation_text(SHOW, THEIRS), "ent_anna"))
    for key, stars, token, code in (
        (THEIRS, 1, PARTNER_KEY, "not_yours"),
        (HELD, 1, PARTNER_KEY, "booking_not_found"),
        (OURS, 1, None, "unauthenticated"),
        (OURS, 1, link, "not_yours"),
        (OURS, 1, ADMIN_KEY, "not_yours"),
        (READERS, 1, READER_KEY, "insufficient_scope"),
    ):
        assert (await rate(stage, key, stars, token)).body["code"] == code
    assert stage.ledger.stars == {}
    assert (await rate(stage, THEIRS, 5, token=link)).status == 200
    assert stage.ledger.stars == {(SHOW, THEIRS): 5}


@pytest.mark.parametrize("stars", [0, 6, -1, 2.5, "5", None, True])
async def test_it_is_one_to_five(stars: object) -> None:
    stage = sold()
    assert (await rate(stage, OURS, stars)).body["code"] == "invalid_request"
    assert stage.ledger.stars == {}


async def test_those_who_sell_see_what_was_said() -> None:
    stage = sold()
    await rate(stage, OURS, 4)
    stage.ledger.stars[SHOW, THEIRS] = 5
    path = f"/api/shows/{SHOW_TEXT}/stats"
    told = (await stage.call("GET", path, token=ADMIN_KEY)).body["satisfaction"]
    assert told == {"ratings": 2, "by_stars": [0, 0, 0, 1, 1], "average": 4.5}
    own = (await stage.call("GET", path, token=PARTNER_KEY)).body["satisfaction"]
    assert own == {"ratings": 1, "by_stars": [0, 0, 0, 1, 0], "average": 4.0}
    nothing = (await stage.call("GET", path, token=READER_KEY)).body["satisfaction"]
    assert nothing == {"ratings": 0, "by_stars": [0] * 5}
