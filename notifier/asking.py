"""Who asked for what by socket, and waits for the verdict: found by the command's key, told apart by its place.

Two commands may be in flight with one key and different bodies: each has a verdict of its own, at its own offset. An
outcome may also arrive before the log has said where the command landed; then it is kept until that is known, and
whoever asked hears of it a moment later than others.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from notifier.recall import Event
from notifier.watcher import Watcher

UNKNOWN = -1
EARLY_MAX = 16
"""Outcomes kept for one who asked: as many repeats of one key as a batch plausibly holds."""


class Waiting:
    """How many requests wait for a verdict, in all shows together and of each account."""

    def __init__(self) -> None:
        self.count = 0
        self._by_account: dict[str, int] = {}

    def of(self, account: str) -> int:
        """Those of one account."""
        return self._by_account.get(account, 0)

    def add(self, account: str) -> None:
        """One more."""
        self.count += 1
        self._by_account[account] = self.of(account) + 1

    def remove(self, account: str) -> None:
        """One less."""
        self.count -= 1
        left = self._by_account.pop(account) - 1
        if left:
            self._by_account[account] = left


@dataclass(slots=True, eq=False)
class Ask:
    """One `hold` or `release`. `reply_to` is the frame's id; `early` what may be the answer."""

    watcher: Watcher
    account: str
    key: bytes
    reply_to: str
    asked_at_ms: int
    waiting: Waiting
    offset: int = UNKNOWN
    early: list[Event] = field(default_factory=list)


Answer = Callable[[Ask, Event], None]


class Asks:
    """All of one show. `answer` tells the verdict to whoever asked, `tell` what turned out to be another's.

    Both are given with each call: kept here they would keep their owner, and a show nobody watches any more would stay
    in memory with all that happened in it until the cycle collector comes.
    """

    def __init__(self) -> None:
        self._by_key: dict[bytes, list[Ask]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._by_key.values()))

    def __bool__(self) -> bool:
        return bool(self._by_key)

    def waits_since_ms(self) -> int | None:
        """When the one asked who waits longest; None: nobody waits."""
        return next((asked[0].asked_at_ms for asked in self._by_key.values()), None)

    def add(self, ask: Ask) -> None:
        """To be called before the command is handed to the log."""
        self._by_key.setdefault(ask.key, []).append(ask)
        ask.waiting.add(ask.account)

    def placed(self, ask: Ask, offset: int, answer: Answer, tell: Callable[[Watcher, Event], None]) -> None:
        """The log has the command at `offset`."""
        ask.offset = offset
        early, ask.early = ask.early, []
        for event in early:
            if event.outcome.offset == offset:
                self._settle(ask, event, answer)
            elif not event.outcome.repeat and not any(event in other.early for other in self._others(ask)):
                tell(ask.watcher, event)

    def forget(self, ask: Ask) -> bool:
        """Nobody waits here any more; whether somebody did."""
        same = self._by_key.get(ask.key, [])
        if ask not in same:
            return False
        same.remove(ask)
        ask.waiting.remove(ask.account)
        if not same:
            del self._by_key[ask.key]
        return True

    def hear(self, event: Event, answer: Answer) -> frozenset[Watcher] | tuple[()]:
        """An outcome happened: those who hear of it here, now or later, and not as everybody else does."""
        asked = self._by_key.get(event.outcome.key)
        if asked is None or event.outcome.index != 0:
            return ()
        told = set()
        for ask in [ask for ask in asked if ask.offset == event.outcome.offset]:
            self._settle(ask, event, answer)
            told.add(ask.watcher)
        for ask in asked:
            if ask.offset == UNKNOWN and ask.watcher not in told and len(ask.early) < EARLY_MAX:
                ask.early.append(event)
        return frozenset(told | {ask.watcher for ask in asked if event in ask.early})

    def _settle(self, ask: Ask, event: Event, answer: Answer) -> None:
        self.forget(ask)
        for other in self._others(ask):
            if event in other.early:
                other.early.remove(event)
        answer(ask, event)

    def _others(self, ask: Ask) -> list[Ask]:
        """What else the same socket waits for under the same key."""
        same = self._by_key.get(ask.key, ())
        return [other for other in same if other is not ask and other.watcher is ask.watcher]

    def forget_all(self, before_ms: int | None = None) -> None:
        """Forget those who asked before that moment, or all."""
        for ask in [ask for same in self._by_key.values() for ask in same]:
            if before_ms is None or ask.asked_at_ms < before_ms:
                self.forget(ask)
