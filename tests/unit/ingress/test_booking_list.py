"""Bookings of all channels in one list, in pages and as a file; and whom a booking is for, changed afterwards."""

import csv
import io
from typing import Any

import msgspec
import pytest

from ingress.booking_list_routes import COLUMNS, STREAMED_PAGE
from ingress.booking_table import CONDITIONS, BookingsWanted
from ingress.csv_cells import cell
from ingress.ledger import ContactRow
from ingress.stores import StoreAway
from tests.unit.ingress.stage import ADMIN_KEY, PARTNER_KEY, READER_KEY, SHOW_TEXT, Stage
from tests.unit.ingress.tales import SHOW, T0, reservation
from ticketing.vocabulary import booking_text

pytestmark = pytest.mark.anyio

BOOKINGS = "/api/bookings"


def ident(number: int) -> bytes:
    return number.to_bytes(16)


def add(stage: Stage, number: int, *, account: str = "key_partner", status: str = "booked", email: str = "") -> str:
    """A booking, made `number` milliseconds after the first moment; its id."""
    one = reservation(ident(number), seats=(number % 15,), status=status, account=account)
    stage.ledger.reservations[one.id] = msgspec.structs.replace(one, booked_at_ms=T0 + number)
    if email:
        stage.ledger.contacts[SHOW, one.id] = ContactRow("=Ada", email, "+44 1", "a, b", "")
    return booking_text(SHOW, one.id)


async def ids(stage: Stage, query: str, token: str = ADMIN_KEY) -> list[str]:
    reply = await stage.call("GET", f"{BOOKINGS}?{query}", token=token)
    assert reply.status == 200, reply.body
    return [line["booking"] for line in reply.body["data"]]


async def test_admins_see_all_channels_and_others_their_own() -> None:
    stage = Stage()
    fan, partner, gone = add(stage, 1, account="ent_anna"), add(stage, 2), add(stage, 3, status="cancelled")
    add(stage, 4, status="held")
    assert await ids(stage, "") == [gone, partner, fan]
    assert await ids(stage, "", PARTNER_KEY) == [gone, partner]
    assert await ids(stage, "", READER_KEY) == []
    assert await ids(stage, "", stage.fan("anna")) == [fan]
    token = stage.reservation_token("rsv_x")
    assert (await stage.call("GET", BOOKINGS, token=token)).status == 403
    assert (await stage.call("GET", BOOKINGS)).status == 401


async def test_filters() -> None:
    stage = Stage()
    fan, partner = add(stage, 1, account="ent_anna", email="Ada@example.org"), add(stage, 2, status="cancelled")
    assert await ids(stage, "channel=fans") == [fan]
    assert await ids(stage, "status=cancelled") == [partner]
    assert await ids(stage, f"show={SHOW_TEXT}&email=ada@EXAMPLE.org") == [fan]
    assert await ids(stage, "external_id=x") == []
    assert await ids(stage, "from=2030-01-01T00:00:00Z") == []
    assert await ids(stage, "to=2030-01-01T00:00:00Z") == [partner, fan]
    # Another channel than one's own is empty, and not somebody else's.
    assert await ids(stage, "channel=fans", PARTNER_KEY) == []
    for query in ("show=shw_0000000009", "channel=anybody", "status=held", "after=zebra", "format=xml"):
        reply = await stage.call("GET", f"{BOOKINGS}?{query}", token=ADMIN_KEY)
        assert reply.status == (404 if query.startswith("show") else 400), query


async def test_pages_meet_without_a_gap() -> None:
    stage = Stage()
    made = [add(stage, number) for number in range(7)]
    seen, target = [], f"{BOOKINGS}?limit=3"
    while target:
        page = await stage.call("GET", target, token=ADMIN_KEY)
        seen += [line["booking"] for line in page.body["data"]]
        more = page.body["has_more"]
        target = f"{BOOKINGS}?limit=3&after={page.body['next_cursor']}" if more else ""
        assert ("link" in page.headers) == more
    assert seen == made[::-1]


