"""What every test may ask for. The real servers are started once per run, and only when a test asks."""

import asyncio
import gc
import os
import uuid
from collections.abc import Coroutine, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import asyncpg
import hypothesis
import pytest
import redis
from aiokafka.admin import AIOKafkaAdminClient
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling
from xdist.workermanage import WorkerController

from infra.provision import database_url, provision_database, provision_topics
from tests.servers import Servers, run_directory, running_servers

# Hypothesis is imported early: otherwise its plugin does it at the end, in the process that runs no test itself, where
# pytest parses it, and before Python 3.11.8 a collection meanwhile can end in a SystemError (`house.sources.parse`).
# No example has a deadline: how long one takes says more of the machine than of the code, and speed lives in bench/.
hypothesis.settings.register_profile("onsale", deadline=None)
hypothesis.settings.load_profile("onsale")

# Brokers that live for one test are gone before the JVM's second compiler has paid for itself: without it one takes a
# third less of the processor until it answers.
os.environ.setdefault("JDK_JAVA_OPTIONS", "-XX:TieredStopAtLevel=1")

T = TypeVar("T")


@dataclass(frozen=True)
class Database:
    """One test's own database: migrated, rooms' roles granted. `url` is the superuser's."""

    name: str
    url: str
    secret: str


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """asyncio alone: the libraries we stand on know no other."""
    return "asyncio"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test that asks for servers is marked so: `-m "not servers"` leaves it out. What takes longest comes first."""
    for item in items:
        if "servers" in getattr(item, "fixturenames", ()):
            item.add_marker("servers")
    items.sort(key=lambda item: "kills" not in item.keywords)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """All of what is read meanwhile stays, so that cycles are looked for neither now nor, later, in what is there."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


HOUSE = "tests/house/"


class ByFile(LoadFileScheduling):
    """Like `--dist loadfile`, but the tests of the house are one worker's: each would have to read every file."""

    def _split_scope(self, nodeid: str) -> str:
        return HOUSE if nodeid.startswith(HOUSE) else super()._split_scope(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling | None:
    """How tests are shared out among the workers of `--dist loadfile`."""
    return ByFile(config, log) if config.getvalue("dist") == "loadfile" else None


DIRECTORY = "onsale_run_directory"


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: WorkerController) -> None:
    """All workers of a run (`-n 2`) share one directory, and so the servers in it."""
    config = node.config
    directory = getattr(config, DIRECTORY, None)
    if directory is None:
        opened = ExitStack()
        directory = opened.enter_context(run_directory())
        setattr(config, DIRECTORY, directory)
        config.add_cleanup(opened.close)
    node.workerinput[DIRECTORY] = str(directory)


@pytest.fixture(scope="session")
def servers(request: pytest.FixtureRequest) -> Iterator[Servers]:
    """Postgres, Redis and Kafka, shared by the whole run."""
    shared = getattr(request.config, "workerinput", {}).get(DIRECTORY)
    with nullcontext(Path(shared)) if shared else run_directory() as directory, running_servers(directory) as up:
        yield up


@pytest.fixture(scope="session")
def database_template(servers: Servers) -> Iterator[str]:
    """A database with every migration, cloned by `database`; nobody may stay connected to it."""
    name = f"onsale_template_{uuid.uuid4().hex[:12]}"
    _finish(provision_database(servers.postgres_url, name, servers.secret))
    yield name
    _finish(_execute(servers.postgres_url, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))


@contextmanager
def fresh_database(servers: Servers, database_template: str) -> Iterator[Database]:
    """A database with every migration and nothing else in it."""
    name = f"onsale_test_{uuid.uuid4().hex[:12]}"
    _finish(_execute(servers.postgres_url, f'CREATE DATABASE "{name}" TEMPLATE "{database_template}"'))
    yield Database(name, database_url(servers.postgres_url, name), servers.secret)
    _finish(_execute(servers.postgres_url, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))


@pytest.fixture
def database(servers: Servers, database_template: str) -> Iterator[Database]:
    """A fresh database of this test's own."""
    with fresh_database(servers, database_template) as fresh:
        yield fresh


@contextmanager
def fresh_topics(servers: Servers) -> Iterator[str]:
    """The prefix of topics that are there (12 partitions, as shipped) and empty."""
    prefix = f"test-{uuid.uuid4().hex[:12]}-"
    _finish(provision_topics(servers.kafka_bootstrap, prefix))
    yield prefix
    _finish(_delete_topics(servers.kafka_bootstrap, prefix))


@pytest.fixture
def topics(servers: Servers) -> Iterator[str]:
    """The prefix of this test's own topics."""
    with fresh_topics(servers) as prefix:
        yield prefix


@contextmanager
def fresh_redis_prefix(servers: Servers) -> Iterator[str]:
    """A prefix of keys, which are removed afterwards."""
    prefix = f"test:{uuid.uuid4().hex[:12]}:"
    yield prefix
    with redis.Redis.from_url(servers.redis_url) as client:
        keys = list(client.scan_iter(match=f"*{prefix}*", count=1000))
        if keys:
            client.unlink(*keys)


@pytest.fixture
def redis_prefix(servers: Servers) -> Iterator[str]:
    """The prefix of this test's own keys."""
    with fresh_redis_prefix(servers) as prefix:
        yield prefix


def _finish(work: Coroutine[object, object, T]) -> T:
    # On a thread of its own: an async test's loop belongs to the plugin and stays as it is.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def _delete_topics(bootstrap: str, prefix: str) -> None:
    client = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await client.start()
    try:
        await client.delete_topics([name for name in await client.list_topics() if name.startswith(prefix)])
    finally:
        await client.close()
