"""Who is signed in at the pages, as a dictionary."""

from collections.abc import Callable

from ingress.sessions import Person


class MemorySessions:
    """`sessions.People`: session -> who it is. `asked` counts the look-ups."""

    def __init__(self, reach: Callable[[], None]) -> None:
        self.people: dict[str, Person] = {}
        self.asked = 0
        self._reach = reach

    async def of_session(self, session: str, now_ms: int) -> Person | None:
        self._reach()
        self.asked += 1
        return self.people.get(session)
