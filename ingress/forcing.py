"""A verdict that is not there while its caller waits: what a sandbox key can force, to see whether it is asked for."""

import asyncio

from ingress.service import NotTaken, Pending, SaleDesk
from ingress.waiters import Decided
from ticketing.messages import AnyCommand


class _Wait:
    """As `Timed`."""

    def __init__(self) -> None:
        self.over = asyncio.Event()

    def overdue(self) -> None:
        self.over.set()


async def ask_slowly(desk: SaleDesk, command: AnyCommand, part: int, wait_s: float) -> Pending | NotTaken:
    """As `SaleDesk.ask`, and deaf to the verdict: after `wait_s` seconds only the place in the log is known."""
    verdict = await desk.ask(command, part, 0)
    if isinstance(verdict, NotTaken):
        return verdict
    wait = _Wait()
    take_back = desk.alarms.set(wait, wait_s)
    try:
        await wait.over.wait()
    finally:
        take_back(wait)
    if isinstance(verdict, Decided):
        return Pending(verdict.part, verdict.log_gen, verdict.outcome.offset)
    return verdict
