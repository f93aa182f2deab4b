"""How a draw is held, as fans and whoever checks it see it."""

import hashlib
from typing import Any

import httpx
import pytest

from tests.unit.waiting_room.hall import LINE, NOW_MS, PATH, SHOW, Hall, instance, open_hall
from ticketing.tokens import TokenKeys, secret_hash
from waiting_room.beacons import OwnValue, PublicBeacon, Round, Rounds, drand_rounds, file_rounds
from waiting_room.draw import EMPTY_LEAF, place_of, root_by_path, root_of, seed_of
from waiting_room.places import entry_text, leaf_of, ticket_for
from waiting_room.ports import EntryRow, JoinAsk, Joined

KEYS = TokenKeys(["a secret of the server"])
MINUTE_MS = 60_000


def own() -> OwnValue:
    return OwnValue(["a secret of the server"])


async def published(hall: Hall) -> dict[str, Any]:
    found: dict[str, Any] = (await hall.http.get(f"{PATH}/draw")).json()["lines"]["general"]
    return found


async def leaves_of(hall: Hall) -> list[bytes]:
    told = (await hall.http.get(f"{PATH}/draw/leaves")).content
    return [told[at : at + 32] for at in range(0, len(told), 32)]


async def test_who_came_before_the_opening_is_drawn_and_who_came_later_follows() -> None:
    async with open_hall(opens_in_ms=MINUTE_MS) as hall:
        tickets = [(await hall.join(client)).json() for client in range(40)]
        assert {ticket["place"] for ticket in tickets} == {None}
        assert (await published(hall))["state"] == "collecting"
        await hall.pass_time(MINUTE_MS)
        late = (await hall.join(99)).json()
        await hall.pass_time(1_000)
        assert hall.serving == 0
        refused = (await hall.claim(tickets[0])).json()
        assert (refused["code"], refused["detail"]) == ("not_your_turn", "the places are not drawn yet")
        assert (await hall.status())["limited_by"] == "draw"
        await hall.pass_time(4_000)

        draw = await published(hall)
        assert (draw["state"], draw["size"], late["n"]) == ("drawn", 40, 41)
        seed = bytes.fromhex(draw["seed"])
        places = {ticket["entry"]: place_of(seed, 40, ticket["n"]) for ticket in tickets}
        assert sorted(places.values()) == list(range(1, 41))
        assert list(places.values()) != list(range(1, 41))
        drawn = (await hall.status())["lines"]["general"]["drawn"]
        assert drawn == {"state": "drawn", "size": 40, "seed": draw["seed"]}
        served = hall.serving
        assert 0 < served < 40
        for ticket in tickets:
            assert ((await hall.claim(ticket)).status_code == 200) == (places[ticket["entry"]] <= served)
        await hall.pass_time(5_000)
        assert (await hall.claim(late)).status_code == 200


async def test_everybody_can_check_it_from_what_is_published() -> None:
    async with open_hall(opens_in_ms=MINUTE_MS) as hall:
        tickets = [(await hall.join(client)).json() for client in range(20)]
        commitment = (await published(hall))["commitment"]
        await hall.pass_time(MINUTE_MS + 6_000)
        draw, leaves = await published(hall), await leaves_of(hall)
        assert root_of(leaves).hex() == draw["root"]
        value = bytes.fromhex(draw["beacon"]["value"])
        assert seed_of(value, root_of(leaves), len(leaves)).hex() == draw["seed"]
        assert hashlib.sha256(value).hexdigest() == commitment == draw["commitment"]
        assert draw["beacon"]["independent"] is False
        # What was published on the way has the leaves that are in the end.
        assert [root["size"] for root in draw["roots"]] == [20]
        for root in draw["roots"]:
            assert root_of(leaves[: root["size"]]).hex() == root["root"]
        for ticket in tickets:
            proof = (await hall.http.get(f"{PATH}/draw/proof/{ticket['entry']}")).json()
            path = [bytes.fromhex(node) for node in proof["path"]]
            leaf = leaf_of(
                ticket["n"], bytes.fromhex(ticket["entry"][4:]), KEYS.read_ticket(ticket["ticket"]).secret_hash
            )
            assert bytes.fromhex(proof["leaf"]) == leaf == leaves[ticket["n"] - 1]
            assert root_by_path(leaf, proof["index"], proof["size"], path) == root_of(leaves)
            assert proof["place"] == place_of(bytes.fromhex(draw["seed"]), 20, ticket["n"])


@pytest.mark.parametrize("path", ["draw/leaves", f"draw/proof/{entry_text(bytes(16))}"])
async def test_before_the_seal_there_is_nothing_to_prove(path: str) -> None:
    async with open_hall(opens_in_ms=MINUTE_MS) as hall:
        await hall.join(1)
        assert code(await hall.http.get(f"{PATH}/{path}")) == "not_found"
        await hall.pass_time(MINUTE_MS + 6_000)
        answer = await hall.http.get(f"{PATH}/{path}")
        assert answer.status_code == (200 if path == "draw/leaves" else 404)
        assert code(await hall.http.get(f"{PATH}/{path}?line=presale")) == "not_found"
        assert code(await hall.http.get(f"{PATH}/{path}?line=%00")) == "invalid_request"
        assert code(await hall.http.get(f"{PATH}/draw/proof/nobody")) == "invalid_id"


