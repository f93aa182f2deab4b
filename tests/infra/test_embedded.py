"""Stories of the embedded servers: started, shared, killed, recovered, never left behind."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import asyncpg
import psutil
import pytest
import redis
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from infra.embedded import EmbeddedServers, ServersUnavailable, remove, stop
from infra.embedded.accounts import fallback_data
from infra.embedded.meeting import read_state, socket_path
from infra.embedded.servers import CHECKOUT
from tests.infra.conftest import ELSEWHERE, Watch, eventually, settings_with

ALL = ("postgres", "redis", "kafka")
CLIENT = """
import sys
from infra.embedded import EmbeddedServers
from tests.infra.conftest import settings_with
with EmbeddedServers(sys.argv[1], settings=settings_with(*sys.argv[2:])):
    print("up", flush=True)
    sys.stdin.read()
"""


def everything(servers: EmbeddedServers) -> list[int]:
    assert servers.keeper_pid is not None
    return [servers.keeper_pid, *servers.pids().values()]


async def run_sql(servers: EmbeddedServers, statement: str) -> object:
    connection = await asyncpg.connect(servers.postgres_url)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


def ping(servers: EmbeddedServers) -> bool:
    with redis.Redis.from_url(servers.redis_url) as client:
        return bool(client.ping())


def start_client(data_dir: Path, *names: str) -> subprocess.Popen[str]:
    client = subprocess.Popen(
        [sys.executable, "-c", CLIENT, str(data_dir), *names],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=CHECKOUT,
    )
    assert client.stdout is not None
    assert client.stdout.readline() == "up\n"
    return client


async def test_three_servers_answer_with_passwords_and_only_locally(directory: Path) -> None:
    async with EmbeddedServers(directory / "data", settings=settings_with(*ALL)) as servers:
        assert await run_sql(servers, "SELECT current_setting('server_version_num')::int / 10000") == 18
        assert await run_sql(servers, "SHOW synchronous_commit") == "on"
        assert ping(servers)
        kafka = AIOKafkaAdminClient(bootstrap_servers=servers.kafka_bootstrap)
        await kafka.start()
        try:
            await kafka.create_topics([NewTopic("a", 12, 1)])
        finally:
            await kafka.close()
        producer = AIOKafkaProducer(bootstrap_servers=servers.kafka_bootstrap)
        await producer.start()
        try:
            assert (await producer.send_and_wait("a", b"x", partition=11)).offset == 0
        finally:
            await producer.stop()

        without_password = servers.postgres_url.replace(servers.postgres_url.split(":")[2].split("@")[0], "guess")
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(without_password)
        with (
            redis.Redis(port=int(servers.redis_url.split(":")[-1].split("/")[0])) as client,
            pytest.raises(redis.AuthenticationError),
        ):
            client.ping()
        listening = {
            connection.laddr.ip
            for pid in servers.pids().values()
            for connection in psutil.Process(pid).net_connections("inet")
            if connection.status == psutil.CONN_LISTEN
        }
        assert listening <= {"127.0.0.1", "::ffff:127.0.0.1"}
        watch = Watch(*everything(servers))
    assert watch.all_end(timeout_s=1), "closing returns when everything has stopped"


def test_a_second_client_joins_and_the_last_one_ends_it(directory: Path) -> None:
    first = EmbeddedServers(directory / "data", settings=settings_with("redis"))
    second = EmbeddedServers(directory / "data", settings=settings_with("redis"))
    first.start()
    second.start()
    watch = Watch(*everything(first))
    assert second.pids() == first.pids()
    assert second.redis_url == first.redis_url
    first.close()
    assert ping(second)
    second.close()
    assert watch.all_end(timeout_s=1)
    assert read_state(directory / "data") is None


@pytest.mark.kills
def test_a_killed_client_leaves_nothing_behind(directory: Path) -> None:
    client = start_client(directory / "data", *ALL)
    state = read_state(directory / "data")
    assert state is not None
    assert set(state.pids) == set(ALL)
    watch = Watch(state.keeper_pid, *state.pids.values())
    with client:
        client.kill()
    assert watch.all_end()


@pytest.mark.kills
async def test_a_killed_keeper_takes_its_servers_along_and_the_next_start_recovers(directory: Path) -> None:
    with EmbeddedServers(directory / "data", settings=settings_with(*ALL)) as servers:
        await run_sql(servers, "CREATE TABLE kept AS SELECT 42 AS answer")
        watch = Watch(*everything(servers))
        assert servers.keeper_pid is not None
        os.kill(servers.keeper_pid, signal.SIGKILL)
        assert watch.all_end()
    with EmbeddedServers(directory / "data", settings=settings_with(*ALL)) as servers:
        assert await run_sql(servers, "SELECT answer FROM kept") == 42
        assert ping(servers)


@pytest.mark.kills
async def test_who_watches_gets_another_keeper_on_the_same_addresses(directory: Path) -> None:
    with EmbeddedServers(directory / "data", settings=settings_with("redis")) as servers:
        first, url = everything(servers), servers.redis_url
        watching = asyncio.create_task(servers.watch())
        os.kill(first[0], signal.SIGKILL)
        assert await asyncio.to_thread(eventually, lambda: servers.keeper_pid not in first)
        assert servers.redis_url == url
        assert ping(servers)
        assert not {*everything(servers)} & {*first}
        watch = Watch(*everything(servers))
        assert await asyncio.to_thread(stop, directory / "data")
        await asyncio.wait_for(watching, 5)
        assert watch.all_end(timeout_s=1), "what is stopped in order stays so"


@pytest.mark.kills
def test_a_killed_server_is_started_again_on_the_same_address(directory: Path) -> None:
    with EmbeddedServers(directory / "data", settings=settings_with("redis")) as servers:
        before = servers.pids()["redis"]
        os.kill(before, signal.SIGKILL)
        assert eventually(lambda: servers.pids()["redis"] != before)
        assert ping(servers)


def test_stop_ends_servers_that_others_are_using(directory: Path) -> None:
    with EmbeddedServers(directory / "data", settings=settings_with("redis")) as servers:
        watch = Watch(*everything(servers))
        assert stop(directory / "data")
        assert watch.all_end(timeout_s=1)
    assert not stop(directory / "data"), "nothing is running any more"


def test_addresses_given_replace_servers(directory: Path) -> None:
    with EmbeddedServers(directory / "data", settings=settings_with()) as servers:
        assert servers.keeper_pid is None
        assert servers.postgres_url == ELSEWHERE["postgres"]
    with EmbeddedServers(directory / "data", settings=settings_with("redis")) as servers:
        assert set(servers.pids()) == {"redis"}
        assert servers.kafka_bootstrap == ELSEWHERE["kafka"]


def test_joining_for_a_server_that_is_not_kept_says_what_to_do(directory: Path) -> None:
    with (
        EmbeddedServers(directory / "data", settings=settings_with("redis")),
        pytest.raises(ServersUnavailable, match="without postgres.*make stop"),
    ):
        EmbeddedServers(directory / "data", settings=settings_with("redis", "postgres")).start()


def test_joining_with_another_secret_says_what_to_do(directory: Path) -> None:
    with (
        EmbeddedServers(directory / "data", settings=settings_with("redis")),
        pytest.raises(ServersUnavailable, match="another ONSALE_SECRET.*make stop"),
    ):
        EmbeddedServers(directory / "data", settings=settings_with("redis", secret="quite another one")).start()


async def test_postgres_follows_a_changed_secret(directory: Path) -> None:
    with EmbeddedServers(directory / "data", settings=settings_with("postgres", secret=None)) as servers:
        old_url, old_secret = servers.postgres_url, servers.secret
    with EmbeddedServers(directory / "data", settings=settings_with("postgres")) as servers:
        assert servers.postgres_url.split("@")[0] != old_url.split("@")[0]
        assert servers.secret != old_secret
        assert await run_sql(servers, "SELECT 1") == 1


def test_a_long_path_has_its_socket_elsewhere(directory: Path) -> None:
    data_dir = directory / ("long-" * 20) / "data"
    with EmbeddedServers(data_dir, settings=settings_with("redis")) as servers:
        assert ping(servers)
        elsewhere = socket_path(data_dir).parent
        assert elsewhere != data_dir
        assert elsewhere.is_dir()
        assert not (data_dir / "keeper.sock").exists()
    assert not elsewhere.exists()


def test_an_ephemeral_directory_goes_with_its_servers(directory: Path) -> None:
    with EmbeddedServers(directory / "data", settings=settings_with("redis"), ephemeral=True) as servers:
        assert ping(servers)
    assert not (directory / "data").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs Postgres as somebody else")
async def test_root_needs_no_open_home(directory: Path) -> None:
    closed = directory / "home"
    closed.mkdir(mode=0o700)
    with EmbeddedServers(closed / "data", settings=settings_with("postgres")) as servers:
        assert await run_sql(servers, "SELECT 1") == 1
        assert closed.stat().st_mode & 0o777 == 0o700
    assert fallback_data(closed / "data").exists()
    remove(closed / "data")
    assert not fallback_data(closed / "data").exists()
