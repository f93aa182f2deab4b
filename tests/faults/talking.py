"""A process that does as it is told by JSON lines on its standard input, and answers on its standard output."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeVar

import msgspec

from tests.faults.rooms import HERE, ROOT, Place

ANSWER_BYTES_MAX = 64 * 1024 * 1024

T = TypeVar("T")


class Helper:
    """One such process. Everything it is asked it answers with one line."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    def tell(self, order: msgspec.Struct) -> None:
        """Say something that is not answered."""
        assert self._process.stdin is not None
        self._process.stdin.write(msgspec.json.encode(order) + b"\n")

    async def ask(self, order: msgspec.Struct, answer: type[T]) -> T:
        """Say something, and wait until it is done."""
        self.tell(order)
        assert self._process.stdout is not None
        return msgspec.json.decode(await self._process.stdout.readline(), type=answer)

    async def ended(self) -> None:
        """Until it has ended by itself."""
        await self._process.wait()


@asynccontextmanager
async def open_helper(module: str, place: Place = HERE) -> AsyncIterator[Helper]:
    """`python -m <module>`, ended with the context at the latest."""
    process = await asyncio.create_subprocess_exec(
        *place.within, sys.executable, "-m", module, cwd=ROOT, limit=ANSWER_BYTES_MAX,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        yield Helper(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
