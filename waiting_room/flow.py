"""What became of those who were called, second by second: what the gate learns from. Pure."""

from bisect import bisect_right
from dataclasses import dataclass

from ticketing.tokens import PASS_LIFE_S

SAMPLE_MS = 1_000
PASS_LIFE_MS = PASS_LIFE_S * 1_000
COMES_WITHIN_MS = 12_000
"""Whoever sees their turn claims it within the longest time between two looks, and a little more."""
MEASURED_MS = 120_000
"""Who comes is measured over this time."""
PLACES_PER_CALL = 1.5
"""Expected of each who is called, before anything is measured: most take two places, some none."""
PEOPLE_MIN = 50
"""Fewer people than these say nothing about the others."""
PLACES_PER_BUYER = 2
"""How many who have bought are behind the places that are booked: for the count of passes still in use only."""
COMPENSATED_MAX = 2.0


@dataclass(frozen=True, slots=True)
class Sample:
    """Counts since the beginning, at one moment. `taken`: places held or booked, and in `Flow` those that were taken
    and came back as well, as far as more were taken than came back within a second."""

    at_ms: int
    called: int
    claimed: int
    given_up: int
    taken: int
    booked: int


@dataclass(frozen=True, slots=True)
class Crowd:
    """How those behave who are called. `active`: passes in use; `expected`: places that those who were called within
    the last minute, and have not decided yet, are going to take."""

    comes: float = 1.0
    places_per_call: float = PLACES_PER_CALL
    expected: float = 0.0
    active: int = 0

    @property
    def compensation(self) -> float:
        """How many to call so that one comes; never above `COMPENSATED_MAX`."""
        return min(COMPENSATED_MAX, 1 / self.comes) if self.comes > 0 else COMPENSATED_MAX


class Flow:
    """The samples of the last twenty minutes, one a second.

    Whoever was called longer ago than `decides_within_ms` has taken places by now, or is not going to; at half of it,
    half of them.
    """

    def __init__(self, decides_within_ms: int = 60_000) -> None:
        self._decides_within_ms = decides_within_ms
        self._times: list[int] = []
        self._samples: list[Sample] = []
        self._raw = self._base = Sample(0, 0, 0, 0, 0, 0)
        self._found: Crowd | None = None

    def __len__(self) -> int:
        return len(self._samples)

    def add(self, raw: Sample) -> None:
        """Take a sample in, unless the last one is less than a second old.

        Counters that a lost store began anew count on from where they were.
        """
        if not self._samples:
            self._raw = self._base = raw
            self._append(raw)
            return
        last = self._samples[-1]
        if raw.at_ms - last.at_ms < SAMPLE_MS:
            return
        self._append(
            Sample(
                raw.at_ms,
                last.called + _more(self._raw.called, raw.called),
                last.claimed + _more(self._raw.claimed, raw.claimed),
                last.given_up + _more(self._raw.given_up, raw.given_up),
                last.taken + max(0, raw.taken - self._raw.taken),
                raw.booked,
            )
        )
        self._raw = raw
        if self._samples[-1].called == self._base.called:
            # Nobody has been called yet: what was taken was not taken by those who wait here.
            self._base = self._samples[-1]

    def came_per_min(self, at_ms: int, over_ms: int) -> float:
        """How many a minute claimed their turn in the time before `at_ms`, as far back as is known."""
        if not self._samples:
            return 0.0
        first, last = self._before(at_ms - over_ms), self._before(at_ms)
        return (last.claimed - first.claimed) * 60_000 / max(SAMPLE_MS, last.at_ms - first.at_ms)

    def past(self, from_ms: int, to_ms: int, step_ms: int) -> list[Sample]:
        """What was counted at each step between the two, both included, as far back as is known."""
        if not self._samples:
            return []
        first_ms = max(from_ms, self._samples[0].at_ms)
        return [self._before(at_ms) for at_ms in (*range(first_ms, to_ms, step_ms), to_ms)]

    def crowd(self) -> Crowd:
        """How those behave who were called so far. An instance that has just begun expects what is usual."""
        if self._found is None:
            # It is asked for at every move of a line, and changes once a second.
            self._found = self._find() if self._samples else Crowd()
        return self._found

    def _find(self) -> Crowd:
        now = self._samples[-1]
        decided = self._decided(now)
        # Weighed with what is usual, so that the first few do not count for all.
        taken, people = now.taken - self._base.taken, decided - self._base.called
        places = (taken + PEOPLE_MIN * PLACES_PER_CALL) / (people + PEOPLE_MIN)
        expected = places * (now.called - decided)
        return Crowd(self._comes(now), places, expected, self._active(now))

    def _decided(self, now: Sample) -> float:
        """People who have decided: all who were called long ago, and of the others a part that grows with time."""
        steps = 20
        ages_ms = (self._decides_within_ms * step // steps for step in range(steps))
        return sum(self._before(now.at_ms - age_ms).called for age_ms in ages_ms) / steps

    def _comes(self, now: Sample) -> float:
        """The part of those called who claim."""
        since = self._before(now.at_ms - MEASURED_MS)
        until_ms = now.at_ms - COMES_WITHIN_MS
        called = self._before(until_ms).called - self._before(since.at_ms - COMES_WITHIN_MS).called
        if called < PEOPLE_MIN:
            return 1.0
        return min(1.0, (now.claimed - since.claimed) / called)

    def _active(self, now: Sample) -> int:
        """Passes that run, less those that were given up, and those who have bought."""
        then = self._before(now.at_ms - PASS_LIFE_MS)
        bought = (now.booked - then.booked) // PLACES_PER_BUYER
        return max(0, now.claimed - then.claimed - (now.given_up - then.given_up) - max(0, bought))

    def _before(self, at_ms: int) -> Sample:
        """The last sample at or before then; the first one where there is none."""
        return self._at(at_ms) or self._samples[0]

    def _at(self, at_ms: int) -> Sample | None:
        index = bisect_right(self._times, at_ms)
        return self._samples[index - 1] if index else None

    def _append(self, sample: Sample) -> None:
        self._found = None
        self._times.append(sample.at_ms)
        self._samples.append(sample)
        old = bisect_right(self._times, sample.at_ms - PASS_LIFE_MS - MEASURED_MS)
        if old > 60:
            # A minute at a time: dropping from the front of a list moves all the rest.
            del self._times[:old], self._samples[:old]


def _more(before: int, now: int) -> int:
    return now - before if now >= before else now
