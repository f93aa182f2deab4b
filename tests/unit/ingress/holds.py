"""A hold, sent and granted: what most stories of the room begin with."""

from typing import Any

import msgspec

from tests.unit.ingress.stage import SHOW_TEXT, Reply, Stage
from tests.unit.ingress.tales import held, reservation
from ticketing import messages
from ticketing.messages import AnyCommand, AnyOutcome

HOLD = {"show": SHOW_TEXT, "seats": ["A-1", "B-2"], "areas": [{"area": "floor", "quantity": 2}]}


def grant(command: AnyCommand, offset: int) -> list[AnyOutcome]:
    """Whatever is held is granted."""
    assert isinstance(command, messages.HoldSeats)
    of = reservation(command.key, seats=command.seats, areas=command.areas, account=command.account)
    return [held(msgspec.structs.replace(of, noted=command.noted), offset=offset, seq=1)]


async def hold(stage: Stage, **how: Any) -> Reply:
    """Ask for `HOLD`, under the key `k1` unless told otherwise."""
    return await stage.call("POST", "/api/reservations", HOLD, **({"token": stage.fan(), "key": "k1"} | how))
