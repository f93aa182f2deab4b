"""What happens is heard: by everybody what concerns places, by each person what concerns them."""

import asyncio
import secrets

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from runtime.kafka import BatchingProducer
from tests.acceptance.sale import Sale
from tests.acceptance.spectator import Spectator, spectator
from ticketing import topics
from ticketing.messages import RoomStatusNow, encode
from ticketing.vocabulary import parse_show

pytestmark = [pytest.mark.anyio, pytest.mark.own_shows]


async def test_everybody_sees_places_go_and_only_the_owner_hears_of_persons(sale: Sale) -> None:
    show = await sale.new_show(rows=2, seats_per_row=5)
    anna, ben = sale.fan(show["show"]), sale.fan(show["show"])
    async with spectator(sale, show) as public, spectator(sale, show) as annas, spectator(sale, show) as house:
        await public.hello()
        await annas.hello(anna)
        await house.hello(sale.admin_key)
        held = await sale.hold(show["show"], anna, "A-1", "A-2")
        lost = await sale.hold(show["show"], ben, "A-1")
        decided = await annas.until("request_decided")
        assert decided["data"]["request"] == held.body["request"]
        assert decided["data"]["outcome"]["reservation"] == held.body["reservation"]
        assert decided["data"]["outcome"]["seats"] == held.body["seats"]
        await sale.confirm(held.body["reservation"], anna)
        booked = await annas.until("booking_confirmed")
        assert (await house.until("booking_confirmed"))["id"] == booked["id"]
        await public.until_seq(booked["seq"])
        assert public.taken() == {"A-1": "booked", "A-2": "booked"}
        assert lost.status == 409
        personal = {frame["type"] for frame in public.heard} - {"welcome", "snapshot", "seat_status_changed"}
        assert personal == set()
        assert not [frame for frame in annas.heard if frame["data"].get("request") == lost.body["request"]]


async def test_who_was_away_goes_on_where_it_left_and_misses_nothing_of_its_own(sale: Sale) -> None:
    show = await sale.new_show(rows=2, seats_per_row=5)
    anna, ben = sale.fan(show["show"]), sale.fan(show["show"])
    async with spectator(sale, show) as first:
        await first.hello(anna)
        held = await sale.hold(show["show"], anna, "A-1")
        await first.until("request_decided")
        left_at = (await first.until("seat_status_changed"))["seq"]
        before = first.taken()
    await sale.confirm(held.body["reservation"], anna)
    await sale.hold(show["show"], ben, "B-1")
    await sale.hold(show["show"], anna, "B-1")
    async with spectator(sale, show) as again, spectator(sale, show) as newcomer:
        again.seats = dict(before)
        await again.hello(anna, after_seq=left_at)
        refused = await again.until("request_decided", status="rejected")
        assert refused["data"]["outcome"]["code"] == "seats_unavailable"
        await again.until_seq(left_at + 2)
        kinds = [frame["type"] for frame in again.heard]
        assert "snapshot" not in kinds, "the rest was enough"
        assert kinds.count("booking_confirmed") == 1
        await newcomer.hello()
        await newcomer.until("snapshot")
        assert again.taken() == newcomer.taken() == {"A-1": "booked", "B-1": "held"}


async def test_many_watchers_all_end_with_what_the_tables_say(sale: Sale) -> None:
    show = await sale.new_show(rows=10, seats_per_row=10)
    fans = [sale.fan(show["show"]) for _ in range(40)]
    labels = [f"{row}-{number}" for row in "ABCDEFGHIJ" for number in range(1, 11)]

    async def buy(fan: str) -> None:
        for _ in range(3):
            held = await sale.hold(show["show"], fan, *secrets.SystemRandom().sample(labels, 2))
            if held.status != 201:
                continue
            if secrets.randbelow(2):
                await sale.confirm(held.body["reservation"], fan)
            else:
                await sale.call("DELETE", f"/api/reservations/{held.body['reservation']}", token=fan)

    async with spectator(sale, show) as one, spectator(sale, show) as other:
        await asyncio.gather(one.hello(), other.hello(fans[0]))
        await asyncio.gather(*(buy(fan) for fan in fans))
        number = parse_show(show["show"])
        (state,) = await sale.rows("SELECT seq FROM show WHERE show_id = $1", number)
        await asyncio.gather(one.until_seq(state["seq"]), other.until_seq(state["seq"]))
        rows = await sale.rows("SELECT seat_no FROM seat_taken WHERE show_id = $1 ORDER BY seat_no", number)
        assert sorted(one.taken()) == sorted(labels[row["seat_no"]] for row in rows)
        assert one.taken() == other.taken()
        assert len(one.taken()) > 0


