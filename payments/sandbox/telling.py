"""The sandbox sends its notices, again and again until they arrive."""

import asyncio

import httpx
import structlog

from payments import notices
from payments.sandbox.book import Book, DueNotice
from runtime.postgres import FAILURES
from ticketing.clock import Clock

log = structlog.get_logger("sandbox")

LOOK_EVERY_S = 0.1
AWAY_S = 1.0
AT_ONCE_MAX = 50
TRIES_MAX = 12


class Teller:
    """Runs as long as the room."""

    def __init__(self, *, book: Book, http: httpx.AsyncClient, clock: Clock, secret: str) -> None:
        self._book = book
        self._http = http
        self._clock = clock
        self._secret = secret

    async def run(self) -> None:
        """Never returns."""
        while True:
            try:
                told = await self.step()
            except FAILURES as error:
                log.warning("sandbox.retrying", error=repr(error))
                await asyncio.sleep(AWAY_S)
            else:
                if not told:
                    await asyncio.sleep(LOOK_EVERY_S)

    async def step(self) -> int:
        """Send what is due; how many notices. Raises what asyncpg raises."""
        due = await self._book.claim_notices(self._clock.now_ms(), TRIES_MAX, AT_ONCE_MAX)
        await asyncio.gather(*(self._tell(one) for one in due))
        return len(due)

    async def _tell(self, due: DueNotice) -> None:
        now_ms = self._clock.now_ms()
        body = notices.notice_body(await self._book.news(due.attempt, now_ms))
        try:
            headers = notices.signed(self._secret, due.notice_id, body, now_ms)
            answer = await self._http.post(due.notify_at, content=body, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            log.warning("sandbox.notice_failed", notice=due.notice_id, error=repr(error))
            return
        if answer.is_success:
            await self._book.done(due.notice_id)
        else:
            log.warning("sandbox.notice_refused", notice=due.notice_id, status=answer.status_code)
