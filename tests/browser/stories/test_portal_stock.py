"""The portal's parts that are about places: shares for partners, bookings of all channels, dead letters."""

from pathlib import Path

from playwright.async_api import expect

from tests.browser.busy import busy
from tests.browser.desk import Open
from tests.browser.stories.test_portal import press
from tests.unit.ingress.stage import SHOW_TEXT
from tests.unit.ingress.tales import SHOW, T0, reservation
from ticketing import messages
from ticketing.messages import AnyCommand, AnyOutcome, Reservation
from ticketing.vocabulary import booking_text

ALLOCATIONS = f"/api/admin/shows/{SHOW_TEXT}/allocations"
CHANNELS_OF_BUSY = 60
SHOWN_AT_ONCE = 50


def carry_out(command: AnyCommand, offset: int) -> list[AnyOutcome]:
    """As an allocator would."""
    head = {"show": SHOW, "seq": offset + 1, "at_ms": T0, "offset": offset, "key": command.key, "account": ""}
    match command:
        case messages.SetAllocation():
            terms = {"share": command.share, "borrow": command.borrow, "give_back_at_ms": command.give_back_at_ms}
            return [messages.AllocationSet(**head, **terms, allocation=command.allocation, category=command.category)]  # type: ignore[arg-type]
        case messages.ReturnAllocation():
            return [messages.AllocationReturned(**head, allocation=command.allocation, places=3)]  # type: ignore[arg-type]
        case _:
            assert isinstance(command, messages.CancelBooking)
            gone = reservation(command.reservation, seats=(1,), status="cancelled", account=command.account)
            return [messages.BookingCancelled(**head, reservation=gone)]  # type: ignore[arg-type]


async def test_shares_are_kept_changed_and_given_back_and_burn_down(desk: Open) -> None:
    stage = busy()
    stage.decide = carry_out
    one = await desk(stage, "admin")
    await one.open("?part=allocations")
    page = one.page
    lines = page.locator("#allocations .thing")
    await expect(lines).to_have_count(3)
    bar = lines.first.locator(".sold")
    assert "booked" in str(await bar.get_attribute("aria-label"))
    # What is sold while somebody looks is seen by itself.
    before = await bar.get_attribute("aria-label")
    change = lines.first.get_by_role("button", name="Change")
    await change.focus()
    sold = reservation(b"x" * 16, seats=(3, 4), status="held", account="key_partner")
    stage.ledger.reservations[sold.id] = sold
    await expect(bar).not_to_have_attribute("aria-label", str(before), timeout=15_000)
    await expect(change).to_be_focused()
    await page.click("#allocations-new")
    await page.select_option("#field-partner", "key_reader")
    await page.select_option("#field-category", "front")
    await page.fill("#field-share", "2")
    await page.click("#form-go")
    await expect(page.locator("#notice")).to_contain_text("places are kept")
    (kept,) = stage.commands
    assert isinstance(kept, messages.SetAllocation)
    assert (kept.allocation, kept.category, kept.share, kept.borrow, kept.keyed) == ("key_reader", "front", 2, 0, True)
    await lines.nth(1).get_by_role("button", name="Give back").click()
    await page.click("#form-go")
    await expect(page.locator("#notice")).to_contain_text("anybody's")
    back = stage.commands[-1]
    assert isinstance(back, messages.ReturnAllocation)
    assert (back.allocation, back.category) == ("key_partner", "back")


async def test_an_order_without_an_answer_is_the_same_order_once_more(desk: Open) -> None:
    stage = busy()
    stage.decide = carry_out
    one = await desk(stage, "admin")
    await one.open("?part=allocations")
    call = f"PUT {ALLOCATIONS}/key_reader"
    one.fails[call] = None
    await one.page.click("#allocations-new")
    await one.page.select_option("#field-partner", "key_reader")
    await one.page.fill("#field-share", "2")
    keys: list[str | None] = []
    one.page.on("request", lambda it: keys.append(it.headers.get("idempotency-key")) if it.method == "PUT" else None)
    await one.page.click("#form-go")
    await expect(one.page.locator("#form-error")).to_contain_text("cannot be reached")
    await one.page.click("#form-go")
    one.fails.clear()
    await one.page.click("#form-go")
    await expect(one.page.locator("#notice")).to_contain_text("places are kept")
    assert len(keys) == 3 and len(set(keys)) == 1 and keys[0]


