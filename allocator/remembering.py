"""The window of recent refusals: whoever asks again with the same key is told the same."""

from collections import deque
from collections.abc import Sequence

from ticketing import messages
from ticketing.vocabulary import REFUSALS_REMEMBERED_MAX, REFUSALS_REMEMBERED_MS

NOT_REMEMBERED = frozenset({"idempotency_key_reused", "malformed", "data_refused", "internal_error"})
"""Refusals that answer how a command was sent, not what it asked: remembering them would hide the true answer."""


def is_remembered(refusal: messages.Refusal) -> bool:
    """Whether a repeat is to get this same "no". One without a fingerprint answered a command without a key."""
    return refusal.fingerprint != b"" and not refusal.repeat and refusal.code not in NOT_REMEMBERED


class RememberedRefusals:
    """Recent "no"s by command key, for 15 minutes of log time and at most 100,000: a repeat gets the same answer."""

    def __init__(self) -> None:
        self.by_key: dict[bytes, messages.Refusal] = {}
        """Some of them may be too old: see `find`. A key that is not here was not refused of late."""
        self._in_order: deque[messages.Refusal] = deque()

    def find(self, key: bytes, now_ms: int) -> messages.Refusal | None:
        """The answer that `key` got, if it was a refusal and is still remembered at `now_ms`."""
        refusal = self.by_key.get(key)
        if refusal is None or refusal.at_ms <= now_ms - REFUSALS_REMEMBERED_MS:
            return None
        return refusal

    def remember(self, refusal: messages.Refusal) -> None:
        """Keep a refusal that `is_remembered`; `refusal.at_ms` never goes back, so the oldest stand first."""
        self.by_key[refusal.key] = refusal
        self.put_in_order((refusal,))

    def put_in_order(self, refusals: Sequence[messages.Refusal]) -> None:
        """The rest of `remember`, for those that are in `by_key` already: forget what is too old, or too many."""
        by_key, in_order = self.by_key, self._in_order
        in_order.extend(refusals)
        oldest_ms = refusals[-1].at_ms - REFUSALS_REMEMBERED_MS
        while in_order[0].at_ms <= oldest_ms or len(in_order) > REFUSALS_REMEMBERED_MAX:
            oldest = in_order.popleft()
            if by_key.get(oldest.key) is oldest:  # else its key was refused again, later
                del by_key[oldest.key]

    def __len__(self) -> int:
        return len(self.by_key)
