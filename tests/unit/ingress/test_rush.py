"""What is kept of a rush gives the same commands and the same answers as if nothing were kept."""

import dataclasses
import gc
import json
import weakref
from typing import Any

import msgspec
import pytest

from ingress.hold_words import PLACES_MAX, held_words
from ingress.rows import open_direct
from ingress.shows import Show
from ingress.verdicts import verdict_response
from ingress.waiters import Decided
from runtime.direct import Take
from tests.unit.ingress.stage import PARTNER_KEY, SHOW_TEXT, Reply, Stage
from tests.unit.ingress.tales import PART, SHOW, T0, a_show, held, reservation, show_row
from tests.unit.ingress.test_direct import ROUTE, Caller
from ticketing import messages
from ticketing.messages import AnyCommand, AnyOutcome
from ticketing.vocabulary import request_text

pytestmark = pytest.mark.anyio

FLOOR = {"show": SHOW_TEXT, "areas": [{"area": "floor", "quantity": 2}]}
BEST = {"show": SHOW_TEXT, "best": {"quantity": 2}}
PARTIAL = {"show": SHOW_TEXT, "partial": True, "areas": [{"area": "floor", "quantity": 1}]}
OTHER = 78


def grant(command: AnyCommand, offset: int) -> list[AnyOutcome]:
    assert isinstance(command, messages.HoldSeats)
    found = reservation(command.key, seats=command.seats, areas=command.areas, account=command.account)
    return [msgspec.structs.replace(held(found, offset=offset), at_ms=T0 + offset)]


class Rushed:
    """Two stages that are told the same: one with a direct way that remembers, one by way of the application."""

    def __init__(self) -> None:
        self.stages = Stage(decide=grant), Stage(decide=grant)
        for stage in self.stages:
            stage.catalogue.stored[OTHER] = show_row(OTHER)
        self.direct = open_direct(self.stages[0].ports, self.stages[0].settings)
        self.take: Take = self.direct.routes[ROUTE]

    async def open(self) -> "Rushed":
        for number in (SHOW, OTHER):
            await self.stages[0].ports.shelf.show(number)
        await self.stages[0].ports.callers._keys.look_up(PARTNER_KEY, T0)
        return self

    def fan(self, name: str, **words: Any) -> str:
        return self.stages[0].fan(name, **words)

    async def ask(self, token: str, key: str, body: Any, **headers: str) -> Reply:
        """The answer, which both gave alike, with the same command."""
        raw = json.dumps(body).encode()
        sent = {
            "content-type": "application/json",
            "authorization": f"Bearer {token}",
            "idempotency-key": key,
            "x-request-id": f"id-{key[:20]}".replace(" ", "-"),
        } | {name.replace("_", "-"): value for name, value in headers.items()}
        for stage in self.stages:
            stage._random = 0
        caller = Caller({name.encode(): value.encode() for name, value in sent.items()}, raw)
        assert self.take(caller)  # type: ignore[arg-type]
        (direct,) = caller.replies
        through_app = await self.stages[1].call("POST", "/api/reservations", raw, headers=sent)
        assert (direct.status, direct.raw, direct.headers) == (through_app.status, through_app.raw, through_app.headers)
        assert self.stages[0].commands == self.stages[1].commands
        return direct

    def move(self, by_ms: int) -> None:
        for stage in self.stages:
            stage.clock.advance(by_ms)


async def test_many_fans_who_want_the_same_are_each_told_their_own() -> None:
    rushed = await Rushed().open()
    told = []
    for number in range(16):
        body = (FLOOR, BEST, {"show": SHOW_TEXT, "seats": ["B-2"]}, PARTIAL)[number % 4]
        token = rushed.fan(f"fan{number // 6}")
        reply = await rushed.ask(token, f"key-{number}", body)
        assert reply.status == 201
        told.append(reply.body)
        rushed.move(7)
    assert len({answer["reservation"] for answer in told}) == len({answer["request"] for answer in told}) == 16
    assert {command.account for command in rushed.stages[0].commands} == {"ent_fan0", "ent_fan1", "ent_fan2"}