async def test_a_token_that_is_not_for_this_show_closes_the_socket(sale: Sale) -> None:
    show, other = await sale.new_show(capacity=20), await sale.new_show(capacity=20)
    for token, code in ((sale.fan(other["show"]), 4403), ("osk_live_made_up", 4401), ("rubbish", 4401)):
        async with spectator(sale, show) as one:
            with pytest.raises(ConnectionClosed):
                await one.hello(token)
            assert one.socket.close_code == code
            assert [frame["type"] for frame in one.heard] == ["error"]


async def test_places_are_held_and_given_back_by_socket_as_over_http(sale: Sale) -> None:
    show = await sale.new_show(rows=2, seats_per_row=5)
    anna, ben = sale.fan(show["show"]), sale.fan(show["show"])
    body = {"show": show["show"], "seats": ["A-1", "A-2"]}
    async with spectator(sale, show) as one, spectator(sale, show) as bens, spectator(sale, show) as partners:
        await one.hello(anna)
        await bens.hello(ben)
        await partners.hello(sale.partner_key)
        await one.say("hold", id="first", key="same", body=body)
        held = await one.until("request_decided", reply_to="first")
        assert held["data"]["status"] == "granted"
        over_http = await sale.hold(show["show"], anna, "A-1", "A-2", key="same")
        assert (over_http.status, over_http.headers["idempotent-replayed"]) == (201, "true")
        told = held["data"]["outcome"]
        assert over_http.body == told | {"request": over_http.body["request"]}, "one body, token and all"
        await one.say("hold", id="again", key="same", body=body)
        again = await one.until("request_decided", reply_to="again")
        assert again["data"]["replayed"]
        assert again["data"]["outcome"]["reservation"] == over_http.body["reservation"]
        await bens.say("hold", id="lost", key="b", body=body)
        lost = await bens.until("request_decided", reply_to="lost")
        assert lost["data"]["outcome"]["code"] == "seats_unavailable"
        assert [each["label"] for each in lost["data"]["outcome"]["conflicts"]] == ["A-1", "A-2"]
        await bens.say("release", id="stolen", reservation=over_http.body["reservation"])
        assert (await bens.until("request_decided", reply_to="stolen"))["data"]["outcome"]["code"] == "not_yours"
        await one.say("release", id="back", reservation=over_http.body["reservation"])
        assert (await one.until("request_decided", reply_to="back"))["data"]["outcome"]["status"] == "released"
        await partners.say("hold", id="p", key="p", body={"show": show["show"], "best": {"quantity": 3}})
        theirs = await partners.until("request_decided", reply_to="p")
        assert len(theirs["data"]["outcome"]["seats"]) == 3
        await bens.until_seq(theirs["seq"])
        assert len(bens.taken()) == 3
        taken = await sale.rows("SELECT 1 FROM seat_taken WHERE show_id = $1", parse_show(show["show"]))
        assert len(taken) == 3


async def test_who_held_by_socket_and_left_hears_what_became_of_it(sale: Sale) -> None:
    show = await sale.new_show(rows=2, seats_per_row=5)
    anna = sale.fan(show["show"])
    async with spectator(sale, show) as first:
        await first.hello(anna)
        await first.say("hold", id="h", key="k", body={"show": show["show"], "seats": ["A-1"]})
        held = await first.until("request_decided")
        await first.until_seq(held["seq"])
    reservation = held["data"]["outcome"]["reservation"]
    await sale.confirm(reservation, anna)
    async with spectator(sale, show) as again:
        await again.hello(anna, after_seq=held["seq"])
        again.seats = first.seats
        booked = await again.until("booking_confirmed")
        assert booked["data"]["outcome"]["reservation"] == reservation
        await again.until_seq(booked["seq"])
        assert again.taken() == {"A-1": "booked"}


async def test_who_waits_hears_what_the_waiting_room_says_each_second(sale: Sale) -> None:
    show = await sale.new_show(capacity=20)
    number = parse_show(show["show"])
    bootstrap = sale.environment["ONSALE_KAFKA_BOOTSTRAP"]
    topic = topics.ROOM_STATUS.full_name(sale.environment["ONSALE_TOPIC_PREFIX"])
    async with (
        BatchingProducer(bootstrap, topic, backlog_records_max=10, deadline_s=5, client_id="room") as log,
        connect(f"{sale.url.replace('http', 'ws', 1)}/ws/room/{show['show']}", max_queue=None) as socket,
    ):
        waits = Spectator(socket)
        await waits.hello()
        heard = asyncio.create_task(waits.until("serving"))
        serving = 0
        while not heard.done():
            # The notifier begins at the topic's end, and may not have found it when the first one is said.
            serving += 100
            said = RoomStatusNow(show=number, at_ms=serving, phase="open", serving=serving, issued=10_000)
            await log.send(0, encode(said))
            await asyncio.wait({heard}, timeout=0.2)
        first = heard.result()["data"]
        assert (first["phase"], first["issued"]) == ("open", 10_000)
        assert 0 < first["serving"] <= serving
        if first["serving"] < serving:
            await waits.until("serving", serving=serving)
        assert {frame["type"] for frame in waits.heard} == {"welcome", "serving"}
