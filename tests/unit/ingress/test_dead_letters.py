"""Commands that nobody could read: looked at, put on the log once more, or let be; and how the installation is."""

import base64

import pytest

from ingress.dead_letter_table import DeadLetter
from ingress.service import NotTaken
from tests.unit.ingress.stage import ADMIN_KEY, PARTNER_KEY, Stage
from tests.unit.ingress.tales import PART, SHOW
from ticketing import messages
from ticketing.vocabulary import dead_letter_text, show_text

pytestmark = pytest.mark.anyio

LETTERS = "/api/admin/dead-letters"
RAW = messages.encode(
    messages.CloseShow(
        show=SHOW, key=b"k" * 16, fingerprint=b"f" * 8, keyed=False, sent_at_ms=1, account="key_house", reason=""
    )
)  # fmt: skip


def put(stage: Stage, offset: int, raw: bytes = RAW) -> str:
    place = (PART, 0, offset)
    stage.letters.letters[place] = DeadLetter(place, "malformed", raw)
    return dead_letter_text(*place)


async def test_they_are_listed_in_pages() -> None:
    stage = Stage()
    letters = [put(stage, offset) for offset in (3, 5, 9)]
    first = await stage.call("GET", f"{LETTERS}?limit=2&status=open", token=ADMIN_KEY)
    rest = await stage.call("GET", f"{LETTERS}?limit=2&after={first.body['next_cursor']}", token=ADMIN_KEY)
    assert [line["letter"] for line in first.body["data"] + rest.body["data"]] == letters
    line = first.body["data"][0]
    assert (line["status"], line["offset"], line["code"]) == ("open", 3, "malformed")
    assert base64.b64decode(line["raw"]) == RAW
    assert not rest.body["has_more"]
    assert (await stage.call("GET", LETTERS, token=PARTNER_KEY)).status == 403


async def test_one_is_put_on_the_log_as_it_was_and_once() -> None:
    stage = Stage()
    letter = put(stage, 3)
    reply = await stage.call("POST", f"{LETTERS}/{letter}/replay", token=ADMIN_KEY)
    assert (reply.status, reply.body["data"]["status"]) == (200, "replayed")
    assert reply.body["data"]["settled_by"] == "key_house"
    assert reply.body["data"]["request"].startswith("req_")
    assert [messages.encode(command) for command in stage.commands] == [RAW]
    for verb in ("replay", "discard"):
        again = await stage.call("POST", f"{LETTERS}/{letter}/{verb}", token=ADMIN_KEY)
        assert (again.status, again.body["code"]) == (409, "letter_settled")
    assert len(stage.commands) == 1


async def test_one_that_the_log_does_not_take_stays_open() -> None:
    stage = Stage()
    letter = put(stage, 3)
    stage.log_says = NotTaken("log_unavailable", "for once")
    reply = await stage.call("POST", f"{LETTERS}/{letter}/replay", token=ADMIN_KEY)
    assert (reply.status, reply.body["code"]) == (503, "log_unavailable")
    assert stage.letters.letters[PART, 0, 3].status == "open"


async def test_one_is_let_be() -> None:
    stage = Stage()
    letter = put(stage, 3)
    reply = await stage.call("POST", f"{LETTERS}/{letter}/discard", token=ADMIN_KEY)
    assert (reply.body["data"]["status"], "request" in reply.body["data"]) == ("discarded", False)
    assert stage.commands == []
    for unknown in ("dlt_x", dead_letter_text(PART, 0, 4)):
        assert (await stage.call("POST", f"{LETTERS}/{unknown}/discard", token=ADMIN_KEY)).status == 404


async def test_how_it_is_in_words() -> None:
    stage = Stage()
    stage.condition.log_gens = {0: 0, 1: 0, 2: 0}
    well = await stage.call("GET", "/api/admin/health", token=ADMIN_KEY)
    assert (well.body["status"], well.body["reasons"], well.body["log"]) == ("ok", [], "ok")
    assert [part["status"] for part in well.body["partitions"]] == ["ok"] * 3
    stage.condition.postgres_away = True
    stage.condition.lag_ms = {SHOW: 7_000, SHOW + 1: 0}
    stage.condition.parts_refused = frozenset({1})
    stage.condition.appended(2, stage.clock.now_ms())
    stage.clock.advance(6_000)
    ill = await stage.call("GET", "/api/admin/health", token=ADMIN_KEY)
    assert (ill.body["status"], ill.body["postgres"]) == ("degraded", "away")
    assert ill.body["shows"] == [{"show": show_text(SHOW), "lag_ms": 7_000}]
    assert [part["status"] for part in ill.body["partitions"]] == ["ok", "refusing", "silent"]
    assert ill.body["partitions"][2]["silent_ms"] == 6_000
    assert len(ill.body["reasons"]) >= 2
    assert (await stage.call("GET", "/api/admin/health", token=PARTNER_KEY)).status == 403
