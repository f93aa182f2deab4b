"""A fan's desk: whatever happens on the way, the same command until it is decided."""

import asyncio
from typing import Any

import pytest

from onsale.crowd.http import Answer, HttpClient, Unreachable
from onsale.crowd.queueing import poll_s
from onsale.crowd.sale import Desk, Sale, Verdict, retry_after_s

pytestmark = pytest.mark.anyio

NOW = {"retry-after": "0"}


class Script(HttpClient):
    """Answers with what it was given, in order; None is no answer at all."""

    def __init__(self, *answers: Answer | None) -> None:
        super().__init__("127.0.0.1", 1)
        self._answers = list(answers)
        self.sent: list[tuple[str, str, str]] = []

    async def request(
        self,
        method: str,
        path: str,
        *,
        body: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        timeout_s: float = 1.0,
    ) -> Answer:
        self.sent.append((method, path, (headers or {}).get("idempotency-key", "")))
        answer = self._answers.pop(0)
        if answer is None:
            raise Unreachable("cut")
        return answer


def sale(*answers: Answer | None) -> tuple[Desk, Script]:
    script = Script(*answers)
    return Desk(Sale(http=script, show="shw_1", venue="ven_1", places=10, seed=1), "token"), script


async def hold(desk: Desk) -> Verdict:
    return await desk.ask("hold", "POST", "/api/reservations", {}, "key-1")


async def test_a_lost_answer_and_a_busy_server_are_asked_again_with_the_same_key() -> None:
    desk, script = sale(None, Answer(503, NOW, b"{}"), Answer(201, {}, b'{"reservation": "rsv_1"}'))
    verdict = await hold(desk)
    assert verdict.granted
    assert verdict.body == {"reservation": "rsv_1"}
    assert script.sent == [("POST", "/api/reservations", "key-1")] * 3
    assert desk.sale.tally.retries == 2
    assert desk.sale.tally.longest_what == "hold"


async def test_a_verdict_that_comes_later_is_looked_up_where_the_answer_says() -> None:
    later = Answer(202, NOW | {"location": "/api/requests/req_1"}, b"{}")
    pending = Answer(200, NOW, b'{"status": "pending"}')
    refused = Answer(200, {}, b'{"status": "rejected", "outcome": {"status": 409, "code": "sold_out"}}')
    desk, script = sale(later, pending, refused)
    verdict = await hold(desk)
    assert (verdict.status, verdict.code, verdict.replayed) == (409, "sold_out", None)
    assert [path for _, path, _ in script.sent] == ["/api/reservations"] + ["/api/requests/req_1"] * 2


async def test_a_request_that_is_no_longer_known_is_sent_again() -> None:
    later = Answer(202, NOW | {"location": "/api/requests/req_1"}, b"{}")
    desk, script = sale(later, Answer(404, NOW, b"{}"), Answer(201, {"idempotent-replayed": "true"}, b"{}"))
    verdict = await hold(desk)
    assert verdict.replayed
    assert script.sent[0] == script.sent[2]


async def test_a_granted_request_has_the_body_that_waiting_would_have_got() -> None:
    later = Answer(202, NOW | {"location": "/api/requests/req_1"}, b"{}")
    granted = Answer(200, {}, b'{"status": "granted", "outcome": {"status": "held", "reservation": "rsv_1"}}')
    verdict = await hold(sale(later, granted)[0])
    assert verdict.granted
    assert verdict.body["reservation"] == "rsv_1"


def test_the_server_says_when_to_come_back() -> None:
    assert retry_after_s(Answer(503, {"retry-after": "3"}, b"")) == 3.0
    assert 0 < retry_after_s(None) < 1


def test_who_is_far_back_looks_seldom_and_who_is_near_often() -> None:
    poll = {"floor_s": 1, "ceiling_s": 30, "divisor": 10}
    assert poll_s(poll, ahead=5, rate_per_min=600) == 1.0
    assert poll_s(poll, ahead=1000, rate_per_min=600) == 10.0
    assert poll_s(poll, ahead=100_000, rate_per_min=600) == 30.0
    assert poll_s(poll, ahead=1, rate_per_min=0) == 30.0


class Watch:
    """In place of a clock: it moves when somebody sleeps, at most until somebody leaves."""

    def __init__(self, leaves_after_s: float = float("inf")) -> None:
        self.now_s, self.slept, self.leaves_after_s = 1000.0, list[float](), leaves_after_s

    def monotonic(self) -> float:
        return self.now_s

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now_s += min(seconds, self.leaves_after_s)
        if seconds > self.leaves_after_s:
            raise asyncio.CancelledError


def by(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onsale.crowd.sale.time", watch)
    monkeypatch.setattr("onsale.crowd.sale.asyncio.sleep", watch.sleep)


LIMITED, BUSY = Answer(429, {"retry-after": "6"}, b"{}"), Answer(503, {"retry-after": "2"}, b"{}")


async def test_what_a_limit_put_off_is_no_pause_of_the_sale(monkeypatch: pytest.MonkeyPatch) -> None:
    watch = Watch()
    by(watch, monkeypatch)
    desk, _ = sale(LIMITED, BUSY, LIMITED, Answer(201, {}, b"{}"))
    assert (await hold(desk)).limited_s == 12
    assert watch.slept == [6, 2, 6]
    assert desk.sale.tally.longest_s == 2
    assert (await hold(sale(Answer(201, {}, b"{}"))[0])).limited_s == 0


async def test_nor_is_it_one_for_a_fan_who_leaves_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    by(Watch(leaves_after_s=5), monkeypatch)
    desk, _ = sale(BUSY, LIMITED)
    with pytest.raises(asyncio.CancelledError):
        await hold(desk)
    assert desk.sale.tally.longest_s == 2
