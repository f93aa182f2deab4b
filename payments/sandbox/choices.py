"""What the payer chooses, and what comes of it. Values in, values out."""

from dataclasses import dataclass
from enum import StrEnum

from payments.provider import State

LATE_MS = 3_000
"""How long after the end of an attempt a late payment arrives."""
ONE_LESS = 1


class Choice(StrEnum):
    """A button on the page."""

    PAY = "pay"
    DECLINE = "decline"
    LATE = "late"
    TWICE = "twice"
    LESS = "less"
    SILENT = "silent"


WORDS = {
    Choice.PAY: ("Pay", "The payment is made, and a notice of it sent twice, as providers sometimes do."),
    Choice.DECLINE: ("Decline", "The bank says no."),
    Choice.LATE: ("Pay too late", "The payment arrives a few seconds after the time to pay is over."),
    Choice.TWICE: ("Pay twice", "Money moves twice; one of the payments has to go back."),
    Choice.LESS: ("Pay too little", "The amount is wrong by the smallest coin."),
    Choice.SILENT: ("Pay, and say nothing", "The payment is made, and the notice of it is lost."),
}


MAGIC_FROM = 9_901
MAGIC_OF = 10_000
"""An amount that ends in 9901, in minor units, makes the first choice by itself, one in 9902 the second, and so on."""


def made_by(amount: int) -> Choice | None:
    """The choice that an amount makes by itself, for programs that press no buttons."""
    number = amount % MAGIC_OF - MAGIC_FROM
    choices = list(Choice)
    return choices[number] if 0 <= number < len(choices) else None


@dataclass(frozen=True, slots=True)
class Plan:
    """What becomes of an attempt from `at_ms` on: its state, what is paid, and how many notices are sent then."""

    state: State
    at_ms: int
    amounts: tuple[int, ...] = ()
    notices: int = 1
    reason: str = ""


def plan(choice: Choice, amount: int, lapses_at_ms: int, now_ms: int) -> Plan:
    """What comes of the payer's choice."""
    match choice:
        case Choice.PAY:
            return Plan(State.PAID, now_ms, (amount,), notices=2)
        case Choice.DECLINE:
            return Plan(State.DECLINED, now_ms, reason="declined by the bank")
        case Choice.LATE:
            return Plan(State.PAID, max(lapses_at_ms, now_ms) + LATE_MS, (amount,))
        case Choice.TWICE:
            return Plan(State.PAID, now_ms, (amount, amount))
        case Choice.LESS:
            return Plan(State.PAID, now_ms, (amount - ONE_LESS,))
        case Choice.SILENT:
            return Plan(State.PAID, now_ms, (amount,), notices=0)


def state_now(state: State, at_ms: int, lapses_at_ms: int, now_ms: int) -> State:
    """How an attempt stands: what was chosen counts from its moment on, and who has not chosen in time cannot."""
    if state is not State.OPEN:
        return state if at_ms <= now_ms else State.OPEN
    return State.LAPSED if lapses_at_ms <= now_ms else State.OPEN
