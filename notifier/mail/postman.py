"""Sends the letters that are due; awaits only the ports it is given."""

import asyncio
from collections.abc import Callable, Mapping

import structlog

from notifier import metrics
from notifier.mail.letters import Letter, NoAddress, Words, compose
from notifier.mail.ports import BookingFacts, DueMail, MailAway, MailRefused, MailStore, Sender, Shows
from ticketing.clock import Clock
from ticketing.money import money_text
from ticketing.telling import BookingAnswer, Where, booking_answer
from ticketing.vocabulary import ReservationStatus, booking_text, reservation_text

log = structlog.get_logger("notifier.mail")

AT_ONCE_MAX = 5
"""Of a round, four of which make a second: a rush of bookings must not keep the sockets waiting for QR codes."""
AGAIN_S = (10, 60, 300, 1_800, 7_200, 18_000, 36_000)
"""Seconds from one try to the next; over seventeen hours in all."""
TOO_OLD_MS = 3 * 24 * 3600 * 1000
"""A letter that could not be sent for so long says nothing new."""

ENGLISH = "en"

SignLink = Callable[[int, str, str], str]
"""(show, reservation as text, account) -> the token that opens the booking."""


class Postman:
    """`sender_address`: who writes; `public_url`: where links lead; `words`: by language, English among them."""

    def __init__(
        self,
        *,
        store: MailStore,
        shows: Shows,
        sender: Sender,
        sign_link: SignLink,
        public_url: str,
        sender_address: str,
        words: Mapping[str, Words],
        clock: Clock,
    ) -> None:
        self._words = words
        self._store = store
        self._shows = shows
        self._sender = sender
        self._sign_link = sign_link
        self._public_url = public_url
        self._sender_address = sender_address
        self._clock = clock

    async def send(self) -> int:
        """Send what is due, a few at once; how many were tried. Raises `StoreAway`."""
        claimed = await self._store.claim(self._clock.now_ms(), AT_ONCE_MAX)
        await asyncio.gather(*(self._deliver(one) for one in claimed))
        return len(claimed)

    async def _deliver(self, one: DueMail) -> None:
        letter = await self._write(one)
        if letter is None:
            await self._settle(one, "not_sent")
            return
        try:
            with metrics.DELIVERY_SECONDS.labels("letter").time():
                await self._sender.send(compose(letter, self._words[letter.language]))
        except (MailRefused, NoAddress) as error:
            await self._settle(one, "failed", str(error))
        except MailAway as error:
            await self._again(one, str(error))
        else:
            await self._settle(one, "sent")

    async def _write(self, one: DueMail) -> Letter | None:
        """None: there is nobody to write to, or nothing to say any more."""
        if self._clock.now_ms() - one.created_at_ms > TOO_OLD_MS:
            return None
        facts = await self._store.facts(one)
        where = await self._shows.where(one.show)
        if facts is None or where is None or not facts.email or _overtaken(one, facts):
            return None
        booking = booking_answer(facts.reservation, where)
        return self._letter(one, facts, where, booking)

    def _letter(self, one: DueMail, facts: BookingFacts, where: Where, booking: BookingAnswer) -> Letter:
        name = booking_text(one.show, one.reservation)
        token = self._sign_link(one.show, reservation_text(one.show, one.reservation), facts.reservation.account)
        places = [seat.seat for seat in booking.seats] + [f"{area.quantity} × {area.area}" for area in booking.areas]
        # "de-AT" is written to in German.
        language = facts.language.partition("-")[0].lower()
        return Letter(
            language=language if language in self._words else ENGLISH,
            mail=one.mail,
            kind=one.kind,
            sender=self._sender_address,
            name=facts.name,
            email=facts.email,
            show=facts.show_name,
            starts_at_ms=facts.starts_at_ms,
            booking=name,
            places=tuple(places),
            total=money_text(booking.total_amount, where.currency),
            # Behind the #: no server that the link passes gets to see it.
            link=f"{self._public_url}/bookings/{name}#token={token}",
        )

    async def _again(self, one: DueMail, error: str) -> None:
        if one.tries > len(AGAIN_S):
            log.error("mail.given_up", mail=one.mail, error=error)
            await self._settle(one, "failed", error)
            return
        now_ms = self._clock.now_ms()
        metrics.MAILS.labels("again").inc()
        await self._store.settle(one, "due", now_ms + AGAIN_S[one.tries - 1] * 1000, now_ms, error)

    async def _settle(self, one: DueMail, state: str, error: str = "") -> None:
        metrics.MAILS.labels(state).inc()
        await self._store.settle(one, state, 0, self._clock.now_ms(), error)


def _overtaken(one: DueMail, facts: BookingFacts) -> bool:
    """Whether the letter would say what is not so any more: then another one says what is."""
    wanted = ReservationStatus.CANCELLED if one.kind == "cancelled" else ReservationStatus.BOOKED
    return facts.reservation.status != wanted
