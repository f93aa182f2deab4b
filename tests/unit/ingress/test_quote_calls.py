"""What a hold would get and cost: as the hold itself would say, and without one."""

from typing import Any

import pytest
from msgspec.structs import replace

from tests.unit.ingress.stage import PARTNER_KEY, SHOW_TEXT, Reply, Stage
from tests.unit.ingress.tales import DAY, PART, SHOW, T0, held, reservation
from ticketing import messages
from ticketing.intake import Caller
from ticketing.show_view import BLOCKED
from ticketing.vocabulary import reservation_text
from ticketing.wishes import person_of

pytestmark = pytest.mark.anyio

MINE = replace(reservation(b"a" * 16, seats=(0,), areas=((0, 3),)), person="ent_anna")


async def quote(stage: Stage, show: str = SHOW_TEXT, **wish: Any) -> Reply:
    return await stage.call("POST", "/api/reservations/quote", {"show": show, **wish}, token=stage.fan())


async def taken_hall() -> Stage:
    """A-1 is held, A-2 blocked, three of twenty on the floor are held."""
    stage = Stage()
    show = await stage.ports.shelf.show(SHOW)
    assert show is not None
    view = await stage.ports.looking.view(show)
    assert view is not None
    view.seats[1] = BLOCKED
    stage.views.apply(PART, [held(reservation(b"a" * 16, seats=(0,), areas=((0, 3),)), seq=1)])
    return stage


async def test_seats_areas_and_the_best_with_their_prices() -> None:
    stage = await taken_hall()
    reply = await quote(stage, seats=["A-3"], areas=[{"area": "floor", "quantity": 2}], best={"quantity": 2})
    assert reply.status == 200
    assert [seat["seat"] for seat in reply.body["seats"]] == ["A-3", "A-4", "A-5"]
    assert (reply.body["total_amount"], reply.body["currency"], reply.body["seq"]) == (21_000, "EUR", 1)
    assert reply.body["why"]["rule"] == "same_row"
    assert "left_out" not in reply.body
    assert stage.commands == []


async def test_what_is_not_to_be_had_is_named() -> None:
    stage = await taken_hall()
    lost = await quote(stage, seats=["A-1", "A-2", "A-3"])
    assert (lost.status, lost.body["code"]) == (409, "seats_unavailable")
    assert lost.body["conflicts"] == [{"label": "A-1", "reason": "held"}, {"label": "A-2", "reason": "blocked"}]
    full = await quote(stage, areas=[{"area": "floor", "quantity": 18}])
    assert full.status == 422 and full.body["code"] == "too_many_seats"


async def test_a_part_of_it() -> None:
    stage = await taken_hall()
    part = await quote(stage, seats=["A-1", "A-3"], partial=True)
    assert [seat["seat"] for seat in part.body["seats"]] == ["A-3"]
    assert part.body["left_out"] == [{"label": "A-1", "reason": "held"}]
    assert (await quote(stage, seats=["A-1"], partial=True)).body["code"] == "seats_unavailable"


async def test_the_best_of_nothing() -> None:
    stage = await taken_hall()
    assert (await quote(stage, best={"quantity": 6, "adjacent": True, "category": "front"})).body["code"] in (
        "no_adjacent_block",
        "sold_out",
    )


async def test_a_show_that_is_over_or_is_not() -> None:
    stage = await taken_hall()
    assert (await quote(stage, show="shw_00000000ff", seats=["A-3"])).body["code"] == "show_not_found"
    assert (await quote(stage, seats=["Z-9"])).body["code"] == "unknown_places"
    token = stage.fan(minutes=60 * 24 * 60)
    stage.clock.advance(30 * DAY)
    body = {"show": SHOW_TEXT, "seats": ["A-3"]}
    late = await stage.call("POST", "/api/reservations/quote", body, token=token)
    assert (late.status, late.body["code"]) == (409, "show_closed")


