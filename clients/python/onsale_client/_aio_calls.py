"""How a client calls. `_sync_calls.py` is made from this file by `make_sync.py`: change this one."""

import asyncio
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar
from uuid import uuid4

import httpx
import msgspec
from msgspec import Struct

from onsale_client._auth import ExchangedKey, GivenToken
from onsale_client._flow import Flow, Given, Patience, Pause, calling, looking, without_nothing

T = TypeVar("T")

WAIT_MAX_S = 10
"""For so long the server may keep a request until its verdict is there; less where the caller has less patience."""
ANSWER_S = 30.0


class AsyncCalls:
    """Whom a client speaks for, and how each of its calls comes to its end.

    `api_key` is exchanged for tokens, which are renewed in time (`permissions`: with these only); `token` (a pass, a
    reservation's token, or a key as it is) is sent along. Without either only what is public can be read. `http`: a
    client of one's own, for proxies, certificates and tests; it is not closed by this one.
    """

    def __init__(
        self,
        url: str,
        *,
        api_key: str | None = None,
        token: str | None = None,
        permissions: Sequence[str] | None = None,
        patience: Patience | None = None,
        http: httpx.AsyncClient | None = None,
    ) -> None:
        if api_key is not None and token is not None:
            raise ValueError("either an API key or a token")
        self._url = url.rstrip("/")
        self._patience = patience or Patience()
        self._http = http or httpx.AsyncClient(timeout=ANSWER_S)
        self._is_ours = http is None
        self._token = token or api_key
        self._auth: httpx.Auth | None = None
        if api_key is not None:
            self._auth = ExchangedKey(httpx.URL(f"{self._url}/api/auth/token"), api_key, permissions)
        elif token is not None:
            self._auth = GivenToken(token)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Ends the connections."""
        if self._is_ours:
            await self._http.aclose()

    async def _get(self, kind: type[T], path: str, query: dict[str, Any] | None = None) -> T:
        request = self._http.build_request("GET", self._url + path, params=without_nothing(query or {}))
        return await self._run(kind, request)

    async def _ask(
        self,
        kind: type[T],
        method: str,
        path: str,
        body: Struct | dict[str, Any] | None,
        key: str | None,
        *,
        begin: Callable[[httpx.Request, Patience], Flow] = calling,
    ) -> T:
        """A change: with an idempotency key of its own, unless the caller has one."""
        wait_s = min(WAIT_MAX_S, int(self._patience.total_s))
        headers = {"idempotency-key": key or str(uuid4()), "prefer": f"wait={wait_s}"}
        if body is not None:
            headers["content-type"] = "application/json"
        content = None if body is None else msgspec.json.encode(body)
        request = self._http.build_request(method, self._url + path, headers=headers, content=content)
        return await self._run(kind, request, begin)

    async def _look(self, kind: type[T], path: str, body: Struct) -> T:
        """A question too long for an address; nothing is changed by it."""
        headers = {"content-type": "application/json"}
        content = msgspec.json.encode(body)
        request = self._http.build_request("POST", self._url + path, headers=headers, content=content)
        return await self._run(kind, request, looking)

    async def _run(
        self, kind: type[T], request: httpx.Request, begin: Callable[[httpx.Request, Patience], Flow] = calling
    ) -> T:
        flow = begin(request, self._patience)
        given: Given = None
        try:
            while True:
                step = flow.send(given)
                if isinstance(step, Pause):
                    given = None
                    await asyncio.sleep(step.seconds)
                    continue
                try:
                    given = await self._http.send(step, auth=self._auth)
                except httpx.TransportError as error:
                    given = error
        except StopIteration as end:
            return msgspec.json.decode(end.value, type=kind)
