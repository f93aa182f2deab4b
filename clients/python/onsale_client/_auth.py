"""Whom the client speaks for: a token that it was given, or one that it gets for an API key and renews in time."""

import threading
import time
from collections.abc import Callable, Generator, Sequence

import httpx
import msgspec

RENEWED_BEFORE_END_S = 60.0
RENEWED_FOR = frozenset({"token_expired", "token_invalid"})
"""The key's own end is `key_revoked`; with these a new token may do."""


class _Token(msgspec.Struct):
    token: str
    expires_in: int


class _Code(msgspec.Struct):
    code: str = ""


class GivenToken(httpx.Auth):
    """A pass, a reservation's token, or an API key as it is."""

    def __init__(self, token: str) -> None:
        self._token = token

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Sends it along."""
        request.headers["authorization"] = f"Bearer {self._token}"
        yield request


class ExchangedKey(httpx.Auth):
    """An API key, exchanged for tokens of an hour, with all its permissions or those named.

    A refusal of the exchange itself is what the caller gets as the answer.
    """

    requires_response_body = True

    def __init__(
        self,
        url: httpx.URL,
        api_key: str,
        permissions: Sequence[str] | None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = url
        self._body = {"api_key": api_key} | ({"permissions": list(permissions)} if permissions else {})
        self._clock = clock
        self._token = ""
        self._good_until = 0.0
        self._lock = threading.Lock()

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Exchanges first where there is no token or its end is near; once more where the server calls it bad."""
        token = self._current()
        if token is None:
            refused = yield from self._exchange(request)
            if refused is not None:
                return
            token = self._token
        request.headers["authorization"] = f"Bearer {token}"
        response = yield request
        if response.status_code == httpx.codes.UNAUTHORIZED and _code(response) in RENEWED_FOR:
            refused = yield from self._exchange(request)
            if refused is None:
                request.headers["authorization"] = f"Bearer {self._token}"
                yield request

    def _current(self) -> str | None:
        with self._lock:
            return self._token if self._clock() < self._good_until else None

    def _exchange(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, httpx.Response | None]:
        """The answer, where it was no token."""
        asked_at = self._clock()
        response = yield httpx.Request("POST", self._url, json=self._body, extensions=request.extensions)
        if response.status_code != httpx.codes.OK:
            return response
        got = msgspec.json.decode(response.content, type=_Token)
        with self._lock:
            self._token = got.token
            self._good_until = asked_at + max(got.expires_in - RENEWED_BEFORE_END_S, got.expires_in / 2)
        return None


def _code(response: httpx.Response) -> str:
    try:
        return msgspec.json.decode(response.content, type=_Code).code
    except msgspec.MsgspecError:
        return ""
