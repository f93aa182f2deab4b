"""The counters in Redis. Every call is one script (`lua/`), so what it reads is what it writes on."""

from collections.abc import Iterable, Sequence
from importlib import resources
from typing import Any, NoReturn, cast

from redis.asyncio import Redis
from redis.commands.core import AsyncScript
from redis.exceptions import RedisError, ResponseError

from ticketing.vocabulary import show_text
from waiting_room.places import claim_bucket, join_slot, secret_print
from waiting_room.ports import (
    ClaimAsk,
    Claimed,
    ClaimRefusal,
    Deferred,
    DeferRefusal,
    Generation,
    JoinAsk,
    Joined,
    JoinRefusal,
    Later,
    Line,
    Position,
    StoreLost,
    StoreUnavailable,
)

LOST = "LOST"
"""How the error of a script begins that found its line lost."""


class RedisCounters:
    """`ports.Counters` on one Redis or a Redis Cluster: all keys of a show share a hash tag."""

    def __init__(self, client: Redis, prefix: str, *, repeat_s: int) -> None:
        self._prefix = prefix
        self._repeat_s = repeat_s
        shared = _text("line")
        names = ("join", "claim", "defer", "give_up", "advance", "install", "extend", "take_back")
        self._scripts = {name: client.register_script(shared + _text(name)) for name in names}

    async def join(self, line: Line, gen: int, asks: Sequence[JoinAsk]) -> list[Joined | JoinRefusal]:
        """See `ports.Counters`."""
        key = self._key(line)
        keys: list[str] = [key]
        args: list[bytes | int] = [gen, self._repeat_s]
        for ask in asks:
            bucket, field = join_slot(ask.entry)
            keys.append(f"{key}:join:{bucket}")
            args += (field, secret_print(ask.secret_hash))
        return [_joined(answer) for answer in cast(list[bytes], await _run(self._scripts["join"], keys, args))]

    async def claim(self, line: Line, gen: int, asks: Sequence[ClaimAsk]) -> list[Claimed | Later | ClaimRefusal]:
        """See `ports.Counters`."""
        key = self._key(line)
        keys = [key, *(self._claims(key, ask.n) for ask in asks)]
        args = [gen, *(value for ask in asks for value in (ask.n, ask.place, ask.known_ms))]
        return [_claimed(answer) for answer in cast(list[bytes], await _run(self._scripts["claim"], keys, args))]

    async def defer(self, line: Line, gen: int, n: int, place: int, to: int) -> Deferred | DeferRefusal:
        """See `ports.Counters`."""
        key = self._key(line)
        answer: bytes = await _run(self._scripts["defer"], [key, self._claims(key, n)], [gen, n, place, to])
        match answer[:1]:
            case b"g":
                return DeferRefusal.GIVEN_UP
            case b"c":
                return DeferRefusal.CLAIMED
            case _:
                return Deferred(int(answer[1:]))

    async def give_up(self, line: Line, n: int) -> bool:
        """See `ports.Counters`."""
        key = self._key(line)
        return bool(await _run(self._scripts["give_up"], [key, self._claims(key, n)], [n]))

    async def take_back(self, line: Line, places: Sequence[tuple[bytes, int]]) -> None:
        """See `ports.Counters`."""
        key = self._key(line)
        slots = [(*join_slot(entry), n) for entry, n in places]
        keys = [key, *(f"{key}:join:{bucket}" for bucket, _, _ in slots)]
        await _run(self._scripts["take_back"], keys, [value for _, field, n in slots for value in (field, n)])

    async def advance(
        self, line: Line, gen: int, *, rate_per_min: int, burst: int, pass_through: bool, seen: int
    ) -> Position:
        """See `ports.Counters`."""
        args = [gen, rate_per_min, burst, int(pass_through), seen]
        return Position(*cast(list[int], await _run(self._scripts["advance"], [self._key(line)], args)))

    async def install(self, line: Line, generation: Generation) -> None:
        """See `ports.Counters`."""
        args = [generation.gen, generation.issued, generation.ceiling, generation.serving_floor]
        await _run(self._scripts["install"], [self._key(line)], args)

    async def extend(self, line: Line, gen: int, ceiling: int) -> None:
        """See `ports.Counters`."""
        await _run(self._scripts["extend"], [self._key(line)], [gen, ceiling])

    def _key(self, line: Line) -> str:
        return f"{self._prefix}room:{{{show_text(line.show)}}}:{line.name}"

    def _claims(self, key: str, n: int) -> str:
        return f"{key}:claim:{claim_bucket(n)}"


def _text(name: str) -> str:
    return resources.files("waiting_room").joinpath("lua", f"{name}.lua").read_text()


async def _run(script: AsyncScript, keys: Sequence[str], args: Iterable[bytes | int]) -> Any:
    try:
        return await script(keys=keys, args=args)
    except ResponseError as error:
        if str(error).startswith(LOST):
            raise StoreLost(str(error)) from error
        _unavailable(error)
    except (RedisError, OSError, TimeoutError) as error:
        _unavailable(error)


def _unavailable(error: BaseException) -> NoReturn:
    raise StoreUnavailable(repr(error)) from error


def _joined(answer: bytes) -> Joined | JoinRefusal:
    match answer[:1]:
        case b"f":
            return JoinRefusal.NO_NUMBERS
        case b"o":
            return JoinRefusal.OTHER_SECRET
        case verdict:
            n, at_ms = int.from_bytes(answer[1:5]), int.from_bytes(answer[5:11])
            return Joined(n, at_ms, repeat=verdict == b"r")


def _claimed(answer: bytes) -> Claimed | Later | ClaimRefusal:
    match answer[:1]:
        case b"e":
            return Later(int(answer[1:]))
        case b"g":
            return ClaimRefusal.GIVEN_UP
        case verdict:
            return Claimed(int(answer[1:]), repeat=verdict == b"r")
