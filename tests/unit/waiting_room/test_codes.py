"""Lines for people with a code."""

from collections.abc import AsyncIterator
from random import Random
from typing import Any

import pytest

from tests.unit.waiting_room.hall import SHOW, Hall, open_hall
from tests.unit.waiting_room.test_routes import code
from waiting_room.codes import ALPHABET, code_hash, new_codes, normal
from waiting_room.ports import Line


@pytest.fixture
async def hall() -> AsyncIterator[Hall]:
    async with open_hall() as found:
        await found.operate("rate", shares={"general": 50, "presale": 50}, reason="members first")
        yield found


async def codes_for(hall: Hall, **body: Any) -> list[str]:
    answer = await hall.operate("codes", **{"line": "presale", "reason": "members", **body})
    assert answer.status_code == 201, answer.text
    found: list[str] = answer.json()["codes"]
    return found


async def coded_lines(hall: Hall) -> list[str]:
    """Those of which the public status says that a code is needed."""
    return [name for name, line in (await hall.status())["lines"].items() if line["coded"]]


def test_codes_are_long_and_read_well() -> None:
    codes = new_codes(Random(1).randbytes, 500)
    assert len(set(codes)) == 500
    assert all(len(each) == 19 and set(each.replace("-", "")) <= set(ALPHABET) for each in codes)
    assert {letter for each in codes for letter in each} == set(ALPHABET) | {"-"}


def test_a_code_is_the_same_however_it_is_typed_and_of_one_line_only() -> None:
    assert normal("o1l-ab cd") == normal("01I-ABCD") == "011ABCD"
    line = Line(1, "presale")
    assert code_hash(line, "abcd-efgh") == code_hash(line, "ABCDEFGH")
    assert len({code_hash(each, "abcdefgh") for each in (line, Line(2, "presale"), Line(1, "other"))}) == 3


async def test_a_line_with_codes_is_for_whoever_has_one(hall: Hall) -> None:
    assert (await hall.join(1, line="presale")).status_code == 201
    assert await coded_lines(hall) == []
    one, two = await codes_for(hall, count=2)
    assert await coded_lines(hall) == ["presale"]
    assert code(await hall.join(2, line="presale")) == "code_needed"
    assert code(await hall.join(2, line="presale", code="2345-6789-ABCD-EFGH")) == "code_invalid"
    first = await hall.join(2, line="presale", code=one.lower())
    assert (first.status_code, first.json()["line"], first.json()["n"]) == (201, "presale", 2)
    again = await hall.join(2, line="presale", code=one)
    assert again.json() == first.json()
    assert code(await hall.join(3, line="presale", code=one)) == "code_used_up"
    assert (await hall.join(3, line="presale", code=two)).status_code == 201
    assert (await hall.join(4)).status_code == 201


async def test_a_code_may_be_for_several_and_may_be_brought_along(hall: Hall) -> None:
    await codes_for(hall, codes=["FANCLUB-2026"], uses=2)
    answers = [await hall.join(client, line="presale", code="fanclub 2026") for client in (1, 2, 3)]
    assert [answer.status_code for answer in answers] == [201, 201, 409]


async def test_guessing_is_slowed_and_takes_nobody_s_place(hall: Hall) -> None:
    (good,) = await codes_for(hall, count=1)
    bad = [await hall.join(n, line="presale", code=f"GUESS{n:04}", address="9.9.9.9") for n in range(4)]
    assert [code(answer) for answer in bad] == ["code_invalid"] * 3 + ["rate_limited"]
    other = await hall.join(9, line="presale", code=good, address="8.8.8.8")
    assert (other.status_code, other.json()["n"]) == (201, 1)


async def test_what_cannot_be_given_codes(hall: Hall) -> None:
    async def refused(**body: Any) -> str:
        return code(await hall.operate("codes", **{"reason": "x", "count": 1, **body}))

    assert await refused(line="general") == "invalid_request"
    assert await refused(line="nobody_s") == "invalid_request"
    assert await refused(line="presale", codes=["12345678"]) == "invalid_request"
    assert await refused(line="presale", count=None, codes=["1-2-3-4-5"]) == "invalid_request"
    assert code(await hall.operate("codes", line="presale", count=1)) == "invalid_request"  # no reason
    assert code(await hall.operate("codes", "osk_live_reader", line="presale", count=1, reason="x")) == (
        "insufficient_scope"
    )


async def test_the_log_says_how_many_and_nobody_s_code(hall: Hall) -> None:
    (secret,) = await codes_for(hall, count=1)
    log = (await hall.http.get(f"/room/shw_{SHOW:010x}/log")).text
    audit = (await hall.inspect("/audit"))["acts"][-1]
    assert audit["changes"] == {"coded": "presale", "codes": 1, "uses": 1}
    assert secret not in log + str(audit)
    assert "Codes were given out" in log
