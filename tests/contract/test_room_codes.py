"""What a book of presale codes promises: one suite for the memory that unit tests use and for Postgres."""

import asyncio
from collections import Counter

from tests.contract.room_stores import NOW_MS, SHOW, Stores, entry
from waiting_room.codes import Redeemed, code_hash
from waiting_room.operating import Act
from waiting_room.ports import Line

PRESALE = Line(SHOW, "presale")
ONCE, TWICE = code_hash(PRESALE, "ONCE-ONLY"), code_hash(PRESALE, "FOR-TWO-PEOPLE")


async def redeem(stores: Stores, code: bytes, who: int) -> Redeemed:
    return await stores.codes.redeem(PRESALE, code, entry(who), NOW_MS)


async def test_a_code_is_good_for_so_many_and_for_each_of_them_again(stores: Stores) -> None:
    await stores.codes.add(PRESALE, [ONCE], 1, NOW_MS)
    await stores.codes.add(PRESALE, [ONCE, TWICE], 2, NOW_MS)
    assert await redeem(stores, code_hash(PRESALE, "NO-SUCH-CODE"), 1) is Redeemed.UNKNOWN
    assert await stores.codes.redeem(Line(SHOW, "other"), ONCE, entry(1), NOW_MS) is Redeemed.UNKNOWN
    assert [await redeem(stores, ONCE, who) for who in (1, 1, 2)] == [
        Redeemed.GRANTED,
        Redeemed.GRANTED,
        Redeemed.USED_UP,
    ]
    assert Counter([await redeem(stores, TWICE, who) for who in (1, 2, 3)])[Redeemed.GRANTED] == 2


async def test_of_many_who_use_one_code_at_once_as_many_get_in_as_it_is_for(stores: Stores) -> None:
    await stores.codes.add(PRESALE, [TWICE], 2, NOW_MS)
    found = await asyncio.gather(*(redeem(stores, TWICE, who) for who in range(20)))
    assert Counter(found) == {Redeemed.GRANTED: 2, Redeemed.USED_UP: 18}


async def test_the_room_remembers_which_lines_need_codes_and_from_when_people_may_join(stores: Stores) -> None:
    await stores.table.change_room(SHOW, Act("codes", "key_ops", "members", coded="presale"), NOW_MS)
    await stores.table.change_room(SHOW, Act("limits", "key_ops", "later", prequeue_at_ms=NOW_MS - 5), NOW_MS)
    row = await stores.table.open_room(SHOW, NOW_MS)
    assert row is not None
    assert (row.coded, row.schedule.prequeue_at_ms) == (frozenset({"presale"}), NOW_MS - 5)
