"""What keys ask for, and dead letters, in memory."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace

from ingress.dead_letter_table import DeadLetter, DeadLetterTable, Place
from ingress.request_log import LoggedRequest, Usage
from ingress.request_table import LinesWanted, RequestTable, UsageWanted
from ingress.stores import ValueRefused


class MemoryRequests(RequestTable):
    """`written`: the lines, the oldest first. `refuses_next`: as if the next batch had a value that no column takes."""

    def __init__(self, reach: Callable[[], None]) -> None:
        self._reach = reach
        self.written: list[LoggedRequest] = []
        self.sums: list[Usage] = []
        self.refuses_next = False
        self.forgot = asyncio.Event()

    async def write(self, requests: Sequence[LoggedRequest], usage: Sequence[Usage]) -> None:
        self._reach()
        if self.refuses_next:
            self.refuses_next = False
            raise ValueRefused("a value that no column takes")
        self.written += requests
        self.sums += usage

    async def forget(self, before_ms: int, at_most: int) -> int:
        self._reach()
        old = [it for it in self.written if it.at_ms < before_ms][:at_most]
        self.written = [it for it in self.written if it not in old]
        self.forgot.set()
        return len(old)

    async def lines(self, wanted: LinesWanted) -> list[tuple[int, LoggedRequest]]:
        self._reach()
        fits = {
            "key": lambda n, it, value: it.key_id == value,
            "operation": lambda n, it, value: it.operation == value,
            "status": lambda n, it, value: it.status == value,
            "from": lambda n, it, value: it.at_ms >= value,
            "to": lambda n, it, value: it.at_ms < value,
            "before": lambda n, it, value: n < value,
        }
        found = [
            (n, it)
            for n, it in reversed(list(enumerate(self.written, start=1)))
            if all(fits[name](n, it, value) for name, value in wanted.conditions.items())
        ]
        return found[: wanted.limit]

    async def usage(self, wanted: UsageWanted) -> list[Usage]:
        self._reach()
        groups: dict[tuple[int, str, str], list[Usage]] = defaultdict(list)
        for it in self.sums:
            if wanted.from_ms <= it.hour_ms < wanted.to_ms and wanted.key_id in (None, it.key_id):
                groups[-(it.hour_ms - it.hour_ms % wanted.period_ms), it.key_id, it.operation].append(it)
        found = [
            Usage(
                key_id, -since, operation, sum(it.requests for it in each), sum(it.refused for it in each),
                sum(it.failed for it in each), sum(it.ms_total for it in each), max(it.ms_most for it in each),
            )
            for (since, key_id, operation), each in sorted(groups.items())
        ]  # fmt: skip
        return found[wanted.skip :][: wanted.limit]


class MemoryLetters(DeadLetterTable):
    """`letters`: by their place in the log."""

    def __init__(self) -> None:
        self.letters: dict[Place, DeadLetter] = {}

    async def page(self, status: str | None, after: tuple[int, int], limit: int) -> list[DeadLetter]:
        found = [
            letter
            for (part, _, offset), letter in sorted(self.letters.items())
            if (part, offset) > after and status in (None, letter.status)
        ]
        return found[:limit]

    async def read(self, place: Place) -> DeadLetter | None:
        return self.letters.get(place)

    async def settle(self, place: Place, status: str, account: str, now_ms: int, request: str) -> bool:
        letter = self.letters[place]
        if letter.status != "open":
            return False
        self.letters[place] = replace(
            letter, status=status, settled_by=account, settled_at_ms=now_ms, request=request
        )  # fmt: skip
        return True
