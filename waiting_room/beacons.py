"""Where the draw's chance comes from: a public beacon over HTTP, a file, or our own committed value.

The written rule. The value is that of the first round whose time is at least 30 seconds after the root was published.
Where the beacon has not answered with it a given time after that round was due, our own value counts instead, to which
the hash that was published before anybody joined commits us; the draw then says that it was not independent, and why.
"""

import asyncio
import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import structlog

from ticketing.tokens import derive_key
from waiting_room.draws import AFTER_ROOT_MS, Draw, Word
from waiting_room.ports import Line

log = structlog.get_logger("waiting_room")

LOCAL = "local"
LOCAL_LABEL = b"onsale-draw-own-value"
TIMEOUT_S = 5.0
RECENT_MS = 120_000
ANSWER_BYTES_MAX = 64 * 1024

Get = Callable[[str], Awaitable[bytes]]
"""The body behind an address. Raises OSError where there is none."""


class OwnValue:
    """Ours alone: nobody else can tell beforehand, and whoever saw the commitment can tell afterwards.

    `secrets`: as of the tokens; a draw that began under one that was rotated out of the first place keeps its value.
    """

    source = LOCAL

    def __init__(self, secrets: Sequence[str]) -> None:
        self._keys = [derive_key(secret, "onsale-draw") for secret in secrets]

    def commitment(self, line: Line) -> bytes:
        """See `drawing.Beacon`."""
        return hashlib.sha256(self._value(self._keys[0], line)).digest()

    async def word(self, draw: Draw, _now_ms: int) -> Word | None:
        """See `drawing.Beacon`."""
        return self.counted_instead(draw, "our own value, not independent of us")

    async def trouble(self, _now_ms: int) -> str | None:
        """See `drawing.Beacon`."""
        return "local: our own value, which is not independent of us"

    def knows(self, draw: Draw) -> bool:
        """See `drawing.Beacon`."""
        return any(_fits(self._value(key, draw.line), draw) for key in self._keys)

    def counted_instead(self, draw: Draw, note: str) -> Word | None:
        """The committed value; None where no secret of ours leads to it any more."""
        for key in self._keys:
            value = self._value(key, draw.line)
            if _fits(value, draw):
                return Word(LOCAL, "", value, independent=False, note=note)
        log.error("room.draw_commitment_unknown", show=draw.line.show, line=draw.line.name)
        return None

    @staticmethod
    def _value(key: bytes, line: Line) -> bytes:
        return hmac.digest(key, LOCAL_LABEL + line.show.to_bytes(8) + line.name.encode(), "sha256")


def _fits(value: bytes, draw: Draw) -> bool:
    return hmac.compare_digest(hashlib.sha256(value).digest(), draw.commitment)


class PublicBeacon:
    """A beacon that others can hear as well, and `own` where it stays silent for `patience_ms` after its round was due.

    `rounds` asks it for the first round at or after a moment.
    """

    def __init__(self, source: str, rounds: "Rounds", own: OwnValue, patience_ms: int) -> None:
        self.source = source
        self._rounds = rounds
        self._own = own
        self._patience_ms = patience_ms

    def commitment(self, line: Line) -> bytes:
        """See `drawing.Beacon`."""
        return self._own.commitment(line)

    async def trouble(self, now_ms: int) -> str | None:
        """See `drawing.Beacon`."""
        try:
            found = await self._rounds(now_ms - RECENT_MS)
        except (OSError, ValueError, KeyError, TypeError) as error:
            return f"{self.source}: {error!r}"
        return None if found is not None else f"{self.source} has no round of the last minutes"

    def knows(self, draw: Draw) -> bool:
        """See `drawing.Beacon`."""
        return self._own.knows(draw)

    async def word(self, draw: Draw, now_ms: int) -> Word | None:
        """See `drawing.Beacon`."""
        assert draw.sealed_at_ms is not None
        due_ms = draw.sealed_at_ms + AFTER_ROOT_MS
        if now_ms < due_ms:
            return None
        try:
            found = await self._rounds(due_ms)
        except (OSError, ValueError, KeyError, TypeError) as error:
            log.warning("room.beacon_silent", source=self.source, error=repr(error))
            found = None
        if found is not None:
            return Word(self.source, found.name, found.value, independent=True)
        if now_ms < due_ms + self._patience_ms:
            return None
        waited_s = self._patience_ms // 1000
        return self._own.counted_instead(draw, f"{self.source} did not answer within {waited_s} s: our own value")


@dataclass(frozen=True, slots=True)
class Round:
    """One round of a beacon."""

    name: str
    value: bytes


Rounds = Callable[[int], Awaitable[Round | None]]
"""The first round at or after a moment (ms); None: not there yet. Raises OSError, ValueError, KeyError, TypeError."""


def drand_rounds(url: str, get: Get) -> Rounds:
    """The rounds of a drand chain at `url`, such as https://HOST/CHAIN (its HTTP interface, version 1)."""

    async def first_at(moment_ms: int) -> Round | None:
        chain = json.loads(await get(f"{url}/info"))
        period_s, genesis_s = int(chain["period"]), int(chain["genesis_time"])
        if period_s <= 0:
            raise ValueError("a chain without a period")
        # Round 1 is at the genesis.
        number = max(1, 1 + -(-(moment_ms - genesis_s * 1000) // (period_s * 1000)))
        told = json.loads(await get(f"{url}/public/{number}"))
        value, signed = bytes.fromhex(told["randomness"]), hashlib.sha256(bytes.fromhex(told["signature"]))
        if told["round"] != number or signed.digest() != value:
            raise ValueError(f"round {number} is not what was asked for")
        return Round(str(number), value)

    return first_at


def file_rounds(path: Path) -> Rounds:
    """Lines of JSON `{"round": "…", "at_ms": 0, "value": "hex"}` in ascending order of time."""

    async def first_at(moment_ms: int) -> Round | None:
        text = await asyncio.to_thread(path.read_text)
        for line in text.splitlines():
            told: dict[str, Any] = json.loads(line)
            if int(told["at_ms"]) >= moment_ms:
                return Round(str(told["round"]), bytes.fromhex(told["value"]))
        return None

    return first_at


async def over_http(url: str) -> bytes:
    """The body at `url`. Raises OSError."""
    try:
        async with httpx.AsyncClient(timeout=TIMEOUT_S, follow_redirects=False) as client:
            answer = await client.get(url)
    except httpx.HTTPError as error:
        raise OSError(repr(error)) from error
    if answer.status_code != 200 or len(answer.content) > ANSWER_BYTES_MAX:
        raise OSError(f"{url} answers {answer.status_code}")
    return answer.content


def beacon_of(text: str, secrets: Sequence[str], patience_s: int, get: Get = over_http) -> OwnValue | PublicBeacon:
    """The beacon that a setting names: `local`, `file:PATH`, or the address of a drand chain. Raises ValueError."""
    own = OwnValue(secrets)
    if text == LOCAL:
        return own
    if text.startswith("file:"):
        rounds = file_rounds(Path(text.removeprefix("file:")))
    elif text.startswith(("http://", "https://")):
        rounds = drand_rounds(text.rstrip("/"), get)
    else:
        raise ValueError(f"{text!r} is neither local, nor file:PATH, nor the address of a chain")
    return PublicBeacon(text, rounds, own, patience_s * 1000)