async def test_what_is_kept_for_a_partner_is_quoted_to_nobody_else() -> None:
    stage = await taken_hall()
    stage.ledger.kept = {"key_partner front": {"share": 3, "borrow": 0}}
    lost = await quote(stage, seats=["A-3"])
    assert (lost.status, lost.body["code"]) == (409, "sold_out")
    assert lost.body["conflicts"] == [{"label": "A-3", "reason": "allocated"}]
    elsewhere = await quote(stage, best={"quantity": 2})
    assert [seat["seat"] for seat in elsewhere.body["seats"]] == ["B-1", "B-2"]
    body = {"show": SHOW_TEXT, "seats": ["A-3"]}
    own = await stage.call("POST", "/api/reservations/quote", body, token=PARTNER_KEY)
    assert own.status == 200
    stage.ledger.away = True
    assert (await quote(stage, seats=["A-3"])).body["code"] == "sold_out", "it is believed for a while"


async def test_a_partner_is_quoted_no_more_than_is_left_of_its_share_and_of_what_it_may_borrow() -> None:
    stage = await taken_hall()
    stage.ledger.kept = {"key_partner": {"share": 2, "borrow": 1}}
    own = reservation(b"p" * 16, seats=(5, 6), account="key_partner")
    stage.ledger.reservations[own.id] = own
    body = {"show": SHOW_TEXT, "seats": ["A-3"]}
    assert (await stage.call("POST", "/api/reservations/quote", body, token=PARTNER_KEY)).status == 200
    body = {"show": SHOW_TEXT, "seats": ["A-3", "A-4"]}
    lost = await stage.call("POST", "/api/reservations/quote", body, token=PARTNER_KEY)
    assert (lost.status, lost.body["code"]) == (409, "allocation_exhausted")
    assert lost.body["detail"] == "1 places are left of the share and of what may be borrowed"


async def test_what_the_caller_has_already_counts_as_it_does_for_a_hold() -> None:
    stage = await taken_hall()
    mine = stage.ledger.reservations[MINE.id] = MINE
    lost = await quote(stage, seats=["A-1", "A-2"])
    assert (lost.body["code"], lost.body["conflicts"]) == (
        "seats_unavailable",
        [
            {"label": "A-1", "reason": "already_yours", "reservation": reservation_text(SHOW, mine.id)},
            {"label": "A-2", "reason": "blocked"},
        ],
    )
    again = await quote(stage, seats=["A-1"])
    assert (again.status, again.body["code"]) == (409, "already_yours")
    body = {"show": SHOW_TEXT, "seats": ["A-1"]}
    other = await stage.call("POST", "/api/reservations/quote", body, token=stage.fan("ben"))
    assert other.body["conflicts"] == [{"label": "A-1", "reason": "held"}]
    most = await quote(stage, best={"quantity": 6})
    assert most.status == 200
    more = await quote(stage, best={"quantity": 7})
    assert (more.status, more.body["code"]) == (409, "limit_exceeded")
    assert more.body["detail"] == "4 held already; one person may hold 10 at once"


async def test_a_partners_customer_is_bound_and_a_partner_alone_is_not() -> None:
    stage = await taken_hall()
    body = {"show": SHOW_TEXT, "best": {"quantity": 7}, "on_behalf_of": "customer 7"}
    assert (await stage.call("POST", "/api/reservations/quote", body, token=PARTNER_KEY)).status == 200
    person = person_of("customer 7", Caller("key_partner", partner=True, roles=frozenset()))
    stage.ledger.reservations[MINE.id] = replace(MINE, account="key_partner", person=person)
    lost = await stage.call("POST", "/api/reservations/quote", body, token=PARTNER_KEY)
    assert (lost.status, lost.body["code"]) == (409, "limit_exceeded")
    alone = {"show": SHOW_TEXT, "seats": ["A-1", "A-3"]}
    held = await stage.call("POST", "/api/reservations/quote", alone, token=PARTNER_KEY)
    assert held.body["conflicts"] == [{"label": "A-1", "reason": "held"}], "for a customer, who is somebody else"


async def test_a_show_that_was_cancelled_is_said_to_be() -> None:
    stage = await taken_hall()
    stage.views.apply(PART, [messages.ShowCancelled(show=SHOW, seq=2, at_ms=T0, offset=9, key=b"c" * 16, account="x")])
    assert (await quote(stage, seats=["A-3"])).body["code"] == "show_cancelled"