async def test_a_file_has_all_of_it_and_nothing_that_a_spreadsheet_would_run() -> None:
    stage = Stage()
    for number in range(STREAMED_PAGE + 2):
        add(stage, number, email="ada@example.org" if number == 0 else "")
    reply = await stage.call("GET", f"{BOOKINGS}?limit=1", token=ADMIN_KEY, headers={"accept": "text/csv"})
    assert (reply.status, reply.headers["content-type"]) == (200, "text/csv; charset=utf-8")
    header, *lines = csv.reader(io.StringIO(reply.raw.decode(), newline=""))
    assert tuple(header) == COLUMNS
    assert (len(lines), stage.bookings.pages) == (STREAMED_PAGE + 2, 2)
    oldest = dict(zip(header, lines[-1], strict=True))
    assert (oldest["name"], oldest["phone"], oldest["notes"]) == ("'=Ada", "'+44 1", "a, b")
    assert (oldest["channel"], oldest["places"], oldest["booking"]) == (
        "key_partner",
        "1",
        booking_text(SHOW, ident(0)),
    )
    as_asked = await stage.call("GET", f"{BOOKINGS}?format=json", token=ADMIN_KEY, headers={"accept": "text/csv"})
    assert as_asked.headers["content-type"] == "application/json"


async def test_a_file_that_breaks_off_is_not_taken_for_a_whole_one() -> None:
    stage = Stage()
    for number in range(STREAMED_PAGE + 1):
        add(stage, number)
    first = stage.bookings.page

    async def once(wanted: BookingsWanted) -> Any:
        if "before" in wanted.conditions:
            raise StoreAway("gone")
        return await first(wanted)

    stage.bookings.page = once  # type: ignore[method-assign]  # gone after the first page
    with pytest.raises(StoreAway):
        await stage.call("GET", f"{BOOKINGS}?format=csv", token=ADMIN_KEY)
    stage.ledger.away = True
    stage.bookings.page = first  # type: ignore[method-assign]  # as it was
    reply = await stage.call("GET", f"{BOOKINGS}?format=csv", token=ADMIN_KEY)
    assert (reply.status, reply.body["code"]) == (503, "sales_paused")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", " =1", "\ufeff=1", "＝1"])
def test_what_could_be_run_is_text(text: str) -> None:
    assert cell(text) == f"'{text}"
    assert cell("A-1") == "A-1"
    assert cell(-1) == -1


def test_conditions_are_parameters() -> None:
    given = {name: ("x",) * text.count("{}") for name, text in CONDITIONS.items()}
    sql, values = BookingsWanted(given, 7).statement()
    numbers = [f"${n + 1}" for n in range(len(values))]
    assert [
        word for word in sql.replace("(", " ").replace(")", " ").replace(",", " ").split() if "$" in word
    ] == numbers
    assert values == ["x"] * (len(values) - 1) + [7]


CONTACT = {"name": "Grace Hopper", "email": "grace@example.org"}


async def test_a_booking_gets_another_contact() -> None:
    stage = Stage()
    booking = add(stage, 1, email="ada@example.org")
    body = {"contact": CONTACT, "notes": "by the aisle"}
    reply = await stage.call("PUT", f"{BOOKINGS}/{booking}", body, token=PARTNER_KEY)
    assert (reply.status, reply.body["contact"], reply.body["notes"]) == (200, CONTACT, "by the aisle")
    assert stage.commands == [], "whom it is for is no matter of the log"
    read = await stage.call("GET", f"{BOOKINGS}/{booking}", token=PARTNER_KEY)
    assert read.body["contact"] == CONTACT


async def test_whose_contact_is_whose_to_change() -> None:
    stage = Stage()
    booking, cancelled = add(stage, 1), add(stage, 2, status="cancelled")
    fan = stage.fan("ben")
    for token, target, body, code in (
        (fan, booking, {"contact": CONTACT}, "not_yours"),
        (PARTNER_KEY, cancelled, {"contact": CONTACT}, "booking_cancelled"),
        (PARTNER_KEY, booking, {"contact": CONTACT, "give": ["A-2"], "take": ["A-3"]}, "invalid_request"),
        (PARTNER_KEY, booking, {"notes": "whose?"}, "invalid_request"),
        (PARTNER_KEY, booking_text(SHOW, ident(9)), {"contact": CONTACT}, "booking_not_found"),
    ):
        reply = await stage.call("PUT", f"{BOOKINGS}/{target}", body, token=token)
        assert reply.body["code"] == code
    assert stage.ledger.contacts == {}
