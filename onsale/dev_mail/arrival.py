"""The order in which letters came into a maildir. Pure."""

import re
from collections.abc import Iterable

NUMBER = re.compile(r"\d+")


def by_arrival(keys: Iterable[str]) -> list[str]:
    """A maildir's keys, the oldest first.

    `mailbox` begins them with seconds, microseconds, process and count, as numbers without leading zeros: as texts they
    would not be in order.
    """
    return sorted(keys, key=lambda key: [int(number) for number in NUMBER.findall(key)[:4]])
