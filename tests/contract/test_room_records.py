"""How a sale went, in memory and in Postgres: the same suite."""

from dataclasses import replace

from tests.contract.room_stores import NOW_MS, SHOW, Stores
from waiting_room.records import Moment, Tally

MOMENT = Moment(NOW_MS, "open", {"general": (30, 10)}, 4, 1, 5, 2, 3, 600, "operator", 12)


async def test_what_is_written_is_read(stores: Stores) -> None:
    book = stores.records
    silent = replace(MOMENT, at_ms=NOW_MS + 5_000, available=None, held=None, booked=None, lag_ms=None)
    for moment in (MOMENT, silent, replace(MOMENT, claimed=99)):
        await book.add_moment(SHOW, moment)
    assert await book.track(SHOW, 10) == [MOMENT, silent]
    for _ in range(2):
        await book.add_tallies([Tally(SHOW, "refused", "busy", 2), Tally(SHOW, "joined", "phone", 1)])
    many = [replace(MOMENT, at_ms=NOW_MS + 5_000 * number) for number in range(2, 25)]
    for moment in many:
        await book.add_moment(SHOW, moment)
    thinned = await book.track(SHOW, 10)
    assert len(thinned) == 9 and thinned[-1] == many[-1]
    assert await book.plan(SHOW) is None
    await book.keep_plan(SHOW, {"track": [[1, 2, 3, 4]]}, 7)
    await book.keep_plan(SHOW, {"track": [[5, 6, 7, 8]]}, 9)
    assert await book.plan(SHOW) == ({"track": [[5, 6, 7, 8]]}, 9)
