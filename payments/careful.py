"""A provider asked with care: a bound on each try, a few tries, and none while it is down.

What fails by the breaker or in the last try is `ProviderAway`: the caller is told to come again, a worker asks later.
Whatever was asked had a name, so asking again is safe (`payments/provider.py`).
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import stamina
from purgatory import AsyncCircuitBreakerFactory
from purgatory.domain.model import OpenedState

from payments.provider import Checkout, Found, Notice, Order, PaymentProvider, ProviderAway, ProviderRefused, Refund

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Care:
    """`tries_max` tries of `try_s` seconds each, all of them within `all_s`; after `failures_max` failures in a row
    nothing is asked for `closed_s` seconds."""

    try_s: float = 3.0
    tries_max: int = 3
    all_s: float = 7.0
    failures_max: int = 5
    closed_s: float = 15.0


class Careful:
    """`payments.provider.PaymentProvider` around another one."""

    def __init__(self, provider: PaymentProvider, care: Care) -> None:
        self._provider = provider
        self._care = care
        self._breakers = AsyncCircuitBreakerFactory(
            default_threshold=care.failures_max,
            default_ttl=care.closed_s,
            # A "no" is an answer, and who stops waiting says nothing about the provider.
            exclude=[ProviderRefused, asyncio.CancelledError],
        )

    @property
    def name(self) -> str:
        return self._provider.name

    async def begin(self, order: Order) -> Checkout:
        return await self._ask(lambda: self._provider.begin(order))

    async def find(self, attempt: str) -> Found:
        return await self._ask(lambda: self._provider.find(attempt))

    async def refund(self, refund: Refund) -> str:
        return await self._ask(lambda: self._provider.refund(refund))

    def read_notice(self, headers: Mapping[str, str], body: bytes, now_ms: int) -> Notice:
        return self._provider.read_notice(headers, body, now_ms)

    async def _ask(self, question: Callable[[], Awaitable[T]]) -> T:
        tries = stamina.retry_context(
            on=ProviderAway,
            attempts=self._care.tries_max,
            timeout=self._care.all_s,
            wait_initial=0.1,
            wait_max=1.0,
            wait_jitter=0.2,
        )
        try:
            async for attempt in tries:
                with attempt:
                    return await self._once(question)
        except OpenedState as error:
            # The breaker raises one and the same error each time, which would gather the way of everybody it met.
            error.__traceback__ = None
            raise ProviderAway(f"{self.name} has failed too often of late; nothing is asked for a while") from None
        raise AssertionError("the last try returns or raises")

    async def _once(self, question: Callable[[], Awaitable[T]]) -> T:
        async with await self._breakers.get_breaker(self._provider.name):
            try:
                async with asyncio.timeout(self._care.try_s):
                    return await question()
            except TimeoutError as error:
                raise ProviderAway(f"no answer within {self._care.try_s:g} s") from error
