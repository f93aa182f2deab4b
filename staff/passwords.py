"""Passwords under argon2id (RFC 9106), in threads: each takes 64 MB and some 50 ms, so only a few at once."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from staff.ports import Busy

T = TypeVar("T")

AT_ONCE_MAX = 2
WAITING_MAX = 32
NOBODYS = "the password of nobody"


class Argon2Passwords:
    """With the costs that the library recommends; those of each hash stand in it."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._nobodys = self._hasher.hash(NOBODYS)
        self._turns = asyncio.Semaphore(AT_ONCE_MAX)
        self._waiting = 0

    async def fits(self, password_hash: str | None, password: str) -> bool:
        """See `ports.Passwords`."""
        found = self._nobodys if password_hash is None else password_hash
        return await self._in_turn(lambda: self._verify(found, password)) and password_hash is not None

    def outdated(self, password_hash: str) -> bool:
        """See `ports.Passwords`."""
        return self._hasher.check_needs_rehash(password_hash)

    async def make(self, password: str) -> str:
        """See `ports.Passwords`."""
        return await self._in_turn(lambda: self._hasher.hash(password))

    def _verify(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _in_turn(self, work: Callable[[], T]) -> T:
        if self._waiting >= WAITING_MAX:
            raise Busy
        self._waiting += 1
        try:
            async with self._turns:
                return await asyncio.to_thread(work)
        finally:
            self._waiting -= 1