async def test_a_known_body_helps_nobody_who_may_not_hold() -> None:
    rushed = await Rushed().open()
    assert (await rushed.ask(rushed.fan("anna"), "k1", FLOOR)).status == 201
    assert (await rushed.ask("nonsense", "k2", FLOOR)).status == 401
    assert (await rushed.ask(rushed.fan("anna", show=OTHER), "k3", FLOOR)).status == 403
    for stage in rushed.stages:
        assert len(stage.commands) == 1
    mine = rushed.stages[0].reservation_token("rsv_" + "0" * 42)
    assert (await rushed.ask(mine, "k4", FLOOR)).status == 403
    assert (await rushed.ask(PARTNER_KEY, "k5", FLOOR)).status == 201
    assert rushed.stages[0].commands[-1].account == "key_partner"


async def test_a_known_fan_is_turned_away_once_the_pass_has_ended() -> None:
    rushed = await Rushed().open()
    token = rushed.fan("anna", minutes=1)
    for key in ("k1", "k2"):
        assert (await rushed.ask(token, key, FLOOR)).status == 201
    rushed.move(59_999)
    assert (await rushed.ask(token, "k3", FLOOR)).status == 201
    rushed.move(1)
    assert (await rushed.ask(token, "k4", FLOOR)).status == 401


async def test_a_known_fan_is_turned_away_once_the_pass_was_taken_back_and_finishes_what_was_begun() -> None:
    rushed = await Rushed().open()
    token = rushed.fan("anna")
    for key in ("k1", "k2"):
        assert (await rushed.ask(token, key, FLOOR)).status == 201
    for stage in rushed.stages:
        stage.waves[OTHER] = 3
    assert (await rushed.ask(token, "k3", FLOOR)).status == 201
    for stage in rushed.stages:
        stage.waves[SHOW] = 1
    refused = await rushed.ask(token, "k4", FLOOR)
    assert (refused.status, refused.body["code"]) == (401, "token_expired")
    assert (await rushed.ask(rushed.fan("anna", wave=1), "k5", FLOOR)).status == 201
    assert (await rushed.ask(rushed.fan("ben"), "k6", FLOOR)).status == 401
    # What was held before can still be paid for: that right is the reservation's own.
    stage = rushed.stages[0]
    mine = stage.reservation_token("rsv_" + "0" * 42)
    headers = {"authorization": f"Bearer {mine}"}
    assert (await stage.call("GET", "/api/reservations/rsv_" + "0" * 42, headers=headers)).status != 401


async def test_headers_count_for_a_known_body_as_for_a_new_one() -> None:
    rushed = await Rushed().open()
    token = rushed.fan("anna")
    assert (await rushed.ask(token, "k1", FLOOR)).status == 201
    assert (await rushed.ask(token, "", FLOOR)).status == 400
    assert (await rushed.ask(token, "k" * 201, FLOOR)).status == 400
    assert (await rushed.ask(token, "k" * 200, FLOOR)).status == 201
    assert (await rushed.ask(token, '"k1"', FLOOR)).status == 201
    assert rushed.stages[0].commands[-1].key == rushed.stages[0].commands[0].key
    assert (await rushed.ask(token, "a key", FLOOR)).status == 201
    assert (await rushed.ask(token, "k2", FLOOR, content_type="text/plain")).status == 415
    assert (await rushed.ask(token, "k2", FLOOR, content_type="application/json; charset=utf-8")).status == 201
    assert (await rushed.ask(token, "k3", FLOOR, x_request_id="no id!")).headers["x-request-id"] != "no id!"


async def test_a_show_that_was_read_anew_is_judged_anew() -> None:
    rushed = await Rushed().open()
    assert (await rushed.ask(rushed.fan("anna"), "k1", FLOOR)).status == 201
    for stage in rushed.stages:
        strict = messages.Policy(payment_required=False, seats_per_hold_max=1)
        stage.catalogue.stored[SHOW] = show_row(policy=strict)
        stage.ports.shelf._shows._kept.clear()
        await stage.ports.shelf.show(SHOW)
    assert (await rushed.ask(rushed.fan("anna"), "k2", FLOOR)).status == 422


def with_area_called(label: str) -> Show:
    show = a_show()
    areas = (msgspec.structs.replace(show.layout.areas[0], label=label),)
    layout = msgspec.structs.replace(show.layout, areas=areas)
    where = msgspec.structs.replace(show.where, layout=layout)
    return dataclasses.replace(show, facts=dataclasses.replace(show.facts, layout=layout), where=where)


