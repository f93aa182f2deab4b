"""`onsale erase`: forgets whom bookings are for. What was sold stays sold, and stays provable."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from infra.embedded import ServersUnavailable
from ingress.ledger import Ledger
from ingress.stores import StoreAway
from onsale.installation import Installation, infra_settings, open_installation
from onsale.keys import ingress_pool
from runtime.clusters import Clusters
from runtime.postgres import FAILURES
from ticketing.vocabulary import Malformed, parse_booking

DONE, COULD_NOT_RUN = 0, 2


@dataclass(frozen=True)
class EraseOptions:
    """Whom to forget: whoever these bookings are for, and whoever has this address."""

    data_dir: Path | None = None
    bookings: tuple[str, ...] = ()
    email: str | None = None


def erase(options: EraseOptions, say: Callable[[str], None]) -> int:
    """Forget them; the exit code. Nothing to forget is no error: to ask twice is to be sure."""
    settings = infra_settings(options.data_dir).model_copy(update={"redis_url": "unused", "kafka_bootstrap": "unused"})
    try:
        wanted = [parse_booking(booking) for booking in options.bookings]
        with open_installation(settings, say) as installation:
            erased = asyncio.run(_erase(installation, wanted, options.email))
    except Malformed as error:
        say(str(error))
        return COULD_NOT_RUN
    except (ServersUnavailable, StoreAway, *FAILURES) as error:
        say(f"nothing more was erased, Postgres cannot be reached: {error}")
        return COULD_NOT_RUN
    say(f"erased the contact data of {erased} confirmations" if erased else "there is nothing to erase")
    return DONE


async def _erase(installation: Installation, bookings: list[tuple[int, bytes]], email: str | None) -> int:
    """How many rows are gone."""
    places = installation.cluster_map
    async with AsyncExitStack() as stack:
        pools = [
            await stack.enter_async_context(ingress_pool(url, installation.secret, "onsale erase"))
            for url in places.urls
        ]
        ledger = Ledger(Clusters(pools, places))
        erased = [await ledger.erase_booking(show, reservation) for show, reservation in bookings]
        if email is not None:
            erased.append(await ledger.erase_email(email))
    return sum(erased)
