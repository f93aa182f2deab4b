"""What a rush repeats, kept ready: who a fan is, and what a body asks for.

Thousands ask for the same within seconds, and a fan with the same pass for more than one thing. Both are worked out
once, by the functions that do so for every other call, and found again by their bytes. Whatever is not found, and
whatever has more to say than a plain hold, goes the ordinary way, to the same command.
"""

from collections.abc import Callable, Mapping
from functools import partial
from weakref import ref

from msgspec import Struct

from ingress.caches import Lru
from ingress.callers import Identity
from ingress.forms import preferred_wait_s
from ingress.operations import Operation
from ingress.shelf import Shelf
from ingress.shows import Show
from ticketing.intake import Caller
from ticketing.messages import HoldSeats
from ticketing.vocabulary import CommandKeys
from ticketing.wishes import Wish, ask

BODY_BYTES_MAX = 1_024
BODIES_MAX = 5_000
KEY_BYTES_MAX = 100


class Fan(Struct, frozen=True, gc=False):
    """Whoever buys with a pass until `expires_at_ms`, and what the keys of all their holds begin with."""

    caller: Caller
    expires_at_ms: int
    keys: CommandKeys
    wave: int


class Judged(Struct, frozen=True):
    """What a body asks for, as it was judged for a show and a fan. The shelf alone keeps the show, and with it this."""

    show: ref[Show]
    wish: Wish


class Rush:
    """Fans by their header `Authorization`, bodies by their bytes: of either those used last."""

    def __init__(
        self, operation: Operation, shelf: Shelf, *, waves: Mapping[int, int], fans_max: int, wait_default_s: float
    ) -> None:
        self._operation = operation
        self._shelf = shelf
        self._waves = waves
        self._wait_default_s = wait_default_s
        self._fans: Lru[bytes, Fan] = Lru(fans_max)
        self._bodies: Lru[bytes, Judged] = Lru(BODIES_MAX)

    def find(
        self, headers: Mapping[bytes, bytes], body: bytes, now_ms: int, identify: Callable[[], Identity | None]
    ) -> tuple[Show, HoldSeats, float] | None:
        """The show, the command for the log, and for how many seconds its verdict is waited for; None: it takes more.

        `identify` is asked where the fan is new; it may raise `Refused`.
        """
        judged = self._bodies.get(body)
        if judged is None or headers.get(b"content-type") != b"application/json":
            return None
        show = judged.show()
        if show is None:
            return None
        number, key = show.row.show, headers.get(b"idempotency-key", b"")
        if len(key) > KEY_BYTES_MAX or not key.replace(b"-", b"").isalnum():
            return None
        authorization = headers.get(b"authorization", b"")
        fan = self._fans.get(authorization)
        if fan is None or now_ms >= fan.expires_at_ms or fan.wave < self._waves.get(number, 0):
            fan = self._meet(authorization, identify())
        if fan is None or fan.caller.show != number or self._shelf.known(number) is not show:
            return None
        prefer = headers.get(b"prefer")
        wait_s = preferred_wait_s(None if prefer is None else prefer.decode("latin-1"), self._wait_default_s)
        command_key = fan.keys.of(key.decode())
        command = ask(judged.wish, fan.caller, key=command_key, keyed=True, at_ms=now_ms)
        return show, command, wait_s

    def remember(self, caller: Caller, raw: bytes, show: Show, wish: Wish) -> None:
        """Keep what a body came to that went the ordinary way. Seats are asked for by one fan only."""
        if not caller.partner and not wish.seats and len(raw) <= BODY_BYTES_MAX:
            self._bodies.put(raw, Judged(ref(show, partial(self._forget, raw)), wish))

    @property
    def bodies(self) -> int:
        """How many bodies are kept."""
        return len(self._bodies)

    def _forget(self, raw: bytes, gone: ref[Show]) -> None:
        judged = self._bodies.get(raw)
        if judged is not None and judged.show is gone:
            self._bodies.forget(raw)

    def _meet(self, authorization: bytes, identity: Identity | None) -> Fan | None:
        """Keep who was found behind a header. Of partners nothing is kept: their keys are revoked at any moment."""
        if identity is None or identity.reservation is not None or identity.expires_at_ms is None:
            return None
        caller, operation = identity.caller, self._operation
        if caller.partner or caller.show is None:
            return None
        keys = CommandKeys(
            account=caller.account, method=operation.method, path_template=operation.path, show=caller.show
        )
        fan = Fan(caller, identity.expires_at_ms, keys, identity.wave or 0)
        self._fans.put(authorization, fan)
        return fan
