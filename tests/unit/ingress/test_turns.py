"""Callers take turns on a partition: who floods it waits for their own, and makes nobody else wait."""

from collections import Counter, deque
from statistics import median, quantiles

import pytest

from ingress.turns import SHARE_LEAST, Turns

PART = 3
WINDOW = 64
EACH_MAX = 500
DECIDED_A_TICK = 5


class Line:
    """A log, an allocator that decides so many commands a tick, and callers who ask again when they are answered."""

    def __init__(self, at_once: dict[str, int], window: int = WINDOW) -> None:
        self.turns = Turns(window=lambda _: window, each_max=EACH_MAX)
        self.log: deque[Command] = deque()
        self.tick = 0
        self.waited: dict[str, list[int]] = {caller: [] for caller in at_once}
        for caller, times in at_once.items():
            for _ in range(times):
                self.ask(caller)

    def ask(self, caller: str) -> None:
        command = Command(self, caller)
        if self.turns.begin(PART, caller):
            command.go()
        else:
            assert self.turns.wait(command)

    def run(self, ticks: int) -> "Line":
        for _ in range(ticks):
            self.tick += 1
            for _ in range(min(DECIDED_A_TICK, len(self.log))):
                decided = self.log.popleft()
                self.waited[decided.account].append(self.tick - decided.asked_at)
                self.turns.end(PART, decided.account)
                self.ask(decided.account)
        return self

    def forget(self) -> "Line":
        """What was waited so far is not looked at: it was before all were there."""
        for waits in self.waited.values():
            waits.clear()
        return self


class Command:
    """One command of a caller."""

    def __init__(self, line: Line, caller: str) -> None:
        self.part, self.account = PART, caller
        self.asked_at = line.tick
        self._line = line

    def go(self) -> None:
        self._line.log.append(self)

    def failed(self, error: Exception) -> None:
        raise AssertionError from error


def p99(waits: list[int]) -> float:
    return quantiles(waits, n=100)[98]


def test_a_flood_into_a_line_that_has_room_costs_the_others_little_too() -> None:
    callers = [f"key_{n}" for n in range(20)]
    even = Line(dict.fromkeys(callers, 10), window=400).run(200).forget().run(4_000)
    flooded = Line(dict.fromkeys(callers, 10) | {"key_0": 100}, window=400).run(200).forget().run(4_000)
    for caller in callers[1:]:
        assert median(flooded.waited[caller]) < 1.2 * median(even.waited[caller])
        assert p99(flooded.waited[caller]) < 1.2 * p99(even.waited[caller])


@pytest.mark.parametrize("at_once", [4, 20])
def test_who_asks_for_the_same_gets_the_same(at_once: int) -> None:
    callers = [f"key_{n}" for n in range(20)]
    line = Line(dict.fromkeys(callers, at_once)).run(4_000)
    grants = [len(line.waited[caller]) for caller in callers]
    assert max(grants) <= 1.1 * min(grants)
    slowest = [p99(line.waited[caller]) for caller in callers]
    assert max(slowest) <= 1.5 * min(slowest)


def test_who_floods_costs_the_others_little() -> None:
    callers = [f"key_{n}" for n in range(20)]
    even = Line(dict.fromkeys(callers, 8)).run(4_000)
    flooded = Line(dict.fromkeys(callers, 8) | {"key_0": 80}).run(4_000)
    for caller in callers[1:]:
        assert median(flooded.waited[caller]) < 1.2 * median(even.waited[caller])
        assert p99(flooded.waited[caller]) < 1.2 * p99(even.waited[caller])
        assert len(flooded.waited[caller]) > len(even.waited[caller]) / 1.2
    # Without turns the flood would have the share of the line that it asks for.
    assert len(flooded.waited["key_0"]) < 1.2 * len(flooded.waited["key_1"])


class Entry:
    """A command that notes when its turn comes."""

    def __init__(self, account: str, went: list[str], *, breaks: bool = False) -> None:
        self.part, self.account = PART, account
        self.went = went
        self._breaks = breaks

    def go(self) -> None:
        self.went.append(self.account)
        if self._breaks:
            raise ValueError("a bug")

    def failed(self, error: Exception) -> None:
        self.went[-1] += f": {error}"


def test_nobody_waits_while_there_is_room() -> None:
    turns = Turns(window=lambda _: 2, each_max=10)
    assert [turns.begin(PART, "first") for _ in range(3)] == [True, True, False]
    assert turns.begin(PART + 1, "first")
    turns.end(PART, "first")
    assert turns.begin(PART, "first")


