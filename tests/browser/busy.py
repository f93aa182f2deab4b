"""A house in which a lot has happened, in memory: something of everything that the portal shows."""

import msgspec

from ingress.dead_letter_table import DeadLetter
from ingress.ledger import ContactRow
from ingress.request_log import HOUR_MS, LoggedRequest, Usage
from ingress.webhook_table import DeliveryRow, WebhookRow
from tests.unit.ingress.at_pages import two_partners
from tests.unit.ingress.stage import Stage
from tests.unit.ingress.tales import DAY, HOUR, PART, SECOND, SHOW, T0, reservation
from ticketing import messages

HOOK = "whk_00000000000000a1"
LONG_URL = "https://tickets.partner.example/onsale/events/of-the-whole-house?channel=box-office"
CALLS = (("hold", "POST", 409), ("book", "POST", 201), ("read_event", "GET", 200), ("logs", "GET", 503))
LETTER = (PART, 0, 41)


def busy() -> Stage:
    """`key_partner` belongs to acme, `key_reader` to zenith, the others to the house."""
    stage = two_partners()
    stage.ledger.kept = {
        "key_partner": {"share": 40, "borrow": 3, "give_back_at_ms": T0 + DAY},
        "key_partner back": {"share": 24},
        "key_reader": {"share": 8, "give_back_at_ms": T0 - HOUR},
    }
    _bookings(stage)
    _webhooks(stage)
    _requests(stage)
    command = messages.CloseShow(
        show=SHOW, key=b"k" * 16, fingerprint=b"f" * 8, keyed=False, sent_at_ms=T0, account="key_house", reason="full"
    )  # fmt: skip
    for offset, raw in ((LETTER[2], messages.encode(command)), (42, b"\x00\x01rubbish" * 40)):
        place = (PART, 0, offset)
        stage.letters.letters[place] = DeadLetter(place, "malformed", raw)
    return stage


def _bookings(stage: Stage) -> None:
    for number in range(60):
        account = ("key_partner", "ent_anna", "key_reader")[number % 3]
        status = "cancelled" if number % 7 == 0 else "booked"
        areas = ((0, 2),) if number % 5 == 0 else ()
        one = reservation(number.to_bytes(16), seats=(number % 15,), areas=areas, status=status, account=account)
        stage.ledger.reservations[one.id] = msgspec.structs.replace(one, booked_at_ms=T0 - number * HOUR)
        person = ContactRow("Anna Example", f"anna{number}@example.org", "+44 1", "by the aisle, please", "")
        stage.ledger.contacts[SHOW, one.id] = person


def _webhooks(stage: Stage) -> None:
    hook = WebhookRow(HOOK, "key_partner", LONG_URL, ("booking_confirmed", "booking_cancelled"), "the till", T0 - DAY)
    gone = {"disabled_at_ms": T0, "disabled_why": "410 Gone"}
    off = WebhookRow("whk_00000000000000a2", "key_partner", "https://old.example/in", (), "", T0 - HOUR, **gone)  # type: ignore[arg-type]
    for row in (hook, off):
        stage.webhooks.rows[row.webhook_id] = row
    stage.webhooks.sent[HOOK] = [
        DeliveryRow(1, "evt_1", "booking_confirmed", T0 - HOUR, "failed", 12, T0, 500, "Internal Server Error", T0),
        DeliveryRow(2, "evt_2", "booking_confirmed", T0 - SECOND, "done", 1, T0, 200, None, T0),
        DeliveryRow(3, "evt_3", "booking_cancelled", T0, "due", 2, T0 + HOUR, None, "ConnectTimeout", None),
    ]


def _requests(stage: Stage) -> None:
    for hour in range(24 * 6):
        for number, (call, _, _) in enumerate(CALLS):
            asked = 20 + (hour * 7) % 60 + number
            bad = asked // 5 if call == "hold" else 0
            sums = Usage("key_partner", (T0 // HOUR_MS - hour) * HOUR_MS, call, asked, bad, number, asked * 12, 140)
            stage.requests.sums.append(sums)
    for number in range(70):
        call, method, status = CALLS[number % len(CALLS)]
        at_ms = T0 - (70 - number) * SECOND
        line = LoggedRequest("key_partner", at_ms, call, method, status, 8, "192.0.2.7", "till/1.4", f"req{number}")
        stage.requests.written.append(line)
