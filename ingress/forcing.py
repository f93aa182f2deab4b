"""A verdict that is not there while its caller waits: what a sandbox key can force, to see whether it is asked for."""

import asyncio

from ingress.service import Decided, NotTaken, Pending, SaleDesk
from ticketing.messages import AnyCommand


async def ask_slowly(desk: SaleDesk, command: AnyCommand, part: int, wait_s: float) -> Pending | NotTaken:
    """As `SaleDesk.ask`, and deaf to the verdict: after `wait_s` seconds only the place in the log is known."""
    verdict = await desk.ask(command, part, 0)
    if isinstance(verdict, NotTaken):
        return verdict
    over = asyncio.Event()
    take_back = desk.alarms.set(over.set, wait_s)
    try:
        await over.wait()
    finally:
        take_back()
    if isinstance(verdict, Decided):
        return Pending(verdict.part, verdict.log_gen, verdict.outcome.offset)
    return verdict
