"""Whatever a client says, it is answered, or its own socket is closed; nothing else happens."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from notifier.frames import KINDS, Unreadable, read_client_frame
from notifier.ports import Limits
from tests.unit.notifier.house import ADMIN_KEY, PASS, House
from tests.unit.notifier.theatre import SHOW
from ticketing.problems import PROBLEMS
from ticketing.vocabulary import reservation_text, show_text

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from([*KINDS]) | ANYTHING,
        "id": st.text(max_size=120) | ANYTHING,
        "token": st.sampled_from([PASS, ADMIN_KEY, "osk_live_x", "a.b.c"]) | ANYTHING,
        "resume": st.fixed_dictionaries({"after_seq": st.integers(-2, 9) | ANYTHING}) | ANYTHING,
        "bbox": st.lists(st.floats(), min_size=3, max_size=5) | ANYTHING,
        "key": st.text(max_size=5) | ANYTHING,
        "reservation": st.just(reservation_text(SHOW, bytes(16))) | ANYTHING,
        "body": st.fixed_dictionaries(
            {"show": st.just(show_text(SHOW)) | ANYTHING}, optional={"seats": st.lists(st.sampled_from(["A-1", "x"]))}
        )
        | ANYTHING,
    },
)
FRAMES = (
    FIELDS.map(lambda fields: json.dumps(fields).encode())
    | st.binary(max_size=60)
    | ANYTHING.map(lambda value: json.dumps(value).encode())
)


@settings(max_examples=400)
@given(FRAMES)
def test_any_bytes_are_a_frame_or_a_reason_why_not(raw: bytes) -> None:
    said = read_client_frame(raw)
    if isinstance(said, Unreadable):
        assert said.code in PROBLEMS


@settings(max_examples=60)
@given(st.lists(FRAMES, max_size=12))
def test_no_frame_does_any_harm(frames: list[bytes]) -> None:
    house = House(Limits(client_frames_burst=1_000))
    bystander, who = house.enters(), house.enters()
    house.says(bystander, '{"type":"hello"}')
    for raw in frames:
        if who[2].closed is None:
            house.hears(who, raw)
    house.sweeps_after(1_000)
    for frame in who[2].told("error"):
        assert frame["data"]["code"] in PROBLEMS
    house.happens(house.sale.hold("ent_ben", [0]))
    assert bystander[2].told()[-1]["type"] == "seat_status_changed"
    assert house.says(bystander, '{"type":"ping"}') == ["pong"]
