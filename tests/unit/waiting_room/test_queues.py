"""Where an instance sees a line stand, in whatever order the answers come."""

from waiting_room.ports import Line, Position
from waiting_room.queues import Queue
from waiting_room.service import NOWHERE

LINE = Line(171, "general")


def position(gen: int, serving: int, at_ms: int) -> Position:
    return Position(gen, issued=1_000, ceiling=2_000, serving=serving, claimed=0, given_up=0, at_ms=at_ms)


def test_an_answer_out_of_turn_takes_nothing_back() -> None:
    queue = Queue(LINE, 100, NOWHERE)
    queue.saw(position(1, 20, 2_000), 9)
    queue.saw(position(1, 10, 1_000), 10)
    assert queue.position == position(1, 20, 2_000)
    assert queue.seen_at_ms == 10
    assert list(queue.track) == [(2_000, 20)]


def test_a_store_that_forgot_between_two_answers_takes_nothing_back() -> None:
    """Two calls are on their way; the store answers one, forgets, is mended, and then runs the other one, which was
    told of less than the first answer said."""
    queue = Queue(LINE, 100, NOWHERE)
    queue.saw(position(1, 10, 1_000), 9)
    queue.saw(position(1, 20, 1_050), 10)
    queue.saw(position(2, 10, 1_100), 11)
    assert queue.position == position(2, 20, 1_100)
    assert [serving for _, serving in queue.track] == [10, 20, 20]
