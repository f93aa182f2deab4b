"""Postgres: a role's address and password, pools, dedicated connections, and what a failure means."""

import asyncio
import hashlib
import hmac
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Literal
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg

READ_ONLY = "25006"

Failure = Literal["data", "integrity", "infrastructure"]

FAILURES = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)
"""All that a call of asyncpg raises when the server refuses, is away, or leaves. `InternalClientError` is among them
because asyncpg raises it on a connection that the server has just ended while it was idle."""


def role_password(secret: str, role: str) -> str:
    """Password of a database role: HMAC-SHA256 of the role under the first secret of `ONSALE_SECRET`, in hex.

    Provisioning sets it with the same function, so no password is kept anywhere.
    """
    signer = secret.split(",", maxsplit=1)[0].strip()
    return hmac.new(signer.encode(), b"postgres role\x00" + role.encode(), hashlib.sha256).hexdigest()


def room_url(base_url: str, role: str, secret: str) -> str:
    """`base_url` with its user and password replaced by those of `role`; host, port, database, options unchanged."""
    parts = urlsplit(base_url)
    where = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{quote(role, safe='')}:{role_password(secret, role)}@{where}"))


def classify(exc: BaseException) -> Failure:
    """What a failed statement says about its cause, by SQLSTATE (PostgreSQL appendix A).

    "data": a value of the statement is wrong (class 22; asyncpg raises it for an argument that its type cannot hold).
    "integrity": memory and tables disagree (class 23, or XX001 as raised by our own functions).
    "infrastructure": everything else, retried by a new connection.
    """
    if isinstance(exc, asyncpg.PostgresError):
        sqlstate = exc.sqlstate or ""
        if sqlstate.startswith("22"):
            return "data"
        if sqlstate.startswith("23") or sqlstate == "XX001":
            return "integrity"
    return "infrastructure"


def refuses_writes(exc: BaseException) -> bool:
    """Whether the server is there and takes no writes: a full disk or other resource (class 53), or read-only."""
    sqlstate = exc.sqlstate or "" if isinstance(exc, asyncpg.PostgresError) else ""
    return sqlstate.startswith("53") or sqlstate == READ_ONLY


def _session(application_name: str, statement_timeout_s: float, lock_timeout_s: float) -> dict[str, str]:
    return {
        "application_name": application_name,
        "statement_timeout": f"{round(statement_timeout_s * 1000)}",
        "lock_timeout": f"{round(lock_timeout_s * 1000)}",
        "idle_in_transaction_session_timeout": "30000",
        # The server drops a client whose machine is gone within half a minute: its locks go with it.
        "tcp_keepalives_idle": "10",
        "tcp_keepalives_interval": "5",
        "tcp_keepalives_count": "3",
        "client_min_messages": "notice",
        "timezone": "UTC",
    }


async def _as_it_is(_connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    """A transaction that is left open the driver has ended before it asks us."""


@asynccontextmanager
async def open_pool(
    url: str,
    *,
    min_size: int,
    max_size: int,
    application_name: str,
    statement_timeout_s: float = 10.0,
    lock_timeout_s: float = 2.0,
    connect_timeout_s: float = 5.0,
    close_timeout_s: float = 5.0,
    left_clean: bool = False,
) -> AsyncIterator["asyncpg.Pool[asyncpg.Record]"]:
    """A pool for reads and small writes. Raises OSError or `asyncpg.PostgresError` when `min_size` cannot be had.

    A query that gets no answer is given up 5 s after the server itself should have ended it. `left_clean`: nobody
    leaves locks or settings behind on a connection, so it is handed on without a query that clears them.
    """
    pool = await asyncpg.create_pool(
        url,
        min_size=min_size,
        max_size=max_size,
        timeout=connect_timeout_s,
        command_timeout=statement_timeout_s + 5.0,
        server_settings=_session(application_name, statement_timeout_s, lock_timeout_s),
        init=_keep_alive,
        reset=_as_it_is if left_clean else None,
    )
    try:
        yield pool
    finally:
        try:
            async with asyncio.timeout(close_timeout_s):
                await pool.close()
        except TimeoutError:
            pool.terminate()


async def connect(
    url: str,
    *,
    application_name: str,
    statement_timeout_s: float = 10.0,
    lock_timeout_s: float = 2.0,
    connect_timeout_s: float = 5.0,
    on_warning: Callable[[str], None] | None = None,
) -> "asyncpg.Connection[asyncpg.Record]":
    """A dedicated connection; the caller closes it, or calls `terminate()` on one it no longer trusts.

    `on_warning` is called with the text of every WARNING of the server (the one that says a commit did not wait for
    the standby among them), before the `await` of the statement that caused it returns. No statement has a timeout on
    this side: one would cancel it, and cancelling makes a commit visible that the standby does not have.
    Raises OSError, TimeoutError or `asyncpg.PostgresError`.
    """
    connection = await asyncpg.connect(
        url,
        timeout=connect_timeout_s,
        server_settings=_session(application_name, statement_timeout_s, lock_timeout_s),
    )
    await _keep_alive(connection)
    if on_warning is not None:
        heard = on_warning

        def listen(_connection: object, message: asyncpg.PostgresLogMessage) -> None:
            if message.severity_en == "WARNING":
                heard(str(message.message))

        connection.add_log_listener(listen)
    return connection


@contextmanager
def cut_after(connection: "asyncpg.Connection[asyncpg.Record]", seconds: float) -> Iterator[None]:
    """A deadline for what is asked meanwhile; what it cuts raises one of FAILURES.

    Never `timeout=` and never cancelled: both send a cancel request, and a cancelled wait for the standby makes a
    commit visible that the standby does not have. Cutting the connection leaves the server alone.
    """
    deadline = asyncio.get_running_loop().call_later(seconds, connection.terminate)
    try:
        yield
    except AttributeError as error:
        # asyncpg forgets whom it speaks with when it is cut. Where the answer to a question of its own (about the types
        # of a statement) has come at that very moment, it goes on to ask, and finds nobody there.
        if not connection.is_closed():
            raise
        raise asyncpg.ConnectionDoesNotExistError("cut when its time was up") from error
    finally:
        deadline.cancel()


async def _keep_alive(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Notice within half a minute that the server's machine is gone, also while nothing is being sent."""
    transport = getattr(connection, "_transport", None)
    plain = transport.get_extra_info("socket") if transport is not None else None
    if plain is None or plain.family not in (socket.AF_INET, socket.AF_INET6):
        return
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in (("TCP_KEEPIDLE", 10), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 3), ("TCP_USER_TIMEOUT", 25_000)):
        if hasattr(socket, option):
            plain.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
