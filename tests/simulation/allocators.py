"""One allocator process of the simulation: what allocator/office.py does with the desks of a process, by hand."""

from allocator.caution import Caution
from allocator.errors import DataRefused
from allocator.ownership import plan
from tests.simulation.places import Place, Surroundings
from ticketing.clock import Clock

TICK_S = 0.3
"""How often a process renews its leases, and looks what it is to claim or to give back."""
CLAIM_RETRY_S = 0.5


class AllocatorProcess:
    """From process start to its end; `owner` is its UUID. `stopped_moves` > 0: it got SIGSTOP and wakes up later."""

    def __init__(self, owner: str, world: Surroundings, clock: Clock) -> None:
        self.owner = owner
        self.places: dict[int, Place] = {}
        self.stopped_moves = 0
        self.dies_at: str | None = None
        """The point at which it will be killed, as soon as one of its hands comes there."""
        self.broken: Exception | None = None
        """What ended the process loudly."""
        self._world = world
        self._clock = clock
        self._ticked_s: float | None = None
        self._cautions: dict[int, Caution] = {}
        self._free_at_s: dict[int, float] = {}
        """When a partition that was dropped may be claimed again."""

    @property
    def name(self) -> str:
        return self.owner.split("-")[0]

    def step(self) -> Place | None:
        """One move of one hand; the place where it came to the point at which it is to die."""
        now_s = self._world.meter()
        if self._ticked_s is None or now_s - self._ticked_s >= TICK_S:
            self._ticked_s = now_s
            self._tick(now_s)
        if not self.places:
            return None
        places = list(self.places.values())
        place = places[0] if len(places) == 1 else self._world.rng.choice(places)
        point = place.step()
        if place.is_over:
            self._clear(place)
        return place if point is not None and point == self.dies_at else None

    def break_connection(self, place: Place) -> None:
        """The database's answer does not come to this one of its places."""
        place.break_connection()
        if place.is_over:
            self._clear(place)

    def crash(self) -> None:
        """kill -9."""
        for place in self.places.values():
            place.crash()
        self.places.clear()

    def _tick(self, now_s: float) -> None:
        world = self._world
        desks = [(place, place.desk) for place in self.places.values() if place.desk is not None]
        renewed = world.tables.renew(
            self.owner, [(place.part, desk.position.epoch, desk.published_seq) for place, desk in desks]
        )
        for place, _ in desks:
            if place.part not in renewed:
                place.stop = place.replaced = True
        working = {part for part, free_at_s in self._free_at_s.items() if now_s < free_at_s} | set(self.places)
        todo = plan(self.owner, *world.tables.look(), working)
        for part in todo.claim:
            if part not in working:
                caution = self._cautions.setdefault(part, Caution())
                self.places[part] = Place(part, self.owner, world, self._clock, caution)
        if todo.give_back is not None and todo.give_back in self.places:
            world.note(self.owner, f"is to give partition {todo.give_back} back")
            world.counts["partition given back"] += not self.places[todo.give_back].stop
            self.places[todo.give_back].stop = True

    def _clear(self, place: Place) -> None:
        del self.places[place.part]
        if place.error is None:
            return
        self._world.note(self.owner, f"drops partition {place.part}: {place.error!r}")
        self._world.counts[f"dropped: {type(place.error).__name__}"] += 1
        if place.is_broken:
            self.broken = place.error
        elif not isinstance(place.error, DataRefused):
            self._free_at_s[place.part] = self._world.meter() + CLAIM_RETRY_S
