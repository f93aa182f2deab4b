"""A rush on the doorstep: some work, or the slow lane; and a way to clear the limit of an address."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import altcha
import httpx
import pytest

from tests.unit.waiting_room.hall import NOW_MS, SHOW, Hall, open_hall
from waiting_room.outside import OutsideCheck
from waiting_room.pressure import STEPS_MAX, SlowLane, step_of, tries_of
from waiting_room.proofs import LIFE_MS, Proofs

ADDRESS = "93.184.216.34"
CLIENT = UUID(int=1)


@pytest.fixture
async def rushed() -> AsyncIterator[Hall]:
    """Work is asked for from sixty joins a minute on, and sixty have come in the last ten seconds."""
    async with open_hall(proof_from_per_min=60) as hall:
        for client in range(100, 160):
            assert (await hall.join(client)).status_code == 201
        await hall.pass_time(200)
        yield hall


def solved(challenge: dict[str, Any]) -> str:
    """As a browser does it, except that we know from where on there is a solution."""
    found = altcha.Challenge.from_dict(challenge)
    first = tries_of(challenge["parameters"]["data"]["step"])
    solution = altcha.solve_challenge(found, counter_start=first, timeout=60)
    assert solution is not None
    assert first <= solution.counter < 2 * first
    return altcha.Payload(found, solution).to_base64()


def test_work_doubles_with_the_rush_and_has_an_end() -> None:
    assert [step_of(joined, 100) for joined in (0, 99, 100, 199, 200, 400, 800)] == [0, 0, 1, 1, 2, 3, 4]
    assert step_of(10**9, 100) == STEPS_MAX
    assert step_of(10**9, 0) == 0
    assert [tries_of(step) for step in (1, 2, 3)] == [1_000, 2_000, 4_000]


def test_the_slow_lane_lets_as_many_in_as_it_says_and_tells_when_to_come() -> None:
    lane = SlowLane(120)
    assert [lane.wait_s(SHOW, NOW_MS) for _ in range(3)] == [0, 0, 1]
    assert lane.wait_s(2, NOW_MS) == 0
    let_in = sum(lane.wait_s(SHOW, NOW_MS + tick * 10) == 0 for tick in range(6_000))
    assert let_in == pytest.approx(120, abs=2)
    crawling = SlowLane(1)
    assert [crawling.wait_s(SHOW, NOW_MS) for _ in range(2)] == [0, 60]


async def test_in_a_rush_whoever_shows_work_joins_at_once(rushed: Hall) -> None:
    assert (await rushed.join(1)).status_code == 201, "the slow lane has room for one a second"
    slowed = await rushed.join(2)
    body = slowed.json()
    assert (slowed.status_code, body["code"], body["lane"]) == (429, "work_needed", "slow")
    assert body["retry_after_s"] == int(slowed.headers["retry-after"]) == 1
    assert (await rushed.join(2, proof=solved(body["challenge"]))).status_code == 201


async def test_without_any_work_there_is_the_slow_lane(rushed: Hall) -> None:
    await rushed.join(1)
    slowed = await rushed.join(2)
    rushed.clock.advance(slowed.json()["retry_after_s"] * 1_000)
    assert (await rushed.join(2)).status_code == 201


async def test_once_the_rush_is_over_nobody_is_asked_for_work(rushed: Hall) -> None:
    await rushed.pass_time(12_000)
    assert [(await rushed.join(client)).status_code for client in range(4)] == [201] * 4


async def test_the_limit_of_an_address_is_cleared_by_more_work_and_that_has_a_limit_too() -> None:
    async with open_hall() as hall:
        for client in range(10, 15):
            assert (await hall.join(client, address=ADDRESS)).status_code == 201
        for client in range(2):
            slowed = (await hall.join(client, address=ADDRESS)).json()
            assert (slowed["code"], step_in(slowed)) == ("rate_limited", 4)
            easier = answered(Proofs(["a secret of the server"]), UUID(int=client), 1, hall.clock.now_ms())
            assert (await hall.join(client, address=ADDRESS, proof=easier)).status_code == 429
            assert (await hall.join(client, address=ADDRESS, proof=solved(slowed["challenge"]))).status_code == 201
        assert step_in((await hall.join(3, address=ADDRESS)).json()) == 6


def step_in(slowed: dict[str, Any]) -> int:
    step: int = slowed["challenge"]["parameters"]["data"]["step"]
    return step


def answered(proofs: Proofs, client: UUID, step: int, now_ms: int) -> str:
    return solved(proofs.challenge(SHOW, client, step, now_ms))


def test_a_proof_is_of_one_client_one_show_and_its_time() -> None:
    proofs = Proofs(["new", "old"])
    proof = answered(Proofs(["old"]), CLIENT, 1, NOW_MS)
    assert proofs.step_shown(proof, SHOW, CLIENT, NOW_MS) == 1
    assert proofs.step_shown(proof, SHOW, CLIENT, NOW_MS + LIFE_MS + 1) == 0
    assert proofs.step_shown(proof, SHOW, UUID(int=2), NOW_MS) == 0
    assert proofs.step_shown(proof, SHOW + 1, CLIENT, NOW_MS) == 0
    assert Proofs(["another"]).step_shown(proof, SHOW, CLIENT, NOW_MS) == 0


@pytest.mark.parametrize("text", ["", "!", "bm90IGpzb24=", "W10=", "e30=", "eyJjaGFsbGVuZ2UiOnt9fQ==", "bnVsbA=="])
def test_what_is_no_proof_proves_nothing(text: str) -> None:
    assert Proofs(["a secret"]).step_shown(text, SHOW, CLIENT, NOW_MS) == 0


def test_work_that_was_changed_proves_nothing() -> None:
    proofs = Proofs(["a secret"])
    payload = altcha.Payload.from_base64(answered(proofs, CLIENT, 1, NOW_MS))
    payload.challenge.parameters.data = {**(payload.challenge.parameters.data or {}), "step": 6}
    assert proofs.step_shown(payload.to_base64(), SHOW, CLIENT, NOW_MS) == 0
    other = altcha.Payload.from_base64(answered(proofs, CLIENT, 1, NOW_MS))
    other.solution.derived_key = "00" * 32
    assert proofs.step_shown(other.to_base64(), SHOW, CLIENT, NOW_MS) == 0


async def test_a_payload_names_no_cost_to_us() -> None:
    """Without a signed answer the library would make the try that the payload describes."""
    costly = {"algorithm": "PBKDF2/SHA-256", "nonce": "00", "salt": "00", "cost": 2**31 - 1, "keyLength": 32}
    data = {"show": SHOW, "client": str(CLIENT), "step": 6, "until_ms": NOW_MS + 1_000}
    challenge = altcha.Challenge.from_dict({"parameters": costly | {"data": data}, "signature": "00"})
    payload = altcha.Payload(challenge, altcha.Solution(1, "00"))
    assert Proofs(["a secret"]).step_shown(payload.to_base64(), SHOW, CLIENT, NOW_MS) == 0


def outside(answers: list[httpx.Response | Exception], asked: list[bytes]) -> OutsideCheck:
    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.content)
        found = answers.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    client = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    return OutsideCheck(client, "https://check.example/verify", "ours", "the site key")


async def test_an_outside_check_counts_instead_of_work() -> None:
    asked: list[bytes] = []
    no, yes = httpx.Response(200, json={"success": False}), httpx.Response(200, json={"success": True})
    async with open_hall(check=outside([no, yes], asked)) as hall:
        for client in range(10, 15):
            assert (await hall.join(client, address=ADDRESS, check="not looked at")).status_code == 201
        assert asked == []
        slowed = (await hall.join(1, address=ADDRESS, check="stale")).json()
        assert slowed["check"] == {"site_key": "the site key"}
        assert (await hall.join(1, address=ADDRESS, check="given")).status_code == 201
        assert asked[1] == b"secret=ours&response=given&remoteip=93.184.216.34"


@pytest.mark.parametrize(
    "answer",
    [
        httpx.ConnectError("away"),
        httpx.Response(503),
        httpx.Response(200, text="<html>"),
        httpx.Response(200, json=[1]),
    ],
)
async def test_a_check_that_does_not_answer_shuts_nobody_out(answer: httpx.Response | Exception) -> None:
    async with open_hall(check=outside([answer], [])) as hall:
        for client in range(10, 15):
            await hall.join(client, address=ADDRESS)
        slowed = await hall.join(1, address=ADDRESS, check="given")
        assert slowed.json()["code"] == "rate_limited"
        hall.clock.advance(12_000)
        assert (await hall.join(1, address=ADDRESS)).status_code == 201
