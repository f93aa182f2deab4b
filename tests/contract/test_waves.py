"""Passes that an operator takes back: what the room writes, ingress and notifier read, each as its own role."""

from ingress.waves import Waves
from notifier.store import PostgresStore
from runtime.clusters import Clusters
from runtime.postgres import open_pool, room_url
from tests.conftest import Database
from tests.contract.room_stores import NOW_MS, SHOW, fill_catalogue
from waiting_room.operating import Act
from waiting_room.room_table import PostgresRooms


async def test_ingress_and_notifier_follow_the_waves_of_the_rooms(database: Database) -> None:
    await fill_catalogue(database.url)
    async with (
        open_pool(
            room_url(database.url, "onsale_waiting_room", database.secret),
            min_size=1,
            max_size=2,
            application_name="test",
        ) as room,
        open_pool(
            room_url(database.url, "onsale_ingress", database.secret), min_size=1, max_size=2, application_name="test"
        ) as ingress,
        open_pool(
            room_url(database.url, "onsale_notifier", database.secret), min_size=1, max_size=2, application_name="test"
        ) as notifier,
    ):
        rooms, waves = PostgresRooms(room), Waves(ingress)
        current = waves.current
        await rooms.open_room(SHOW, NOW_MS)
        await waves.refresh()
        assert current == await PostgresStore(Clusters.alone(notifier)).waves() == {}
        for wave in (1, 2):
            await rooms.change_room(SHOW, Act("revoke-wave", "key_ops", "copied", revokes=True), NOW_MS)
            await waves.refresh()
            assert current == await PostgresStore(Clusters.alone(notifier)).waves() == {SHOW: wave}
