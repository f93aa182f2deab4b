"""Two allocators that both believe a partition to be theirs: one of them goes on, the other finds out and leaves."""

from collections.abc import Callable

from allocator.errors import Replaced
from tests.simulation.allocators import AllocatorProcess
from tests.simulation.checker import check
from tests.simulation.crowd import COSTLY_SHOW
from tests.simulation.memory_tables import LEASE_MS
from tests.simulation.places import Place
from tests.simulation.world import World

PART = 0
ROUNDS = 100
STOPPED_AT = ("apply.sent", "apply.done", "publish.sent", "publish.done", "fetch.sent")
MOVES_MAX = 5_000


def test_of_two_allocators_for_one_partition_one_survives() -> None:
    world = World(4, partitions=1)
    anna, ben = world.processes.values()
    try:
        for number in range(ROUNDS):
            old, new = (anna, ben) if number % 2 == 0 else (ben, anna)
            stopped = _at_work(world, old, STOPPED_AT[number % len(STOPPED_AT)])
            world.advance(LEASE_MS + 1)  # in which the old one, stopped, does not renew it
            before = len(world.committed)
            _move(world, new, lambda before=before: len(world.committed) > before)  # type: ignore[misc]
            _move(world, old, lambda place=stopped: place.is_over)  # type: ignore[misc]
            assert isinstance(stopped.error, Replaced)
            assert PART in new.places
        world.calm_down()
    finally:
        world.end()
    epochs = [it.batch.at.epoch for it in world.committed]
    assert epochs == sorted(epochs)  # nothing of an old one was taken once the new one had begun
    assert len(set(epochs)) >= ROUNDS
    assert check(world) == []


def _at_work(world: World, process: AllocatorProcess, point: str) -> Place:
    """The process owns the partition, and stands at this point."""
    _move(world, process, lambda: _stands_at(process, point))
    return process.places[PART]


def _stands_at(process: AllocatorProcess, point: str) -> bool:
    place = process.places.get(PART)
    return place is not None and place.desk is not None and place.point == point


def _move(world: World, process: AllocatorProcess, is_there: Callable[[], bool]) -> None:
    for _ in range(MOVES_MAX):
        if is_there():
            return
        show, record = world.crowd.ask(world.true.now_ms())
        if show != COSTLY_SHOW:  # what the store must refuse is refused before it looks who asks
            world.append(PART, record)
        world.advance(20)
        process.step()
    raise AssertionError(f"{process.owner} never came there")