async def test_a_partner_sees_their_own_share_and_changes_nothing(desk: Open) -> None:
    one = await desk(busy(), "partner", partner="acme")
    await one.open("?part=allocations")
    lines = one.page.locator("#allocations .thing")
    await expect(lines).to_have_count(2)
    await expect(lines.get_by_role("button")).to_have_count(0)
    await expect(one.page.locator("#allocations-new")).to_be_hidden()
    await expect(one.page.get_by_role("link", name="Dead letters")).to_have_count(0)


async def test_bookings_of_all_channels_are_found_read_and_taken_along(desk: Open, tmp_path: Path) -> None:
    one = await desk(busy(), "admin")
    await one.open("?part=bookings")
    page = one.page
    lines = page.locator("#bookings .thing")
    await expect(lines).to_have_count(SHOWN_AT_ONCE)
    await page.click("#bookings-more")
    await expect(lines).to_have_count(CHANNELS_OF_BUSY)
    await page.select_option("#bookings-channel", "fans")
    await expect(lines).to_have_count(CHANNELS_OF_BUSY // 3)
    await page.click("#bookings-filters summary")
    await page.fill("#bookings-email", "ANNA4@example.org")
    await page.keyboard.press("Enter")
    await expect(lines).to_have_count(1)
    await expect(lines).to_contain_text("anna4@example.org")
    await lines.get_by_role("button", name="All of it").click()
    await expect(lines.locator(".whole")).to_contain_text("rsv_")
    await expect(lines.get_by_role("button", name="Cancel the booking")).to_have_count(0)
    async with page.expect_download() as told:
        await page.click("#bookings-file")
    file = tmp_path / "bookings.csv"
    await (await told.value).save_as(file)
    rows = file.read_text().splitlines()
    assert len(rows) == 1 + 1 and "anna4@example.org" in rows[1]


async def test_a_partner_gives_up_a_booking_of_theirs(desk: Open) -> None:
    stage = busy()

    def decide(command: AnyCommand, offset: int) -> list[AnyOutcome]:
        (outcome,) = carry_out(command, offset)
        assert isinstance(outcome, messages.BookingCancelled)
        stage.ledger.reservations[outcome.reservation.id] = outcome.reservation
        return [outcome]

    stage.decide = decide
    one = await desk(stage, "partner", partner="acme")
    await one.open("?part=bookings&status=booked")
    mine = [it for it in stage.ledger.reservations.values() if it.account == "key_partner" and it.status == "booked"]
    lines = one.page.locator("#bookings .thing")
    await expect(lines).to_have_count(len(mine))
    newest: Reservation = max(mine, key=lambda it: it.booked_at_ms)
    await expect(lines.first).to_contain_text(booking_text(SHOW, newest.id))
    await lines.first.get_by_role("button", name="Cancel the booking").click()
    await one.page.click("#form-go")
    await expect(one.page.locator("#notice")).to_contain_text("is cancelled")
    await expect(one.page.locator("#notice")).to_be_focused()
    await expect(one.page.locator("#notice")).to_be_in_viewport()
    await expect(lines).to_have_count(len(mine) - 1)
    assert [command.account for command in stage.commands] == ["key_partner"]


async def test_dead_letters_are_read_put_on_the_log_once_more_or_let_be(desk: Open) -> None:
    one = await desk(busy(), "admin")
    await one.open("?part=letters")
    page = one.page
    lines = page.locator("#letters .thing")
    await expect(lines).to_have_count(2)
    await lines.nth(1).locator("summary").click()
    await expect(lines.nth(1).locator("pre")).to_contain_text("\\x00\\x01rubbish")
    await lines.nth(1).get_by_role("button", name="Let it be").click()
    await page.click("#form-go")
    await expect(lines).to_have_count(1)
    await press(page, "Once more", "Not readable")
    await page.click("#form-go")
    await expect(page.locator("#notice")).to_contain_text("req_")
    await expect(page.locator("#letters-none")).to_be_visible()
    assert [type(command) for command in one.stage.commands] == [messages.CloseShow]
    await page.select_option("#letters-status", "discarded")
    await expect(lines).to_have_count(1)
    await expect(lines.get_by_role("button")).to_have_count(0)
