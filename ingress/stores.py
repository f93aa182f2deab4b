"""What every store of this room has in common: when Postgres is away, and when it refuses a value."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import asyncpg

from runtime.clusters import Clusters
from runtime.postgres import FAILURES


class StoreAway(Exception):
    """Postgres cannot be reached, or takes no statements now."""


class ValueRefused(Exception):
    """Postgres refused a value of ours (SQLSTATE class 22): the request cannot be stored."""


@contextmanager
def reaching_postgres() -> Iterator[None]:
    """Say in our words what went wrong in there. An integrity error stays what it is: a bug, or a race to be caught.

    Of a value that is refused only the kind of the refusal is told: the text quotes the value, which may be a name.
    """
    try:
        yield
    except (asyncpg.DataError, asyncpg.exceptions.DataError) as error:
        raise ValueRefused(type(error).__name__) from error
    except asyncpg.IntegrityConstraintViolationError:
        raise
    except asyncpg.InterfaceError as error:
        # A value that cannot be sent at all is an InterfaceError and a ValueError; a closed connection is not.
        if isinstance(error, ValueError):
            raise ValueRefused(type(error).__name__) from error
        raise StoreAway(str(error)) from error
    except FAILURES as error:
        raise StoreAway(f"{type(error).__name__}: {error}") from error


async def fetch_merged(
    clusters: Clusters,
    sql: str,
    *values: Any,
    key: Callable[[asyncpg.Record], Any],
    limit: int,
    newest_first: bool = False,
) -> list[asyncpg.Record]:
    """The first `limit` rows of all clusters, by `key`: as `sql` orders and limits those of each.

    All or nothing: a list in which the rows of a cluster are missing without a word would be a wrong answer.
    """
    answers = await asyncio.gather(*(pool.fetch(sql, *values) for pool in clusters.pools))
    rows = [row for answer in answers for row in answer]
    return sorted(rows, key=key, reverse=newest_first)[:limit] if len(answers) > 1 else rows
