"""How a room's rate is divided among its lines. Pure."""

from collections.abc import Mapping


def split(rate_per_min: int, shares: Mapping[str, int], waiting: Mapping[str, int]) -> dict[str, int]:
    """People per minute for each line of `waiting`, which together are the whole rate.

    Each line gets its share of the lines in which somebody waits; a line without people leaves its part to the others,
    and where nobody waits at all everybody has their share, so that newcomers walk through. What does not divide goes
    to the largest remainders. A line without a share gets nothing while others wait.
    """
    lines = {name: shares.get(name, 0) for name in waiting}
    asking = {name: share for name, share in lines.items() if waiting[name] > 0 and share > 0}
    counted = asking or {name: share for name, share in lines.items() if share > 0}
    whole = sum(counted.values())
    if whole == 0:
        # Only lines without a share have people: nobody else is there to be taken from.
        counted = dict.fromkeys(lines, 1)
        whole = len(counted)
    rates = {name: rate_per_min * counted.get(name, 0) // whole for name in lines}
    left = rate_per_min - sum(rates.values())
    by_remainder = sorted(counted, key=lambda name: (-(rate_per_min * counted[name] % whole), name))
    for name in by_remainder[:left]:
        rates[name] += 1
    return rates
