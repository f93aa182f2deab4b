"""A call goes on with the same key until there is a verdict, and says which of its three ends it came to."""

from collections.abc import Callable, Iterable
from typing import Any

import httpx
import msgspec
import pytest

from onsale_client import Patience, Refused, Undecided, Unreachable
from onsale_client._flow import Flow, Given, Pause, calling, calling_each, looking

URL = "http://sale.example/api/reservations"
PATIENCE = Patience(total_s=60, backoff_s=1, backoff_max_s=8)


def answer(status: int, content: Any = None, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, content=msgspec.json.encode(content), headers=named)


def problem(status: int, code: str, **headers: str) -> httpx.Response:
    return answer(status, {"code": code, "status": status}, **headers)


class Play:
    """Plays the server and the clock: every pause passes at once, and each request gets the next of `answers`; the last
    of them for ever."""

    def __init__(
        self,
        answers: Iterable[Given],
        *,
        method: str = "POST",
        key: str | None = "a-key",
        begin: Callable[..., Flow] = calling,
    ) -> None:
        self.begin = begin
        self.answers = list(answers)
        self.sent: list[httpx.Request] = []
        self.pauses: list[float] = []
        self.now = 1000.0
        self.request = httpx.Request(method, URL, headers={"idempotency-key": key} if key else {})

    def run(self) -> bytes:
        flow = self.begin(self.request, PATIENCE, clock=lambda: self.now, chance=lambda: 0.5)
        given: Given = None
        try:
            while True:
                step = flow.send(given)
                if isinstance(step, Pause):
                    self.pauses.append(step.seconds)
                    self.now += step.seconds
                    given = None
                else:
                    self.sent.append(step)
                    given = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        except StopIteration as end:
            body: bytes = end.value
            return body

    def refused(self) -> Refused:
        with pytest.raises(Refused) as refused:
            self.run()
        return refused.value


def test_a_verdict_is_returned() -> None:
    play = Play([answer(201, {"reservation": "rsv_1"})])
    assert play.run() == b'{"reservation":"rsv_1"}'
    assert len(play.sent) == 1


@pytest.mark.parametrize("status", [429, 503, 408, 502, 504])
def test_not_now_is_asked_again_with_the_same_key_and_not_before_it_may(status: int) -> None:
    play = Play([problem(status, "busy", retry_after="7"), problem(status, "busy", retry_after="7"), answer(201, {})])
    play.run()
    assert [request.headers["idempotency-key"] for request in play.sent] == ["a-key"] * 3
    assert play.pauses == [7.5, 8.0]


def test_no_answer_is_asked_again_and_pauses_grow_to_their_most() -> None:
    lost: list[Given] = [httpx.ReadError("reset"), httpx.ReadTimeout("late")] * 3
    play = Play([*lost, answer(201, {})])
    play.run()
    assert play.pauses == [0.5, 1.0, 2.0, 4.0, 4.0, 4.0]


def test_who_may_have_been_heard_is_told_that_it_is_not_known() -> None:
    for unknown in (httpx.ReadTimeout("late"), problem(503, "log_unavailable"), problem(504, "http_504")):
        play = Play([unknown])
        with pytest.raises(Undecided) as undecided:
            play.run()
        assert (undecided.value.idempotency_key, undecided.value.request) == ("a-key", None)
        assert play.now <= 1060


def test_who_was_never_heard_is_told_so() -> None:
    for never in (httpx.ConnectError("refused"), problem(503, "busy"), problem(429, "rate_limited")):
        with pytest.raises(Unreachable):
            Play([never]).run()
    with pytest.raises(Unreachable):
        Play([httpx.ReadTimeout("late")], method="GET", key=None).run()


def test_a_write_without_a_key_is_sent_once() -> None:
    play = Play([httpx.ReadTimeout("late")], key=None)
    with pytest.raises(Undecided):
        play.run()
    assert len(play.sent) == 1
    play = Play([problem(503, "busy")], key=None)
    assert play.refused().code == "busy"
    assert len(play.sent) == 1


def test_no_is_an_answer_and_is_not_asked_again() -> None:
    lost = {"conflicts": [{"label": "A-1", "reason": "held"}], "alternatives": [["A-3", "A-4"]], "new_field": 1}
    play = Play([answer(409, {"code": "seats_unavailable", "status": 409, **lost})])
    refused = play.refused()
    assert [(one.label, one.reason) for one in refused.problem.conflicts] == [("A-1", "held")]
    assert refused.problem.alternatives == [["A-3", "A-4"]]
    assert len(play.sent) == 1


def test_a_page_that_is_no_problem_document_has_a_code_all_the_same() -> None:
    assert Play([httpx.Response(404, html="<h1>nginx</h1>")]).refused().code == "http_404"


# --- 202


def accepted() -> httpx.Response:
    return answer(202, {"request": "req_1", "status": "pending"}, location="/api/requests/req_1", retry_after="1")


