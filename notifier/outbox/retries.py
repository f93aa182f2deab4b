"""When a delivery is tried again, and when never. Values in, values out."""

from notifier.outbox.ports import Answered, Settled

AGAIN_AFTER_S = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""Seconds from one attempt to the next; over three days in all, as Standard Webhooks suggest."""
JITTER = 0.2
GONE = 410
RETRY_AFTER_S_MAX = 86_400.0


def after_attempt(attempt: int, answered: Answered, now_ms: int, chance: float) -> Settled:
    """`attempt` counts from 1; `chance` is random in [0, 1)."""
    if answered.status is not None and 200 <= answered.status < 300:
        return Settled("done", now_ms)
    if answered.status == GONE:
        return Settled("failed", now_ms, disabled_why="the endpoint answered 410 Gone")
    if attempt > len(AGAIN_AFTER_S):
        return Settled("failed", now_ms)
    wait_s = AGAIN_AFTER_S[attempt - 1] * (1 + JITTER * (2 * chance - 1))
    wait_s = max(wait_s, min(answered.retry_after_s, RETRY_AFTER_S_MAX))
    return Settled("due", now_ms + round(wait_s * 1000))