@pytest.mark.parametrize(
    "label",
    [
        "floor",
        '100 % \\ "%b" %(x)s',
        "Parkett rechts \u2013 \U0001f3ad",
        "{token} is one of ours",
        "{number} is one of ours",
        "{length} is one of another's",
    ],
)
def test_words_are_cut_right_whatever_places_are_called(label: str) -> None:
    stage, show = Stage(), with_area_called(label)
    for number in range(4):
        key = bytes([number]) * 16
        found = msgspec.structs.replace(
            reservation(key, areas=((0, 1 + number % 2),), account=f"ent_{number}"),
            held_at_ms=T0 + number,
            expires_at_ms=T0 + 300_000 + 250 * number,
        )
        outcome = held(found, offset=number)
        assert isinstance(outcome, messages.SeatsHeld)
        ordinary = verdict_response(Decided(outcome, PART, 5), show, stage.tokens, T0)
        said = held_words(outcome, show, stage.tokens, request_text(PART, 5, number).encode(), b"id-%d" % number, b"")
        if label.startswith("{"):
            assert said is None
        else:
            assert said == (ordinary.head(f"id-{number}"), ordinary.body)


def test_no_hold_has_a_pattern_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    def compiled(pattern: object, flags: int) -> None:
        raise AssertionError(f"{pattern!r} is kept by the cache of `re`, and found there by nobody")

    stage = Stage()
    monkeypatch.setattr("re._compiler.compile", compiled)
    for number in range(4):
        outcome = held(reservation(bytes([number]) * 16, areas=((0, 1 + number),)))
        assert isinstance(outcome, messages.SeatsHeld)
        assert held_words(outcome, a_show(), stage.tokens, b"req_1", b"id", b"") is not None


@pytest.mark.parametrize(
    "different",
    [
        {"repeat": True},
        {"why": messages.Why("best", (), 0)},
        {"left_out_total": 1},
        {"status": "paying"},
        {"seats": (1,)},
        {"external_id": "theirs"},
    ],
    ids=lambda different: next(iter(different)),
)
def test_what_is_told_otherwise_is_worded_the_ordinary_way(different: dict[str, Any]) -> None:
    stage = Stage()
    plain = held(reservation(b"k" * 16, areas=((0, 2),)))
    assert isinstance(plain, messages.SeatsHeld)
    assert held_words(plain, a_show(), stage.tokens, b"req_1", b"id", b"") is not None
    if different.keys() <= {"repeat", "why", "left_out_total"}:
        other = msgspec.structs.replace(plain, **different)
    else:
        other = msgspec.structs.replace(plain, reservation=msgspec.structs.replace(plain.reservation, **different))
    assert held_words(other, a_show(), stage.tokens, b"req_1", b"id", b"") is None


async def test_what_is_kept_of_a_rush_keeps_no_show_in_memory_and_goes_with_it() -> None:
    rushed = await Rushed().open()
    direct = rushed.direct
    for number in range(2):
        assert (await rushed.ask(rushed.fan(f"ent_{number}"), f"key-{number}", FLOOR)).status == 201
    shelf = rushed.stages[0].ports.shelf
    known = shelf.known(SHOW)
    assert known is not None
    kept = weakref.ref(known)
    del known
    assert direct._rush.bodies == 1
    shelf.changed(None)
    gc.collect()
    assert kept() is None
    assert direct._rush.bodies == 0


async def test_what_was_kept_of_a_show_before_its_terms_changed_takes_nothing_newer_with_it() -> None:
    rushed = await Rushed().open()
    before = rushed.stages[0].ports.shelf.known(SHOW)
    assert (await rushed.ask(rushed.fan("anna"), "k1", FLOOR)).status == 201
    rushed.stages[0].ports.shelf.changed(None)
    await rushed.stages[0].ports.shelf.show(SHOW)
    assert (await rushed.ask(rushed.fan("anna"), "k2", FLOOR)).status == 201
    del before
    gc.collect()
    assert rushed.direct._rush.bodies == 1


def test_places_of_a_show_are_kept_up_to_a_bound() -> None:
    tokens, show = Stage().tokens, a_show()

    def said(quantity: int) -> bool:
        found = msgspec.structs.replace(reservation(b"k" * 16, areas=((0, 1),)), areas=((0, quantity),))
        outcome = held(found)
        assert isinstance(outcome, messages.SeatsHeld)
        return held_words(outcome, show, tokens, b"req_1", b"id", b"") is not None

    assert all(said(quantity) for quantity in range(1, PLACES_MAX + 1))
    assert not said(PLACES_MAX + 1)
    assert said(1)
