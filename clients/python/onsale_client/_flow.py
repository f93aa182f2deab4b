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


def calling(
    request: httpx.Request,
    patience: Patience,
    *,
    clock: Callable[[], float] = time.monotonic,
    chance: Callable[[], float] = random.random,
) -> Flow:
    """The body of the verdict. A request with an `Idempotency-Key`, or one that changes nothing, is sent again when no
    answer came. Raises `Refused`, `Unreachable`, `Undecided`."""
    return _Calling(request, patience, clock, chance).run()


@dataclass(slots=True)
class _Calling:
    request: httpx.Request
    patience: Patience
    clock: Callable[[], float]
    chance: Callable[[], float]
    ends_at: float = 0.0
    pauses: int = 0
    maybe_done: bool = False
    """A request was sent and nothing came back: it may have been carried out."""
    request_id: str | None = None

    def run(self) -> Flow:
        self.ends_at = self.clock() + self.patience.total_s
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
                self.maybe_done |= not self._is_read and not isinstance(given, NEVER_SENT)
                if not self._can_repeat:
                    raise self._given_up(given, None)
                yield self._pause(given)

    def _ask_for_verdict(self, accepted: httpx.Response) -> Generator[Step, Given, bytes | None]:
        """The body that waiting would have given; None: the request is not known there, so it must be sent again."""
        self.maybe_done = True
        self.request_id = msgspec.json.decode(accepted.content, type=_Pending).request
        url = self.request.url.join(accepted.headers.get("location") or f"/api/requests/{quote(self.request_id)}")
        given: Given = accepted
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
            if told.status == "granted":
                return bytes(told.outcome)
            if told.status == "rejected":
                raise Refused(msgspec.json.decode(told.outcome, type=Problem))

    def _pause(self, given: Given) -> Pause:
        """Raises where the answer is final, or where the pause would outlast the patience."""
        asked_s = 0.0
        problem = None
        if isinstance(given, httpx.Response):
            if given.status_code != ACCEPTED and not given.is_success:
                problem = _problem(given)
                if given.status_code not in NOT_NOW or not self._can_repeat:
                    raise Refused(problem)
                self.maybe_done |= not self._is_read and given.status_code in MAYBE_DONE and problem.code != "busy"
            asked_s = _seconds(given.headers.get("retry-after", ""))
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
    def _is_read(self) -> bool:
        return self.request.method in {"GET", "HEAD"}

    @property
    def _can_repeat(self) -> bool:
        return self._is_read or bool(self._key)


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
