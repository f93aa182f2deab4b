"""The sockets of this process: who comes in, what they say, what time does to them."""

from collections.abc import Coroutine, Mapping
from dataclasses import replace
from typing import Any, assert_never

from notifier.audience import REQUEST_DECIDED, Denied, Right, is_api_key, right_of_key, right_of_token
from notifier.door import Door
from notifier.frames import Unreadable, read_client_frame
from notifier.hall import Hall
from notifier.halls import Halls
from notifier.ports import Facts, Keys, Limits, StoreAway
from notifier.selling import Selling
from notifier.watcher import Watcher, Wire
from ticketing.clock import Clock, rfc3339
from ticketing.problems import PROBLEMS
from ticketing.socket_frames import (
    CONFLICT,
    FORBIDDEN,
    FULL,
    GOING_AWAY,
    HEARTBEAT_S,
    POLICY_VIOLATION,
    RESTARTING,
    UNAUTHENTICATED,
    Complaint,
    Decided,
    Hello,
    Hold,
    Message,
    Ping,
    Pong,
    Release,
    Resync,
    Subscribe,
    Unsubscribe,
    Welcome,
)
from ticketing.tokens import PartnerToken, TokenKeys, api_key_hash

REVOKED_CHECK_MS = 5_000
HTTP_FORBIDDEN = 403


