"""Presale codes in memory. Trusted because they pass the suite of the real ones (tests/contract/test_room_codes.py)."""

from collections.abc import Sequence

from waiting_room.codes import Redeemed
from waiting_room.ports import LedgerUnavailable, Line


class MemoryCodes:
    """`codes.CodeBook`."""

    def __init__(self) -> None:
        self.away = False
        self._codes: dict[tuple[Line, bytes], tuple[int, set[bytes]]] = {}

    async def add(self, line: Line, hashes: Sequence[bytes], uses_max: int, now_ms: int) -> None:
        for each in hashes:
            self._codes.setdefault((line, each), (uses_max, set()))

    async def redeem(self, line: Line, code_hash: bytes, entry: bytes, now_ms: int) -> Redeemed:
        if self.away:
            raise LedgerUnavailable("away")
        found = self._codes.get((line, code_hash))
        if found is None:
            return Redeemed.UNKNOWN
        uses_max, users = found
        if entry not in users and len(users) >= uses_max:
            return Redeemed.USED_UP
        users.add(entry)
        return Redeemed.GRANTED