def told(status: str, outcome: Any = None) -> httpx.Response:
    return answer(200, {"request": "req_1", "status": status, "outcome": outcome}, retry_after="1")


def test_a_verdict_that_is_not_there_yet_is_asked_for() -> None:
    play = Play([accepted(), told("pending"), problem(503, "busy"), told("granted", {"reservation": "rsv_1"})])
    assert play.run() == b'{"reservation":"rsv_1"}'
    assert [(request.method, request.url.path) for request in play.sent] == [
        ("POST", "/api/reservations"),
        *[("GET", "/api/requests/req_1")] * 3,
    ]
    assert min(play.pauses[:2]) >= 1


def test_a_verdict_of_no_is_refused_as_if_it_had_been_waited_for() -> None:
    play = Play([accepted(), told("rejected", {"code": "sold_out", "status": 409})])
    assert play.refused().code == "sold_out"


def test_a_request_that_was_lost_with_the_log_is_sent_again_under_its_key() -> None:
    play = Play([accepted(), problem(404, "request_not_found"), answer(201, {"reservation": "rsv_2"})])
    assert play.run() == b'{"reservation":"rsv_2"}'
    assert [request.method for request in play.sent] == ["POST", "GET", "POST"]
    assert play.sent[2].headers["idempotency-key"] == "a-key"


def test_one_that_stays_pending_can_be_asked_for_later() -> None:
    with pytest.raises(Undecided) as undecided:
        Play([accepted(), told("pending")]).run()
    assert (undecided.value.idempotency_key, undecided.value.request) == ("a-key", "req_1")


# --- what changes nothing, whatever its method


def test_a_question_is_asked_again_without_a_key() -> None:
    play = Play([httpx.ReadTimeout("late"), problem(503, "busy"), answer(200, {"seq": 1})], key=None, begin=looking)
    assert play.run() == b'{"seq":1}'
    with pytest.raises(Unreachable):
        Play([httpx.ReadTimeout("late")], key=None, begin=looking).run()


# --- several holds, each for itself

GRANTED = {"status": "granted", "reservation": {"reservation": "rsv_1"}}
LOST = {"status": "rejected", "problem": {"code": "sold_out", "status": 409}}
PENDING = {"status": "pending", "request": "req_2"}
BUSY = {"status": "rejected", "problem": {"code": "busy", "status": 503, "retryable": True, "retry_after_s": 7}}


def batch(*items: dict[str, Any]) -> httpx.Response:
    return answer(200, {"message": "so many are held", "created_at": "2027-01-15T08:00:00Z", "data": items})


def each(*answers: Given) -> Play:
    return Play(answers, begin=calling_each)


def verdicts(play: Play) -> Any:
    return msgspec.json.decode(play.run())["data"]


def test_a_batch_with_all_its_verdicts_is_returned_as_it_is() -> None:
    play = each(batch(GRANTED, LOST))
    assert verdicts(play) == [GRANTED, LOST]
    assert len(play.sent) == 1


def test_a_hold_of_a_batch_that_has_no_verdict_is_asked_for() -> None:
    play = each(batch(LOST, PENDING), told("pending"), told("granted", {"reservation": "rsv_2"}))
    said = msgspec.json.decode(play.run())
    assert said["data"] == [LOST, {"status": "granted", "reservation": {"reservation": "rsv_2"}}]
    assert said["message"] == "1 of 2 are held"
    assert [request.url.path for request in play.sent[1:]] == ["/api/requests/req_2"] * 2
    play = each(batch(PENDING), told("rejected", {"code": "sold_out", "status": 409}))
    assert verdicts(play) == [LOST]


def test_a_hold_of_a_batch_that_was_not_taken_is_sent_again_with_the_batch_and_its_key() -> None:
    play = each(batch(GRANTED, BUSY), batch(GRANTED, LOST))
    assert verdicts(play) == [GRANTED, LOST]
    assert [request.headers["idempotency-key"] for request in play.sent] == ["a-key"] * 2
    assert play.pauses == [7.5]


def test_a_hold_of_a_batch_that_is_not_known_any_more_is_sent_again_with_the_batch() -> None:
    play = each(batch(GRANTED, PENDING), problem(404, "request_not_found"), batch(GRANTED, LOST))
    assert verdicts(play) == [GRANTED, LOST]
    assert [request.method for request in play.sent] == ["POST", "GET", "POST"]


@pytest.mark.parametrize("item", [PENDING, BUSY])
def test_a_batch_that_stays_without_a_verdict_can_be_asked_for_later(item: dict[str, Any]) -> None:
    play = each(batch(GRANTED, item)) if item is BUSY else each(batch(GRANTED, item), told("pending"))
    with pytest.raises(Undecided) as undecided:
        play.run()
    assert undecided.value.idempotency_key == "a-key"
    assert play.now <= 1060


def test_a_batch_that_is_refused_as_a_whole_is_refused() -> None:
    assert each(problem(400, "invalid_request")).refused().code == "invalid_request"