def code(answer: httpx.Response) -> str:
    return str(answer.json()["code"])


async def test_a_sale_that_is_open_from_the_start_has_no_draw() -> None:
    async with open_hall() as hall:
        ticket = (await hall.join(1)).json()
        assert ticket["place"] == ticket["n"] == 1
        assert (await hall.http.get(f"{PATH}/draw")).json()["lines"] == {}
        assert code(await hall.http.get(f"{PATH}/draw/leaves")) == "not_found"


async def test_nobody_before_the_opening_is_a_draw_as_well() -> None:
    async with open_hall(opens_in_ms=MINUTE_MS) as hall:
        await hall.status()
        await hall.pass_time(MINUTE_MS + 6_000)
        assert (await published(hall))["size"] == 0
        ticket = (await hall.join(1)).json()
        await hall.pass_time(1_000)
        assert ticket["place"] == 1
        assert (await hall.claim(ticket)).status_code == 200


async def test_a_ticket_for_a_number_that_nobody_drew_is_worth_nothing() -> None:
    """Whoever has our signing key, operators included, cannot make a place: its leaf is not in the tree."""
    async with open_hall(opens_in_ms=MINUTE_MS) as hall:
        tickets = [(await hall.join(client)).json() for client in range(5)]
        await hall.pass_time(MINUTE_MS + 10_000)
        for n in (3, 5):
            made = ticket_for(LINE, n, b"\x07" * 16, NOW_MS, secret_hash("a secret of enough length"))
            claim = {"entry": made.entry, "ticket": KEYS.sign_ticket(made)}
            assert code(await hall.claim(claim)) == "ticket_invalid"
        assert [(await hall.claim(ticket)).status_code for ticket in tickets] == [200] * 5


async def test_before_a_draw_a_ticket_is_given_only_when_its_leaf_is_kept() -> None:
    async with open_hall(opens_in_ms=MINUTE_MS, wait_s=1.0) as hall:
        await hall.join(1)
        hall.ledger.away = True
        refused = await hall.join(2)
        assert (code(refused), refused.headers["retry-after"]) == ("room_unavailable", "1")
        hall.ledger.away = False
        ticket = (await hall.join(2)).json()
        assert hall.ledger.kept_entries[LINE, ticket["n"]].entry == bytes.fromhex(ticket["entry"][4:])


async def test_a_number_that_comes_to_the_ledger_after_the_seal_is_given_anew() -> None:
    async with open_hall(opens_in_ms=MINUTE_MS) as hall:
        await hall.join(1)
        # Another instance gave number 2 and died before it was written down.
        given = await hall.counters.join(LINE, 1, [JoinAsk(b"\x05" * 16, secret_hash("x" * 20))])
        assert isinstance(given[0], Joined)
        await hall.pass_time(MINUTE_MS + 6_000)
        assert (await leaves_of(hall))[1] == EMPTY_LEAF
        other = hall.room
        answers = await other.join(LINE, [JoinAsk(b"\x05" * 16, secret_hash("x" * 20))])
        assert answers == [Joined(2, given[0].at_ms, repeat=True)]
        row = EntryRow(2, b"\x05" * 16, leaf_of(2, b"\x05" * 16, secret_hash("x" * 20)), NOW_MS)
        assert other.settling(LINE, 2)
        refused = await hall.ledger.add_entries(LINE, [row], maybe_there=True, settling=True)
        assert [kept.n for kept in refused] == [0]
        await other.take_back(LINE, [(b"\x05" * 16, 2)])
        again = await other.join(LINE, [JoinAsk(b"\x05" * 16, secret_hash("x" * 20))])
        assert isinstance(again[0], Joined)
        assert (again[0].n, again[0].repeat) == (3, False)


async def test_a_store_lost_before_the_draw_leaves_holes_and_takes_nobodys_place() -> None:
    async with open_hall(opens_in_ms=MINUTE_MS) as hall:
        before = [(await hall.join(client)).json() for client in range(5)]
        hall.counters.forget()
        after = [(await hall.join(client)).json() for client in range(10, 15)]
        assert min(ticket["n"] for ticket in after) > 6
        await hall.pass_time(MINUTE_MS + 6_000)
        draw, leaves = await published(hall), await leaves_of(hall)
        assert len(leaves) == draw["size"] == max(ticket["n"] for ticket in after)
        assert leaves[5] == EMPTY_LEAF
        assert root_of(leaves).hex() == draw["root"]
        await hall.pass_time(30_000)
        assert {(await hall.claim(ticket)).status_code for ticket in before + after} == {200}


