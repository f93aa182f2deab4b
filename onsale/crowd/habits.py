"""What each fan means to do, drawn from a seed: the same seed always gives the same crowd. Pure."""

import random
from dataclasses import dataclass
from enum import StrEnum

PARTY_WEIGHTS = {1: 25, 2: 45, 3: 15, 4: 15}
PRIME_SHARE = 0.5
"""Of the seats, the best: where everybody who chooses by hand looks first, so that they meet there."""


class Habit(StrEnum):
    """Each thing that a crowd does; a report counts how often it happened."""

    JOIN = "join"
    WAIT = "wait"
    CLAIM = "claim"
    LOOK = "look"
    WATCH = "watch"
    HOLD_SEATS = "hold_seats"
    HOLD_AREA = "hold_area"
    HOLD_BEST = "hold_best"
    LOSE = "lose"
    TRY_ALTERNATIVE = "try_alternative"
    TRY_AGAIN = "try_again"
    WAIT_FOR_RETURNS = "wait_for_returns"
    PAY = "pay"
    FORGET = "forget"
    WALK_AWAY = "walk_away"
    RELOAD = "reload"
    REPEAT = "repeat"


class Choice(StrEnum):
    """How a fan picks places."""

    SEATS = "seats"
    AREA = "area"
    BEST = "best"


class Ending(StrEnum):
    """What a fan does with a hold."""

    PAY = "pay"
    FORGET = "forget"
    WALK_AWAY = "walk_away"


@dataclass(frozen=True, slots=True)
class Plan:
    """One fan. `tries_max` bounds the holds that are tried; a patient fan without one waits for seats to return."""

    number: int
    arrives_s: float
    party: int
    choice: Choice
    ending: Ending
    think_s: float
    """From seeing the seats to asking for some."""
    pay_s: float
    """From the hold to what ends it."""
    reloads: bool
    repeats: bool
    watches: bool
    patient: bool
    tries_max: int


def draw_plans(seed: int, fans: int, arrival_s: float) -> list[Plan]:
    """The crowd: `fans` plans, arriving within `arrival_s`, most of them early, as when a sale opens."""
    rng = random.Random(seed)
    return [_draw_plan(rng, number, arrival_s) for number in range(fans)]


def _draw_plan(rng: random.Random, number: int, arrival_s: float) -> Plan:
    ending = rng.choices(list(Ending), weights=(74, 14, 12))[0]
    return Plan(
        number=number,
        arrives_s=arrival_s * rng.random() ** 2,
        party=rng.choices(list(PARTY_WEIGHTS), weights=list(PARTY_WEIGHTS.values()))[0],
        choice=rng.choices(list(Choice), weights=(50, 15, 35))[0],
        ending=ending,
        think_s=rng.uniform(0.2, 1.2),
        pay_s=rng.uniform(0.3, 1.5),
        reloads=rng.random() < 0.15,
        repeats=rng.random() < 0.15,
        # Those who forget are the ones whom a warning is for.
        watches=rng.random() < (0.6 if ending is Ending.FORGET else 0.08),
        patient=ending is Ending.PAY and rng.random() < 0.7,
        tries_max=rng.randint(2, 5),
    )


def pick_seats(rng: random.Random, rows: list[list[str]], free: set[str], party: int) -> list[str]:
    """`party` free seats side by side in a row, drawn from the front where there are some; [] where there are none.

    `rows`: labels of each row, front to back. Everybody looks at the front first, as people do, so picks collide.
    """
    runs: list[list[str]] = []
    prime = max(1, round(len(rows) * PRIME_SHARE))
    for position, row in enumerate(rows):
        if position >= prime and runs:
            break
        for start in range(len(row) - party + 1):
            run = row[start : start + party]
            if all(label in free for label in run):
                runs.append(run)
    return rng.choice(runs) if runs else []
