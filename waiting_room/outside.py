"""A check of people that somebody else offers: the page shows it, and what it gives the fan is looked at here.

reCAPTCHA, hCaptcha, Turnstile and others are asked in the same way: a form with `secret`, `response` and `remoteip`,
and JSON with `success` back.
"""

import httpx
import structlog

log = structlog.get_logger("waiting_room")

TIMEOUT_S = 3.0
ANSWERS_BYTES_MAX = 64 * 1024


class OutsideCheck:
    """`site_key` is what the page needs to show it."""

    def __init__(self, client: httpx.AsyncClient, url: str, secret: str, site_key: str) -> None:
        self.site_key = site_key
        self._client = client
        self._url = url
        self._secret = secret

    async def passes(self, response: str, address: str) -> bool:
        """Whether they vouch for it. False also where they do not answer: then there is the work, and the slow lane."""
        form = {"secret": self._secret, "response": response} | ({"remoteip": address} if address else {})
        try:
            answer = await self._client.post(self._url, data=form, timeout=TIMEOUT_S)
            answer.raise_for_status()
            body = answer.json() if len(answer.content) <= ANSWERS_BYTES_MAX else None
        except (httpx.HTTPError, ValueError) as error:
            log.warning("room.outside_check_silent", url=self._url, error=repr(error))
            return False
        return isinstance(body, dict) and body.get("success") is True
