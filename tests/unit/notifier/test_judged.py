"""What a hold asks for is judged once for all who ask for the same."""

from typing import Any

from tests.unit.notifier.buyers import asks, complaint, enters
from tests.unit.notifier.house import KEYS, House
from tests.unit.notifier.theatre import SECOND, SHOW, T0
from ticketing.messages import HoldSeats, Policy, ShowChanged
from ticketing.tokens import Pass


def test_the_same_wish_is_the_same_command_again_until_the_rules_change() -> None:
    house = House()
    anna, ben = enters(house), enters(house, KEYS.sign_pass(Pass(SHOW, "ent_ben", 1, T0 + SECOND)))
    floor: dict[str, Any] = {"areas": [{"area": "floor", "quantity": 2}]}
    for who, key in ((anna, "a"), (ben, "b"), (anna, "c")):
        assert asks(house, who, key=key, **floor) == []
    first, others, third = house.log.commands
    assert isinstance(first, HoldSeats)
    assert isinstance(others, HoldSeats)
    assert isinstance(third, HoldSeats)
    assert [command.account for command in (first, others, third)] == ["ent_anna", "ent_ben", "ent_anna"]
    assert {(command.areas, command.fingerprint, command.person == command.account) for command in house.log.commands
            if isinstance(command, HoldSeats)} == {(((0, 2),), first.fingerprint, True)}  # fmt: skip
    assert len({first.key, others.key, third.key}) == 3
    house.sale.seq += 1
    house.happens(house.sale.refused(ShowChanged, "key_office", policy=Policy(seats_per_hold_max=1)))
    assert asks(house, anna, key="d", **floor) == ["error"]
    assert complaint(anna)["code"] == "too_many_seats"