def test_a_window_that_grows_lets_several_in_and_one_that_shrinks_none() -> None:
    window, went = {PART: 1}, ["first"]
    ended = iter(went)
    turns = Turns(window=window.__getitem__, each_max=10)
    assert turns.begin(PART, "first")
    for account in ("anna", "ben", "cleo", "dora"):
        assert turns.wait(Entry(account, went))
    window[PART] = 3
    assert not turns.begin(PART, "erna")  # there is room, and they have waited for it
    turns.end(PART, next(ended))
    assert went == ["first", "anna", "ben", "cleo"]
    window[PART] = 1
    turns.end(PART, next(ended))
    turns.end(PART, next(ended))
    assert went == ["first", "anna", "ben", "cleo"]
    turns.end(PART, next(ended))
    assert went == ["first", "anna", "ben", "cleo", "dora"]
    turns.end(PART, next(ended))
    assert turns.begin(PART, "first")


def test_callers_take_turns_and_each_gets_them_in_their_order() -> None:
    turns, went = Turns(window=lambda _: 1, each_max=10), ["first"]
    ended = iter(went)
    assert turns.begin(PART, "first")
    for account in ("anna", "anna", "anna", "ben", "cleo", "ben"):
        assert turns.wait(Entry(account, went))
    for _ in range(6):
        turns.end(PART, next(ended))
    assert went == ["first", "anna", "ben", "cleo", "anna", "ben", "anna"]
    turns.end(PART, next(ended))
    assert turns.begin(PART, "first")


def test_who_leaves_is_passed_over() -> None:
    turns, went = Turns(window=lambda _: 1, each_max=10), list[str]()
    assert turns.begin(PART, "first")
    anna, ben = Entry("anna", went), Entry("ben", went)
    assert turns.wait(anna)
    assert turns.wait(ben)
    turns.leave(anna)
    turns.end(PART, "first")
    assert went == ["ben"]
    turns.end(PART, "ben")
    assert turns.begin(PART, "first")


def test_a_caller_has_so_many_waiting_and_no_more() -> None:
    turns, went = Turns(window=lambda _: 1, each_max=2), list[str]()
    assert turns.begin(PART, "first")
    asked = Counter({account: sum(turns.wait(Entry(account, went)) for _ in range(5)) for account in ("anna", "ben")})
    assert asked == {"anna": 2, "ben": 2}


def test_who_asks_for_much_more_than_the_others_waits_though_there_is_room() -> None:
    turns, went = Turns(window=lambda _: 1_000, each_max=500), list[str]()
    for other in ("ben", "cleo"):
        assert all(turns.begin(PART, other) for _ in range(15))
    assert sum(turns.begin(PART, "anna") for _ in range(60)) == 23  # half as many again
    assert turns.wait(Entry("anna", went))
    assert turns.begin(PART, "dora"), "nobody else waits for that"
    turns.end(PART, "dora")
    turns.end(PART, "ben")
    assert went == []
    turns.end(PART, "anna")
    assert went == []
    turns.end(PART, "anna")
    assert went == ["anna"]


def test_whoever_is_alone_has_all_of_it_and_beside_many_who_ask_for_little_the_least() -> None:
    turns = Turns(window=lambda _: 300, each_max=500)
    assert sum(turns.begin(PART, "anna") for _ in range(301)) == 300
    many = Turns(window=lambda _: 300, each_max=500)
    assert all(many.begin(PART, f"ent_{n}") for n in range(200))
    assert sum(many.begin(PART, "anna") for _ in range(30)) == SHARE_LEAST


def test_a_turn_that_breaks_is_told_and_the_next_one_goes_when_it_ends() -> None:
    turns, went = Turns(window=lambda _: 1, each_max=10), list[str]()
    assert turns.begin(PART, "first")
    assert turns.wait(Entry("anna", went, breaks=True))
    assert turns.wait(Entry("ben", went))
    turns.end(PART, "first")
    turns.end(PART, "anna")
    assert went == ["anna: a bug", "ben"]


class Refused(Entry):
    """A command that ends as soon as it goes, as where the log takes nothing."""

    def __init__(self, account: str, went: list[str], turns: Turns) -> None:
        super().__init__(account, went)
        self._turns = turns

    def go(self) -> None:
        super().go()
        self._turns.end(PART, self.account)


def test_thousands_whose_turns_end_at_once_end_one_after_the_other() -> None:
    turns, went = Turns(window=lambda _: 1, each_max=5_000), list[str]()
    assert turns.begin(PART, "first")
    for number in range(5_000):
        assert turns.wait(Refused(f"fan{number % 7}", went, turns))
    turns.end(PART, "first")
    assert len(went) == 5_000
    assert turns.begin(PART, "first")