async def test_two_instances_hold_one_draw() -> None:
    async with open_hall(opens_in_ms=MINUTE_MS) as hall:
        other = instance(hall.clock, hall.counters, hall.ledger, hall.table, book=hall.book)
        for client in range(12):
            await hall.join(client)
        await other.room(SHOW)
        for _ in range(70):
            hall.clock.advance(1_000)
            for room in (hall.room, other):
                await room.advance()
                await room.draw()
        queues = [room.rooms[SHOW].general for room in (hall.room, other)]
        assert queues[0].draw == queues[1].draw
        assert [queues[0].place(n) for n in range(1, 13)] == [queues[1].place(n) for n in range(1, 13)]


def spoken(rounds: dict[int, bytes]) -> Rounds:
    """A beacon that has said `{at_ms: value}`."""

    async def first_at(moment_ms: int) -> Round | None:
        later = sorted(at_ms for at_ms in rounds if at_ms >= moment_ms)
        return Round(str(later[0]), rounds[later[0]]) if later else None

    return first_at


async def test_the_first_round_half_a_minute_after_the_root_decides() -> None:
    rounds: dict[int, bytes] = {}
    beacon = PublicBeacon("the beacon", spoken(rounds), own(), patience_ms=60_000)
    async with open_hall(opens_in_ms=MINUTE_MS, beacon=beacon) as hall:
        for client in range(9):
            await hall.join(client)
        await hall.pass_time(MINUTE_MS + 6_000)
        sealed = hall.room.rooms[SHOW].general.draw
        assert sealed is not None
        assert sealed.sealed_at_ms is not None
        assert sealed.state == "sealed"
        rounds |= {sealed.sealed_at_ms + 29_999: b"too early", sealed.sealed_at_ms + 31_000: b"the one"}
        rounds |= {sealed.sealed_at_ms + 40_000: b"too late"}
        await hall.pass_time(20_000)
        assert (await published(hall))["state"] == "sealed"
        await hall.pass_time(15_000)
        draw = await published(hall)
        assert (draw["state"], draw["beacon"]["independent"]) == ("drawn", True)
        assert bytes.fromhex(draw["beacon"]["value"]) == b"the one"


async def test_a_beacon_that_stays_silent_is_waited_for_and_then_our_own_value_counts() -> None:
    async def silent(_moment_ms: int) -> Round | None:
        raise OSError("no answer")

    beacon = PublicBeacon("the beacon", silent, own(), patience_ms=60_000)
    async with open_hall(opens_in_ms=MINUTE_MS, beacon=beacon) as hall:
        await hall.join(1)
        await hall.pass_time(MINUTE_MS + 6_000 + 80_000)
        assert (await published(hall))["state"] == "sealed"
        await hall.pass_time(20_000)
        draw = await published(hall)
        assert (draw["source"], draw["beacon"]["source"], draw["beacon"]["independent"]) == (
            "the beacon",
            "local",
            False,
        )
        assert draw["beacon"]["note"] == "the beacon did not answer within 60 s: our own value"
        assert hashlib.sha256(bytes.fromhex(draw["beacon"]["value"])).hexdigest() == draw["commitment"]


def test_our_own_value_survives_a_change_of_secrets() -> None:
    changed = OwnValue(["a newer secret of the server", "a secret of the server"])
    assert changed.commitment(LINE) != own().commitment(LINE)


async def test_rounds_of_a_chain_are_found_by_their_time() -> None:
    signature = b"a signature"
    value = hashlib.sha256(signature).hexdigest()
    asked: list[str] = []

    async def get(url: str) -> bytes:
        asked.append(url)
        if url.endswith("/info"):
            return b'{"period": 3, "genesis_time": 1000}'
        number = url.rpartition("/")[2]
        return f'{{"round": {number}, "randomness": "{value}", "signature": "{signature.hex()}"}}'.encode()

    rounds = drand_rounds("https://beacon.example/chain", get)
    for moment_ms, number in [(0, 1), (1_000_000, 1), (1_000_001, 2), (1_003_000, 2), (1_003_001, 3), (1_300_000, 101)]:
        assert await rounds(moment_ms) == Round(str(number), bytes.fromhex(value))
        assert asked[-1] == f"https://beacon.example/chain/public/{number}"


@pytest.mark.parametrize(
    "told", [b'{"round": 5, "randomness": "00", "signature": "00"}', b"{}", b"nonsense", b'{"round": "x"}', b"[]"]
)
async def test_what_is_no_round_of_the_chain_is_silence(told: bytes) -> None:
    async def get(url: str) -> bytes:
        return b'{"period": 3, "genesis_time": 1000}' if url.endswith("/info") else told

    with pytest.raises((OSError, ValueError, KeyError, TypeError)):
        await drand_rounds("https://beacon.example/chain", get)(5_000_000)


async def test_rounds_are_read_from_a_file(tmp_path: Any) -> None:
    path = tmp_path / "rounds"
    path.write_text('{"round": "1", "at_ms": 10, "value": "0a"}\n{"round": "2", "at_ms": 20, "value": "0b"}\n')
    assert await file_rounds(path)(11) == Round("2", b"\x0b")
    assert await file_rounds(path)(21) is None
