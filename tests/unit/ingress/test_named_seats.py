"""Whose a seat is: told to its owner and to admins, and to nobody else."""

from typing import Any

import pytest

from ingress.keys import ApiKey
from tests.unit.ingress.stage import ADMIN_KEY, PARTNER_KEY, REVOKED_KEY, SHOW_TEXT, Reply, Stage
from tests.unit.ingress.tales import PART, SHOW, held, reservation
from ticketing.clock import rfc3339
from ticketing.key_limits import Limits
from ticketing.messages import Reservation
from ticketing.tokens import api_key_hash
from ticketing.vocabulary import reservation_text

pytestmark = pytest.mark.anyio

HERS, HIS, SOLD = (letter * 16 for letter in (b"a", b"b", b"c"))


def named(key: bytes) -> str:
    return reservation_text(SHOW, key)


async def stage_with(*taken: Reservation) -> Stage:
    """A show that is looked at already, in which these are live."""
    stage = Stage()
    await look(stage)
    for seq, one in enumerate(taken, start=1):
        stage.ledger.reservations[one.id] = one
        stage.views.apply(PART, [held(one, seq=seq)])
    return stage


async def sale() -> Stage:
    """Anna holds A-1, Ben A-2; A-3 and A-4 are sold by a partner."""
    return await stage_with(
        reservation(HERS, seats=(0,)),
        reservation(HIS, seats=(1,), account="ent_ben"),
        reservation(SOLD, seats=(2, 3), account="key_partner", status="booked"),
    )


async def look(stage: Stage, token: str | None = None) -> Reply:
    seats = {"show": SHOW_TEXT, "seats": ["A-1", "A-2", "A-3", "A-5"]}
    return await stage.call("POST", "/api/seats/bulk-status", seats, token=token)


async def told(stage: Stage, token: str | None = None) -> dict[str, Any]:
    """What is said of a seat beside its label, status and price."""
    reply = await look(stage, token)
    assert reply.status == 200, reply.body
    beside = {"label", "status", "price"}
    return {one["label"]: {name: one[name] for name in one.keys() - beside} for one in reply.body["data"]}


async def test_the_public_is_told_of_nobody() -> None:
    assert await told(await sale()) == {"A-1": {}, "A-2": {}, "A-3": {}, "A-5": {}}


async def test_each_is_told_what_is_their_own_and_when_it_ends() -> None:
    stage = await sale()
    ends = rfc3339(stage.ledger.reservations[HERS].expires_at_ms)
    own = {"mine": True, "whose": {"reservation": named(HERS), "hold_expires_at": ends}}
    for token in (stage.fan("anna"), stage.reservation_token(named(HERS))):
        assert await told(stage, token) == {"A-1": own, "A-2": {}, "A-3": {}, "A-5": {}}
    sold = {"mine": True, "whose": {"reservation": named(SOLD)}}
    assert await told(stage, PARTNER_KEY) == {"A-1": {}, "A-2": {}, "A-3": sold, "A-5": {}}
    assert await told(stage, stage.reservation_token(named(HIS))) == {"A-1": {}, "A-2": {}, "A-3": {}, "A-5": {}}


async def test_admins_are_told_whose_and_at_what_price() -> None:
    stage = await sale()
    found = await told(stage, ADMIN_KEY)
    ends = rfc3339(stage.ledger.reservations[HIS].expires_at_ms)
    assert found["A-2"] == {"whose": {"reservation": named(HIS), "hold_expires_at": ends, "held_by": "ent_ben"}}
    row = stage.ledger.reservations[SOLD]
    assert found["A-3"]["whose"] == {
        "reservation": named(SOLD), "booked_by": "key_partner", "booked_at": rfc3339(row.booked_at_ms),
        "booked_price": row.prices[0],
    }  # fmt: skip
    assert found["A-5"] == {}


async def test_one_seat_says_the_same_and_is_kept_by_no_cache_then() -> None:
    stage = await sale()
    public = await stage.call("GET", f"/api/seats/A-1?show={SHOW_TEXT}")
    own = await stage.call("GET", f"/api/seats/A-1?show={SHOW_TEXT}", token=stage.fan("anna"))
    assert "mine" not in public.body and own.body["mine"]
    assert [reply.headers["cache-control"] for reply in (public, own)] == ["public, max-age=1", "no-store"]
    assert public.headers["vary"] == own.headers["vary"] == "authorization"
    assert "ratelimit" in own.headers and "ratelimit" not in public.headers


async def test_what_the_view_does_not_know_yet_is_nobodys() -> None:
    stage = await sale()
    stage.ledger.reservations[b"n" * 16] = reservation(b"n" * 16, seats=(4,))
    assert (await told(stage, stage.fan("anna")))["A-5"] == {}


async def test_a_token_that_is_sent_must_be_good() -> None:
    stage = await sale()
    assert (await look(stage, REVOKED_KEY)).body["code"] == "key_revoked"
    assert (await look(stage, "rubbish")).body["code"] == "token_invalid"
    elsewhere = ApiKey("key_far", frozenset({"admin"}), False, False, limits=Limits(venues=frozenset({"ven_far"})))
    stage.key_table.secrets[api_key_hash(far := "osk_live_" + "f" * 48)] = elsewhere
    assert (await look(stage, far)).body["code"] == "insufficient_scope"
