"""Asks providers about payments, and gives money back; awaits only the ports it is given."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeVar

import structlog

from notifier import metrics
from notifier.money.ports import Commands, DueRefund, MoneyStore, OpenAttempt
from payments import words
from payments.provider import PaymentProvider, ProviderAway, ProviderRefused, Refund, State
from ticketing.clock import Clock
from ticketing.messages import encode
from ticketing.pseudonyms import Pseudonyms
from ticketing.vocabulary import Malformed

log = structlog.get_logger("notifier.money")

AT_ONCE_MAX = 20
ASK_AGAIN_S = (15, 30, 60, 120, 300, 600, 1_800, 3_600)
"""Seconds from one question about a payment to the next; the last one again and again."""
ASKS_MAX = 80
"""Over three days; then somebody must look at it."""
REFUND_AGAIN_S = (10, 60, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""Seconds from one try to the next; over three days in all. Then an operator decides."""

Job = TypeVar("Job")


class Cashier:
    """`providers`: those that can be asked, by name. Of the others nothing is asked: who took such a payment gives it
    back."""

    def __init__(
        self,
        *,
        store: MoneyStore,
        providers: Mapping[str, PaymentProvider],
        commands: Commands,
        pseudonyms: Pseudonyms,
        clock: Clock,
    ) -> None:
        self._store = store
        self._providers = providers
        self._commands = commands
        self._pseudonyms = pseudonyms
        self._clock = clock

    async def take(self) -> int:
        """Take what was published; how many batches were looked at. Raises `StoreAway`."""
        return await self._store.capture(self._clock.now_ms())

    async def ask(self) -> int:
        """Ask about attempts whose news are late; how many. Raises `StoreAway`."""
        return await self._each(self._store.claim_attempts, self._ask)

    async def give_back(self) -> int:
        """Carry out refunds; how many were tried. Raises `StoreAway`."""
        return await self._each(self._store.claim_refunds, self._give_back)

    async def _each(
        self,
        claim: Callable[[Sequence[str], int, int], Awaitable[Sequence[Job]]],
        work: Callable[[Job], Awaitable[None]],
    ) -> int:
        if not self._providers:
            return 0
        claimed = await claim([*self._providers], self._clock.now_ms(), AT_ONCE_MAX)
        await asyncio.gather(*(work(one) for one in claimed))
        return len(claimed)

    async def _ask(self, one: OpenAttempt) -> None:
        try:
            with metrics.DELIVERY_SECONDS.labels("question").time():
                found = await self._providers[one.provider].find(one.attempt)
            now_ms = self._clock.now_ms()
            commands = words.said(
                one.provider, one.attempt, found, one.currency, now_ms=now_ms, pseudonyms=self._pseudonyms
            )
        except ProviderAway as error:
            await self._ask_again(one, str(error))
            return
        except (ProviderRefused, words.CurrencyWrong, Malformed) as error:
            log.error("money.cannot_be_known", attempt=one.attempt, error=repr(error))
            metrics.ASKED.labels("given_up").inc()
            await self._store.settle_attempt(one, "given_up", 0, str(error))
            return
        part = one.part
        if not all(await self._commands.send_all([(part, encode(command)) for command in commands])):
            await self._ask_again(one, "the log did not take it")
        elif commands or found.state is State.LAPSED or (found.state is State.UNKNOWN and now_ms > one.lapses_at_ms):
            # What is on the log will be decided, and the last word of a provider is its last.
            metrics.ASKED.labels(found.state).inc()
            await self._store.settle_attempt(one, "ended", 0, "")
        else:
            metrics.ASKED.labels(found.state).inc()
            await self._ask_again(one, "")

    async def _ask_again(self, one: OpenAttempt, error: str) -> None:
        if one.asks >= ASKS_MAX:
            log.error("money.given_up", attempt=one.attempt, error=error)
            metrics.ASKED.labels("given_up").inc()
            await self._store.settle_attempt(one, "given_up", 0, error)
            return
        wait_s = ASK_AGAIN_S[min(one.asks, len(ASK_AGAIN_S)) - 1]
        await self._store.settle_attempt(one, "open", self._clock.now_ms() + wait_s * 1000, error)

    async def _give_back(self, one: DueRefund) -> None:
        refund = Refund(one.refund, one.reference, one.amount, one.reason)
        try:
            with metrics.DELIVERY_SECONDS.labels("refund").time():
                named = await self._providers[one.provider].refund(refund)
        except ProviderAway as error:
            await self._refund_again(one, str(error))
        except ProviderRefused as error:
            log.error("money.refund_refused", refund=one.refund, error=str(error))
            await self._end_refund(one, "failed", error=str(error))
        else:
            await self._end_refund(one, "done", named=named)

    async def _refund_again(self, one: DueRefund, error: str) -> None:
        if one.tries > len(REFUND_AGAIN_S):
            log.error("money.refund_failed", refund=one.refund, error=error)
            await self._end_refund(one, "failed", error=error)
            return
        now_ms = self._clock.now_ms()
        again_at_ms = now_ms + REFUND_AGAIN_S[one.tries - 1] * 1000
        metrics.REFUNDS.labels("again").inc()
        await self._store.settle_refund(one, "due", again_at_ms, now_ms, error=error)

    async def _end_refund(self, one: DueRefund, state: str, *, named: str = "", error: str = "") -> None:
        metrics.REFUNDS.labels(state).inc()
        await self._store.settle_refund(one, state, 0, self._clock.now_ms(), named=named, error=error)