class Reception:
    """Of the shows; the bound of all sockets is the `door`'s."""

    def __init__(
        self,
        *,
        halls: Halls,
        keys: Keys,
        tokens: TokenKeys,
        clock: Clock,
        limits: Limits,
        selling: Selling,
        door: Door,
    ) -> None:
        self._halls = halls
        self._keys = keys
        self._tokens = tokens
        self._clock = clock
        self._limits = limits
        self._selling = selling
        self._door = door
        self._revoked_checked_ms = 0
        self._waves: Mapping[int, int] = {}

    async def enter(self, facts: Facts, wire: Wire, address: str = "") -> tuple[Hall, Watcher] | None:
        """A socket came, from `address`; None: closed again, there is no room. Raises `StoreAway`, `NotNow`.

        Each one that entered must `leave`.
        """
        watcher = Watcher(wire, self._clock.now_ms(), frames_burst=self._limits.client_frames_burst)
        watcher.address = address
        if not self._door.enter(watcher):
            return None
        try:
            hall = await self._halls.open(facts)
        except BaseException:
            self._door.leave()
            raise
        hall.add(watcher)
        return hall, watcher

    def leave(self, hall: Hall, watcher: Watcher) -> None:
        """The socket is gone."""
        watcher.closed = True
        watcher.settle()
        hall.remove(watcher, self._clock.now_ms())
        self._door.leave()

    def settle(self, hall: Hall, watcher: Watcher) -> None:
        """The socket takes frames no longer, or does so again."""
        now_ms = self._clock.now_ms()
        watcher.settle()
        watcher.note_busy(now_ms)
        if not (watcher.closed or watcher.wire.busy):
            hall.drained(watcher, now_ms)

    def hear(self, hall: Hall, watcher: Watcher, raw: bytes) -> Coroutine[Any, Any, None] | None:
        """One frame from the client; what is left to be awaited before the next one is heard."""
        now_ms, limits = self._clock.now_ms(), self._limits
        if not watcher.hears_client(now_ms, per_s=limits.client_frames_per_s, burst=limits.client_frames_burst):
            return None
        said = read_client_frame(raw)
        match said:
            case Hold():
                self._tell_if_any(hall, watcher, self._selling.hold(hall, watcher, said))
            case Release():
                self._tell_if_any(hall, watcher, self._selling.release(hall, watcher, said))
            case Unreadable():
                self._complain(hall, watcher, said.code, said.detail, said.reply_to)
                if said.hopeless:
                    watcher.close(POLICY_VIOLATION, said.code)
            case Hello():
                return self._greet(hall, watcher, said)
            case Ping():
                watcher.tell(hall.frame("pong", Pong(reply_to=said.id), now_ms))
            case Subscribe() | Unsubscribe() if not watcher.greeted:
                self._complain(hall, watcher, "unauthenticated", "say hello first, with or without a token", said.id)
            case Subscribe():
                hall.start(watcher, None, now_ms, said.bbox)
            case Unsubscribe():
                hall.stop(watcher)
            case _:
                assert_never(said)
        return None

    async def sweep(self) -> None:
        """What time brings about: tokens run out, keys and passes are taken back, stuck sockets and empty halls go."""
        now_ms = self._clock.now_ms()
        for hall in self._halls:
            for watcher in list(hall.watchers):
                self._sweep(hall, watcher, now_ms)
            self._selling.forget_overdue(hall)
            if not hall.watchers and now_ms - hall.empty_since_ms > self._limits.empty_hall_kept_ms:
                self._halls.drop(hall)
        if now_ms - self._revoked_checked_ms >= REVOKED_CHECK_MS:
            self._revoked_checked_ms = now_ms
            await self._close_revoked()
        await self._take_passes_back()

    def dismiss(self, hall: Hall, reason: str) -> None:
        """Send everybody away from a hall that can go on no longer: they come again, each at a moment of their own."""
        now_ms = self._clock.now_ms()
        self._halls.drop(hall)
        for watcher in list(hall.watchers):
            watcher.tell(hall.frame("resync_required", Resync(reason=reason), now_ms))
            self._goodbye(hall, watcher, RESTARTING, now_ms)

    def farewell(self) -> None:
        """The process stops: everybody is told when to come again."""
        now_ms = self._clock.now_ms()
        self._door.shut()
        for hall in self._halls:
            for watcher in list(hall.watchers):
                self._goodbye(hall, watcher, GOING_AWAY, now_ms)

    async def _greet(self, hall: Hall, watcher: Watcher, hello: Hello) -> None:
        try:
            right = None if hello.token is None else await self._right_of(hello.token, hall, watcher)
            if right is not None and not isinstance(right, Denied) and hello.resume is not None:
                await self._halls.reach_back(hall, hello.resume.after_seq)
        except StoreAway:
            self._complain(hall, watcher, "busy", "this cannot be looked up now", hello.id)
            self._goodbye(hall, watcher, FULL, self._clock.now_ms())
            return
        if isinstance(right, Denied):
            self._complain(hall, watcher, right.code, "", hello.id)
            watcher.close(FORBIDDEN if PROBLEMS[right.code].status == HTTP_FORBIDDEN else UNAUTHENTICATED, right.code)
            return
        if watcher.right is not None and (right is None or right.account != watcher.right.account):
            self._complain(hall, watcher, "not_yours", "this socket tells of another account", hello.id)
            watcher.close(CONFLICT, "another account")
            return
        # Nothing is awaited from here on: what is told again and what happens next meet without a gap.
        now_ms = self._clock.now_ms()
        hall.identify(watcher, right)
        watcher.tell(hall.frame("welcome", _welcome(hall, right), now_ms))
        if hello.resume is not None:
            hall.replay(watcher, hello.resume.after_seq, now_ms)
        if not watcher.greeted:
            watcher.greeted = True
            hall.start(watcher, None if hello.resume is None else hello.resume.after_seq, now_ms)

    async def _right_of(self, token: str, hall: Hall, watcher: Watcher) -> Right | Denied:
        now_ms = self._clock.now_ms()
        if is_api_key(token):
            found, read = await self._keys.find(api_key_hash(token)), None
        else:
            wave = self._waves.get(hall.show, 0)
            own = right_of_token(token, hall.show, self._tokens, now_ms, wave=wave)
            if not isinstance(own, PartnerToken):
                return own
            found, read = await self._keys.find_by_id(own.key_id), own
        return right_of_key(found, venue=hall.venue, show=hall.show, address=watcher.address, now_ms=now_ms, token=read)

    def _sweep(self, hall: Hall, watcher: Watcher, now_ms: int) -> None:
        if watcher.takes and watcher.greeted and watcher.right is None:
            # Nearly all, and once a second.
            watcher.busy_since_ms = None
            return
        limits = self._limits
        watcher.lose_patience(now_ms, stuck_ms=limits.stuck_ms, hello_within_ms=limits.hello_within_ms)
        right = watcher.right
        if watcher.closed or right is None or right.expires_at_ms is None or right.expires_at_ms > now_ms:
            return
        if watcher.notice_closes_at_ms is None:
            watcher.notice_closes_at_ms = now_ms + self._limits.notice_ms
            data = Message(
                code="token_expired",
                text="The token has expired: say hello with a newer one.",
                closes_at=rfc3339(watcher.notice_closes_at_ms),
            )
            watcher.tell(hall.frame("message", data, now_ms))
        elif watcher.notice_closes_at_ms <= now_ms:
            watcher.close(UNAUTHENTICATED, "token_expired")

    async def _take_passes_back(self) -> None:
        """What operators have taken back has expired: it is told so, and then closed, by the next sweeps."""
        self._waves = await self._keys.waves()
        now_ms = self._clock.now_ms()
        for hall in self._halls:
            wave = self._waves.get(hall.show, 0)
            for watcher in hall.watchers if wave else ():
                right = watcher.right
                if right is not None and right.wave is not None and right.wave < wave:
                    ends_at_ms = now_ms if right.expires_at_ms is None else min(right.expires_at_ms, now_ms)
                    watcher.right = replace(right, expires_at_ms=ends_at_ms)

    async def _close_revoked(self) -> None:
        by_key: dict[str, list[Watcher]] = {}
        for hall in self._halls:
            for watcher in hall.watchers:
                if watcher.right is not None and watcher.right.key_id is not None:
                    by_key.setdefault(watcher.right.key_id, []).append(watcher)
        if not by_key:
            return
        for key_id in await self._keys.revoked(set(by_key)):
            for watcher in by_key.get(key_id, ()):
                watcher.close(UNAUTHENTICATED, "key_revoked")

    def _complain(self, hall: Hall, watcher: Watcher, code: str, detail: str, reply_to: str) -> None:
        problem = PROBLEMS[code]
        data = Complaint(code=code, detail=detail or problem.title, reply_to=reply_to, retryable=problem.retryable)
        self._tell_if_any(hall, watcher, data)

    def _tell_if_any(self, hall: Hall, watcher: Watcher, data: Complaint | Decided | None) -> None:
        if data is not None:
            kind = "error" if isinstance(data, Complaint) else REQUEST_DECIDED
            watcher.tell(hall.frame(kind, data, self._clock.now_ms()))

    def _goodbye(self, hall: Hall, watcher: Watcher, code: int, now_ms: int) -> None:
        watcher.tell(hall.frame("goodbye", self._door.goodbye(), now_ms))
        watcher.close(code, "come again")


def _welcome(hall: Hall, right: Right | None) -> Welcome:
    ends_at_ms = None if right is None else right.expires_at_ms
    return Welcome(
        venue=hall.venue,
        heartbeat_s=HEARTBEAT_S,
        account=None if right is None else right.account,
        expires_at=None if ends_at_ms is None else rfc3339(ends_at_ms),
    )
