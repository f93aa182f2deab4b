"""One call from its first request to its verdict, without I/O: what goes next, and how long to pause before.

Both clients drive the same generator, so what is retried, and when it ends, is written once.
"""

import random
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx
import msgspec

from onsale_client.errors import OnsaleError, Problem, Refused, Undecided, Unreachable

NOT_NOW = frozenset({408, 425, 429, 502, 503, 504})
"""Nothing was decided: the same request may be sent again."""
ACCEPTED = 202
READS = frozenset({"GET", "HEAD"})
DECIDED = frozenset({"granted", "rejected"})
NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
MAYBE_DONE = frozenset({502, 503, 504})
"""With these a write may have reached the log, unless the server says that it was too busy to take it."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a call is tried, in seconds. A pause is what the server asks for in `Retry-After`, and a random part
    of `backoff_s` on top, which doubles each time up to `backoff_max_s`."""

    total_s: float = 60.0
    backoff_s: float = 0.2
    backoff_max_s: float = 5.0


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait so many seconds before going on."""

    seconds: float


Step = httpx.Request | Pause
Given = httpx.Response | httpx.TransportError | None
"""What came of the step: an answer, none, or nothing (of a pause)."""
Flow = Generator[Step, Given, bytes]


class _Pending(msgspec.Struct):
    request: str
    status: str
    outcome: msgspec.Raw = msgspec.Raw()


class _Item(msgspec.Struct, omit_defaults=True):
    status: str
    reservation: msgspec.Raw = msgspec.Raw()
    problem: msgspec.Raw = msgspec.Raw()
    request: str = ""


class _Batch(msgspec.Struct):
    message: str
    created_at: str
    data: list[_Item]


def calling(
    request: httpx.Request,
    patience: Patience,
    *,
    clock: Callable[[], float] = time.monotonic,
    chance: Callable[[], float] = random.random,
) -> Flow:
    """The body of the verdict. A request with an `Idempotency-Key`, or one that changes nothing, is sent again when no
    answer came. Raises `Refused`, `Unreachable`, `Undecided`."""
    return _Calling(request, patience, clock, chance, is_read=request.method in READS).run()


def looking(
    request: httpx.Request,
    patience: Patience,
    *,
    clock: Callable[[], float] = time.monotonic,
    chance: Callable[[], float] = random.random,
) -> Flow:
    """As `calling`, of a request that changes nothing whatever its method: it needs no key to be sent again."""
    return _Calling(request, patience, clock, chance, is_read=True).run()


def calling_each(
    request: httpx.Request,
    patience: Patience,
    *,
    clock: Callable[[], float] = time.monotonic,
    chance: Callable[[], float] = random.random,
) -> Flow:
    """As `calling`, of a batch whose holds have verdicts of their own: its body once there is one for each."""
    return _Calling(request, patience, clock, chance, is_read=False).run_each()


@dataclass(slots=True)
class _Calling:
    request: httpx.Request
    patience: Patience
    clock: Callable[[], float]
    chance: Callable[[], float]
    is_read: bool
    ends_at: float = 0.0
    pauses: int = 0
    maybe_done: bool = False
    """A request was sent and nothing came back: it may have been carried out."""
    request_id: str | None = None

    def run(self) -> Flow:
        self.ends_at = self.clock() + self.patience.total_s
        return (yield from self._until_answered())

    def run_each(self) -> Flow:
        self.ends_at = self.clock() + self.patience.total_s
        while True:
            batch = msgspec.json.decode((yield from self._until_answered()), type=_Batch)
            told = []
            for item in batch.data:
                told.append((yield from self._told(item)) if item.request and item.status == "pending" else item)
            not_now = [problem for item in told if (problem := _not_now(item)) is not None]
            if not not_now:
                batch.data = [item for item in told if item is not None]
                granted = sum(item.status == "granted" for item in batch.data)
                batch.message = f"{granted} of {len(told)} are held"
                return msgspec.json.encode(batch)
            # Sent again with the key, those that were decided are as they were.
            self.maybe_done = True
            yield self._pause_for(max(problem.retry_after_s or 0 for problem in not_now), not_now[0])

    def _told(self, item: _Item) -> Generator[Step, Given, _Item | None]:
        """The verdict of a hold of a batch that had none; None: it is not known there, so all must be sent again."""
        self.maybe_done = True
        self.request_id = item.request
        told = yield from self._until_told(self.request.url.join(f"/api/requests/{quote(item.request)}"), None)
        if told is None:
            return None
        if told.status == "granted":
            return _Item(told.status, reservation=told.outcome)
        return _Item(told.status, problem=told.outcome)

    def _until_answered(self) -> Flow:
        while True:
            given = yield self.request
            if isinstance(given, httpx.Response):
                if given.status_code == ACCEPTED:
                    outcome = yield from self._ask_for_verdict(given)
                    if outcome is not None:
                        return outcome
                elif given.is_success:
                    return given.content
                else:
                    yield self._pause(given)
            else:
                self.maybe_done |= not self.is_read and not isinstance(given, NEVER_SENT)
                if not self._can_repeat:
                    raise self._given_up(given, None)
                yield self._pause(given)

    def _ask_for_verdict(self, accepted: httpx.Response) -> Generator[Step, Given, bytes | None]:
        """The body that waiting would have given; None: the request is not known there, so it must be sent again."""
        self.maybe_done = True
        self.request_id = msgspec.json.decode(accepted.content, type=_Pending).request
        url = self.request.url.join(accepted.headers.get("location") or f"/api/requests/{quote(self.request_id)}")
        told = yield from self._until_told(url, accepted)
        if told is not None and told.status == "rejected":
            raise Refused(msgspec.json.decode(told.outcome, type=Problem))
        return None if told is None else bytes(told.outcome)

    def _until_told(self, url: httpx.URL, given: Given) -> Generator[Step, Given, _Pending | None]:
        """What became of a request, once it is decided; None: it is not known there."""
        while True:
            yield self._pause(given)
            given = yield httpx.Request("GET", url, extensions=self.request.extensions)
            if not isinstance(given, httpx.Response) or given.status_code in NOT_NOW:
                continue
            if given.status_code == httpx.codes.NOT_FOUND:
                return None
            if not given.is_success:
                raise Refused(_problem(given))
            told = msgspec.json.decode(given.content, type=_Pending)
            if told.status in DECIDED:
                return told

    def _pause(self, given: Given) -> Pause:
        """Raises where the answer is final, or where the pause would outlast the patience."""
        asked_s = 0.0
        problem = None
        if isinstance(given, httpx.Response):
            if given.status_code != ACCEPTED and not given.is_success:
                problem = _problem(given)
                if given.status_code not in NOT_NOW or not self._can_repeat:
                    raise Refused(problem)
                self.maybe_done |= not self.is_read and given.status_code in MAYBE_DONE and problem.code != "busy"
            asked_s = _seconds(given.headers.get("retry-after", ""))
        return self._pause_for(asked_s, problem, given)

    def _pause_for(self, asked_s: float, problem: Problem | None, given: Given = None) -> Pause:
        longest_s = min(self.patience.backoff_s * 2**self.pauses, self.patience.backoff_max_s)
        self.pauses += 1
        pause_s = asked_s + longest_s * self.chance()
        if self.clock() + pause_s > self.ends_at:
            raise self._given_up(given, problem)
        return Pause(pause_s)

    def _given_up(self, given: Given, problem: Problem | None) -> OnsaleError:
        said = _said(given) if problem is None else problem.detail or problem.code
        if self.maybe_done:
            return Undecided(f"no verdict: {said}", self._key, self.request_id)
        return Unreachable(said, problem)

    @property
    def _key(self) -> str:
        key: str = self.request.headers.get("idempotency-key", "")
        return key

    @property
    def _can_repeat(self) -> bool:
        return self.is_read or bool(self._key)


def _not_now(item: _Item | None) -> Problem | None:
    """Why a hold of a batch has no verdict: not known where it was asked for, or "not now"."""
    if item is None:
        return Problem(code="request_not_found", status=httpx.codes.NOT_FOUND)
    problem = msgspec.json.decode(item.problem, type=Problem) if bytes(item.problem) else None
    return problem if problem is not None and problem.status in NOT_NOW else None


def _problem(response: httpx.Response) -> Problem:
    """What a refusal says; one that is no problem document (a proxy's page) has the code `http_<status>`."""
    try:
        return msgspec.json.decode(response.content, type=Problem)
    except msgspec.MsgspecError:
        status = response.status_code
        return Problem(code=f"http_{status}", status=status, title=response.reason_phrase, detail=response.text[:200])


def _said(given: Given) -> str:
    match given:
        case httpx.Response():
            return f"{given.status_code} {given.reason_phrase}"
        case None:
            return "no answer"
        case _:
            return str(given) or type(given).__name__


def _seconds(retry_after: str) -> float:
    """Retry-After in its form of seconds; our server sends no dates."""
    return float(retry_after) if retry_after.isdigit() else 0.0


def without_nothing(fields: dict[str, Any]) -> dict[str, Any]:
    """What a caller left out is not sent."""
    return {name: value for name, value in fields.items() if value is not None and value != ()}
