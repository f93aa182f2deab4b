"""The provider that the settings name."""

import importlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from payments.careful import Care, Careful
from payments.provider import PaymentProvider
from payments.sandbox.client import NAME as SANDBOX
from payments.sandbox.client import Sandbox, open_http
from payments.settings import PaymentSettings
from payments.words import PROVIDER_NAME

NOTICES_AT = "/api/payments/webhook/"


class ProviderUnknown(Exception):
    """The settings name a provider that there is not."""


@asynccontextmanager
async def open_provider(settings: PaymentSettings, care: Care | None = None) -> AsyncIterator[PaymentProvider | None]:
    """The provider, asked with care; None: there is none. Raises `ProviderUnknown`."""
    wanted = settings.payment_provider
    if not wanted:
        yield None
    elif wanted == SANDBOX:
        async with open_http(settings.sandbox_at) as http:
            sandbox = Sandbox(
                http, secrets=settings.secrets, public_url=settings.public_url, notices_at=NOTICES_AT + SANDBOX
            )
            yield Careful(sandbox, care or Care())
    else:
        yield Careful(_made(wanted, settings), care or Care())


def _made(wanted: str, settings: PaymentSettings) -> PaymentProvider:
    module, _, function = wanted.partition(":")
    try:
        make = getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError, ValueError) as error:
        raise ProviderUnknown(f"{wanted} is no MODULE:FUNCTION that there is: {error}") from error
    provider: PaymentProvider = make(settings)
    if not PROVIDER_NAME.fullmatch(provider.name):
        raise ProviderUnknown(f"{provider.name!r} cannot be the name of a provider")
    return provider
