"""What is kept of a show, or of one of its categories, for one partner."""

import msgspec

ALL = -1
"""Stands where a category's number would, for the whole show."""


class Allocation(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """`share` places are kept; `borrow` more may be had where there are; until `give_back_at_ms` (0: for good), of
    which it was said at `said_back_at_ms` that it had come."""

    share: int
    borrow: int = 0
    give_back_at_ms: int = 0
    said_back_at_ms: int = 0

    def is_kept(self, now_ms: int) -> bool:
        """Whether it has not been given back yet."""
        return not 0 < self.give_back_at_ms <= now_ms


Allocations = dict[str, Allocation]
"""By name: the partner's account, and behind a space the category, if it is of one."""


def name_of(account: str, category: str) -> str:
    """The name of an allocation. No account has a space in it."""
    return f"{account} {category}" if category else account
