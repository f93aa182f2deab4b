"""In line: join, wait for one's turn by the public status document, claim the pass."""

import asyncio
import hashlib
import random
import uuid
from dataclasses import dataclass
from typing import Any

from onsale.crowd.habits import Habit, Plan
from onsale.crowd.http import Unreachable
from onsale.crowd.sale import Sale, retry_after_s


@dataclass(frozen=True, slots=True)
class Admitted:
    """A fan who may buy: the pass, and the entry it was given to."""

    token: str
    entry: str


async def queue_up(plan: Plan, sale: Sale, rng: random.Random) -> Admitted | None:
    """Stand in line until it is one's turn; None when the sale was over before. Raises `Unreachable`."""
    client = str(uuid.UUID(int=rng.getrandbits(128), version=4))
    secret = f"{rng.getrandbits(128):032x}"
    body = {"client_id": client, "secret_hash": secret_hash(secret)}
    ticket = await _post(sale, f"/room/{sale.show}/entries", body)
    if ticket is None:
        return None
    sale.tally.joined += 1
    sale.tally.did(Habit.JOIN)
    if plan.repeats:
        again = await _post(sale, f"/room/{sale.show}/entries", body)
        if again is not None and again["entry"] != ticket["entry"]:
            sale.tally.complain(f"joining again gave entry {again['entry']}, not {ticket['entry']}")
    if not await _wait(sale, ticket, rng):
        return None
    claim = {"ticket": ticket["ticket"], "secret": secret}
    path = f"/room/{sale.show}/entries/{ticket['entry']}/claim"
    claimed = await _post(sale, path, claim)
    if claimed is None:
        return None
    sale.tally.admitted += 1
    sale.tally.did(Habit.CLAIM)
    if plan.repeats:
        again = await _post(sale, path, claim)
        if again is not None and again["pass"] != claimed["pass"]:
            sale.tally.complain("claiming again gave another pass")
    return Admitted(claimed["pass"], ticket["entry"])


def secret_hash(secret: str) -> str:
    """What the room is told of the fan's secret before the turn comes (as in the room's page)."""
    return hashlib.sha256(b"onsale-entry-secret" + secret.encode()).hexdigest()


async def _wait(sale: Sale, ticket: dict[str, Any], rng: random.Random) -> bool:
    """Whether the turn came before the sale was over."""
    place: int | None = ticket["place"]
    waited = False
    while not sale.over.is_set():
        status = (await sale.patiently(f"/room/{sale.show}/status")).json()
        line = status["lines"][ticket["line"]]
        if place is None:
            place = await _drawn_place(sale, ticket, line["drawn"])
        if place is not None and place <= line["serving"]:
            return True
        if status["phase"] in {"soldout", "closed"}:
            return False
        if not waited:
            waited = True
            sale.tally.did(Habit.WAIT)
        ahead = (ticket["n"] if place is None else place) - line["serving"]
        await _pause(sale, poll_s(status["poll"], ahead, line["rate_now"]) * rng.uniform(0.9, 1.1))
    return False


async def _drawn_place(sale: Sale, ticket: dict[str, Any], drawn: dict[str, Any] | None) -> int | None:
    """The place in the line once the draw is held; None before. Whoever came after it has their number as their place.

    Raises `Unreachable`.
    """
    if drawn is None or drawn["size"] is None:
        return None
    if ticket["n"] > drawn["size"]:
        return int(ticket["n"])
    if drawn["state"] != "drawn":
        return None
    proof = await sale.patiently(f"/room/{sale.show}/draw/proof/{ticket['entry']}?line={ticket['line']}")
    return int(proof.json()["place"])


def poll_s(poll: dict[str, Any], ahead: int, rate_per_min: int) -> float:
    """How long to wait before the next look, by the document's own rule: a part of the wait, within bounds."""
    wait_s = ahead * 60 / rate_per_min if rate_per_min else poll["ceiling_s"] * poll["divisor"]
    return float(min(max(wait_s / poll["divisor"], poll["floor_s"]), poll["ceiling_s"]))


async def _post(sale: Sale, path: str, body: dict[str, Any]) -> dict[str, Any] | None:
    """The answer of the room, asked until there is one; None where it says no. Raises `Unreachable` at last."""
    for _ in range(100):
        try:
            answer = await sale.http.request("POST", path, body=body)
        except Unreachable:
            answer = None
        if answer is not None and answer.status in {200, 201}:
            return answer.json()
        if sale.over.is_set():
            return None
        if answer is not None and answer.status not in {409, 425, 429, 503}:
            sale.tally.complain(f"{path}: {answer.status} {answer.body.decode(errors='replace')[:200]}")
            return None
        sale.tally.retries += 1
        await asyncio.sleep(retry_after_s(answer))
    raise Unreachable(f"POST {path} is not answered")


async def _pause(sale: Sale, seconds: float) -> None:
    """Sleep, but not beyond the end of the sale."""
    try:
        async with asyncio.timeout(seconds):
            await sale.over.wait()
    except TimeoutError:
        return
