"""The log of a show: everything once and in order, and nobody named."""

from typing import Any

import pytest

from tests.unit.ingress.holds import HOLD, grant, hold
from tests.unit.ingress.stage import ADMIN_KEY, PARTNER_KEY, READER_KEY, SHOW_TEXT, Reply, Stage
from tests.unit.ingress.tales import PART, SHOW, held, refused, reservation
from ticketing import messages
from ticketing.messages import AnyCommand, AnyOutcome

pytestmark = pytest.mark.anyio

PATH = f"/api/shows/{SHOW_TEXT}/ledger"


def two_shows(command: AnyCommand, offset: int) -> list[AnyOutcome]:
    """What is granted, among what came of another show's commands, and a "no"."""
    other = held(reservation(b"o" * 16), show=SHOW + 1)
    return [other, *grant(command, offset), refused(b"n" * 16, "sold_out", offset=offset, seq=1), other]


async def pages(stage: Stage, token: str, limit: int) -> list[Reply]:
    found = [await stage.call("GET", f"{PATH}?limit={limit}", token=token)]
    while found[-1].body["has_more"]:
        assert found[-1].headers["link"].endswith('rel="next"')
        after = found[-1].body["next_cursor"]
        found.append(await stage.call("GET", f"{PATH}?limit={limit}&after={after}", token=token))
    return found


def lines(found: list[Reply]) -> list[dict[str, Any]]:
    return [line for page in found for line in page.body["data"]]


@pytest.mark.parametrize("limit", [1, 2, 3, 500])
async def test_every_outcome_of_the_show_comes_once_however_the_pages_fall(limit: int) -> None:
    stage = Stage(decide=two_shows)
    for number in range(12):
        await hold(stage, key="k", token=stage.fan(f"fan{number}"))
    found = await pages(stage, READER_KEY, limit)
    assert [page.status for page in found] == [200] * len(found)
    assert max(len(page.body["data"]) for page in found) <= limit
    assert [line["kind"] for line in lines(found)] == ["SeatsHeld", "HoldRefused"] * 12
    offsets = [int(line["event"][12:24], 16) for line in lines(found)]
    assert offsets == [number for number in range(12) for _ in range(2)]


async def test_what_is_decided_later_is_behind_the_last_cursor() -> None:
    stage = Stage(decide=two_shows)
    await hold(stage)
    last = (await pages(stage, READER_KEY, 500))[-1]
    after = last.body["next_cursor"]
    nothing = await stage.call("GET", f"{PATH}?after={after}", token=READER_KEY)
    assert (nothing.body["data"], nothing.body["has_more"], nothing.body["next_cursor"]) == ([], False, after)
    await hold(stage, key="k2")
    new = await stage.call("GET", f"{PATH}?after={after}", token=READER_KEY)
    assert [line["kind"] for line in new.body["data"]] == ["SeatsHeld", "HoldRefused"]


async def test_what_is_not_published_is_not_told() -> None:
    stage = Stage(decide=two_shows)
    await hold(stage)
    stage.ledger.published_seq = 0
    page = await stage.call("GET", PATH, token=ADMIN_KEY)
    assert (page.body["data"], page.body["has_more"]) == ([], False)
    stage.seen = 1  # the database is told that it is published with the batch after it
    later = await stage.call("GET", f"{PATH}?after={page.body['next_cursor']}", token=ADMIN_KEY)
    assert len(later.body["data"]) == 2


async def test_whose_it_is_and_for_how_much_is_told_to_its_owner_and_to_admins() -> None:
    stage = Stage(decide=two_shows)
    own = (await stage.call("POST", "/api/reservations", HOLD, token=PARTNER_KEY, key="k")).body
    await hold(stage, key="a fan's")
    for token, told in ((ADMIN_KEY, [True, True]), (PARTNER_KEY, [True, False]), (READER_KEY, [False, False])):
        page = await stage.call("GET", PATH, token=token)
        granted = [line["places"][0] for line in page.body["data"] if line["kind"] == "SeatsHeld"]
        assert ["reservation" in one for one in granted] == ["total_amount" in one for one in granted] == told
        assert all((one["seats"], one["areas"]) == (["A-1", "B-2"], {"floor": 2}) for one in granted)
        assert b"ent_anna" not in page.raw
        assert b"key_partner" not in page.raw
    first = (await stage.call("GET", PATH, token=PARTNER_KEY)).body["data"][0]["places"][0]
    assert (first["reservation"], first["total_amount"]) == (own["reservation"], own["total_amount"])


async def test_several_holds_seats_off_sale_and_a_no_are_told_as_what_they_are() -> None:
    stage = Stage()
    head: dict[str, Any] = {"show": SHOW, "at_ms": 0, "offset": 0}
    both = (reservation(b"1" * 16, seats=(0,)), reservation(b"2" * 16, seats=(1, 2)))
    outcomes: list[AnyOutcome] = [
        messages.ManyHeld(seq=1, **head, reservations=both),
        messages.SeatsBlocked(seq=2, **head, index=1, seats=(5,), reason="Mrs Jones cannot see"),
        refused(b"n" * 16, "sold_out", seq=2),
    ]
    stage.ledger.batches[PART, 0, 0] = messages.encode_outcomes(outcomes)
    page = await stage.call("GET", PATH, token=READER_KEY)
    many, blocked, no = page.body["data"]
    assert [one["seats"] for one in many["places"]] == [["A-1"], ["A-2", "A-3"]]
    assert (blocked["seats"], blocked["seq"], no["code"], no["seq"]) == (["B-1"], 2, "sold_out", 2)
    assert b"Jones" not in page.raw


async def test_who_may_not_read_it_and_what_is_no_place_in_it() -> None:
    stage = Stage()
    assert (await stage.call("GET", PATH, token=stage.fan())).body["code"] == "insufficient_scope"
    assert (await stage.call("GET", PATH.replace(SHOW_TEXT, "shw_0"), token=READER_KEY)).status == 404
    for after in ("nonsense", "WzFd", "bnVsbA"):
        reply = await stage.call("GET", f"{PATH}?after={after}", token=READER_KEY)
        assert (reply.status, reply.body["code"]) == (400, "invalid_request"), after
