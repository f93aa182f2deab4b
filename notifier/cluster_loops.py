"""What the notifier does for the shows of one cluster of Postgres: follow their outcomes, and take from them what is to
be sent, asked and given back. Each cluster has loops of its own, so that one that is away keeps nobody else waiting."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import structlog

from notifier import metrics
from notifier.mail.postman import Postman
from notifier.money.cashier import Cashier
from notifier.outbox.service import Outbox
from notifier.service import Notifier
from notifier.trying import PAUSE_S, again_and_again, tried
from runtime.clusters import Cluster
from runtime.follow import Follower, HistoryChanged
from runtime.follow_edges import KafkaStream, PostgresTable
from runtime.kafka import PartitionReader

log = structlog.get_logger("notifier")


class Following:
    """Whether the outcomes of all clusters are followed, as the process's metrics tell it."""

    def __init__(self) -> None:
        self._lost: set[int] = set()

    def note(self, cluster: int, *, well: bool) -> None:
        """How it goes with a cluster."""
        (self._lost.discard if well else self._lost.add)(cluster)
        metrics.FOLLOWS.set(not self._lost)


class ClusterLoops:
    """`reasons()` says why nobody can be told anything of these shows yet, `degraded()` why nothing new is told now.

    A room that has begun serves on while a server is away: sockets stay, and whoever comes gets what was known last. To
    take it out of service would send everybody away from all notifiers at once, since all lack the same.
    """

    def __init__(
        self,
        *,
        cluster: Cluster,
        notifier: Notifier,
        outcomes: PartitionReader,
        outbox: Outbox,
        cashier: Cashier,
        postman: Postman | None,
        following: Following,
    ) -> None:
        self._cluster = cluster
        self._notifier = notifier
        self._table = PostgresTable(cluster.pool, cluster.has)
        self._outcomes = outcomes
        self._outbox = outbox
        self._cashier = cashier
        self._postman = postman
        self._following = following
        self._reason = "outcomes are not followed yet"
        self._has_begun = False

    def reasons(self) -> list[str]:
        """Why the room is not ready."""
        return [] if self._has_begun else [self._reason]

    def degraded(self) -> list[str]:
        """What it does without while it serves on."""
        if not self._has_begun:
            return []
        away = [] if self._outcomes.reachable else ["the log cannot be reached"]
        return [*away, self._reason] if self._reason else away

    def all(self) -> Sequence[Callable[[], Awaitable[None]]]:
        """Each runs as long as the process."""
        letters = [self._send_mails] if self._postman is not None else []
        return [self._follow, self._take_events, self._take_money, self._ask_providers, self._give_back, *letters]

    async def parts(self) -> list[int]:
        """The partitions that are there. Raises what asyncpg raises."""
        return sorted(await self._table.published())

    async def _follow(self) -> None:
        while True:
            follower = await tried("outcomes.open", self._open_follower, self._says)
            self._notifier.follow(follower)
            try:
                while True:
                    await tried("outcomes.step", self._notifier.step, self._says)
                    self._says("")
                    self._has_begun = True
            except HistoryChanged as exc:
                log.warning("outcomes.history_changed", error=repr(exc))

    async def _take_events(self) -> None:
        await again_and_again("events.take", lambda: self._outbox.take(self._cluster.number))

    async def _take_money(self) -> None:
        await again_and_again("money.take", self._cashier.take)

    async def _ask_providers(self) -> None:
        await again_and_again("money.ask", self._cashier.ask)

    async def _give_back(self) -> None:
        await again_and_again("money.give_back", self._cashier.give_back)

    async def _send_mails(self) -> None:
        assert self._postman is not None
        while True:
            await tried("mails.send", self._postman.send)
            # Whether or not more is due: a pause between two rounds is the pace of letters.
            await asyncio.sleep(PAUSE_S)

    def _says(self, reason: str) -> None:
        self._reason = reason
        self._following.note(self._cluster.number, well=not reason)

    async def _open_follower(self) -> Follower:
        published = await self._table.published()
        stream = KafkaStream(self._outcomes, sorted(published))
        # The end first, the numbers then: what is published between them is dropped by its number.
        await stream.start()
        published = await self._table.published()
        start = {part: at.batch_seq for part, at in published.items()}
        history_id = next((at.history_id for at in published.values()), None)
        return Follower(stream, self._table, start, history_id=history_id)
