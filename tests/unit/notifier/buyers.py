"""What those who buy by socket say, and what they are told."""

import json
from typing import Any

from tests.unit.notifier.house import PASS, House
from tests.unit.notifier.theatre import SHOW, FakeWire
from ticketing.messages import Reservation, SeatsHeld
from ticketing.vocabulary import show_text

Who = tuple[Any, Any, FakeWire]


def enters(house: House, token: str = PASS) -> Who:
    who = house.enters()
    house.says(who, json.dumps({"type": "hello", "token": token}))
    return who


def asks(house: House, who: Who, *seats: str, key: str = "k", reply_to: str = "h1", **wish: Any) -> list[str]:
    body = {"show": show_text(SHOW), "seats": list(seats), **wish}
    return house.says(who, json.dumps({"type": "hold", "id": reply_to, "key": key, "body": body}))


def gives_back(house: House, who: Who, reservation: str, reply_to: str = "r1", **more: Any) -> list[str]:
    return house.says(who, json.dumps({"type": "release", "id": reply_to, "reservation": reservation, **more}))


def complaint(who: Who) -> dict[str, Any]:
    data: dict[str, Any] = who[2].told("error")[-1]["data"]
    return data


def granted(house: House, seats: list[int], *, offset: int = 1, repeat: bool = False, account: str = "") -> SeatsHeld:
    """What the allocator says of the command at `offset`."""
    command = house.log.commands[offset - 1]
    made = house.sale.hold(account or command.account, seats)
    reservation = Reservation(**{**fields(made.reservation), "id": command.key})
    return SeatsHeld(**{**fields(made), "key": command.key, "offset": offset, "repeat": repeat,
                        "reservation": reservation})  # fmt: skip


def fields(struct: Any) -> dict[str, Any]:
    """What a message says, by name."""
    return {name: getattr(struct, name) for name in struct.__struct_fields__}
