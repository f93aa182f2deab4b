"""Layouts as they are sent: everything that is wrong with one is said at once and in its place, what is odd is told and
kept; of one that is refused nothing is."""

from typing import Any

import msgspec
import pytest

from ingress import shown
from tests.unit.ingress.stage import ADMIN_KEY, Reply, Stage
from tests.unit.ingress.tales import VENUE
from ticketing.vocabulary import SEATS_PER_SHOW_MAX

pytestmark = pytest.mark.anyio

PATH = f"/api/admin/venues/{VENUE}/layout"
ONE = [{"name": "one", "price": 5000}]
FLOOR = {"label": "floor", "category": "one", "capacity": 10}


def hall(*seats: dict[str, Any], category: str | None = "one", **more: Any) -> dict[str, Any]:
    """A floor for ten, and one row of these seats, if any; they stand apart unless they say where."""
    placed = [{"label": f"A-{n}", "x": 60 * n, "y": 50} | seat for n, seat in enumerate(seats, 1)]
    row: dict[str, Any] = {"label": "A", "seats": placed}
    if category is not None:
        row["category"] = category
    sections = [{"name": "stalls", "rows": [row]}] if seats else []
    return {"categories": ONE, "areas": [FLOOR], "sections": sections, **more}


def table(label: str, x: int = 300, **more: Any) -> dict[str, Any]:
    return {"label": label, "x": x, "y": 300, "seats": 8, "category": "one", **more}


async def put(stage: Stage, body: dict[str, Any], target: str = PATH) -> Reply:
    return await stage.call("PUT", target, body, token=ADMIN_KEY)


def named(lines: list[dict[str, str]]) -> list[tuple[str, str]]:
    return [(line["pointer"], line["code"]) for line in lines]


SEAT = "/sections/0/rows/0/seats"
ERRORS = [
    (hall({}, {"label": "A-1"}), (f"{SEAT}/1/label", "duplicate_label")),
    (hall(tables=[table("floor")]), ("/areas/0/label", "duplicate_label")),
    (hall(categories=[*ONE, *ONE]), ("/categories", "duplicate_name")),
    (hall({}, category=None), (f"{SEAT}/0/category", "no_category")),
    (hall(tables=[table("T1", category=None)]), ("/tables/0/category", "no_category")),
    (hall({"category": "gold"}), (f"{SEAT}/0/category", "unknown_category")),
    (hall(areas=[FLOOR | {"category": "gold"}]), ("/areas/0/category", "unknown_category")),
    (hall({"companion_of": "nobody"}), (f"{SEAT}/0/companion_of", "companion_of_no_seat")),
    (hall({"companion_of": "A-1"}), (f"{SEAT}/0/companion_of", "companion_of_itself")),
    (hall(areas=[FLOOR, FLOOR | {"label": "pit", "capacity": 0}]), ("/areas/1/capacity", "no_capacity")),
    ({"rows": 2000, "seats_per_row": 101}, ("/rows", "too_many_places")),
    ({"rows": 3, "seats_per_row": 3}, ("", "places_out_of_range")),
    (hall({}, areas=[FLOOR | {"capacity": SEATS_PER_SHOW_MAX}]), ("", "places_out_of_range")),
    (hall(areas=[FLOOR | {"capacity": 150_000}, FLOOR | {"label": "pit", "capacity": 50_001}]),
     ("", "places_out_of_range")),
]  # fmt: skip


@pytest.mark.parametrize(("body", "error"), ERRORS, ids=lambda it: it[1] if isinstance(it, tuple) else "")
async def test_what_cannot_be_sold_from_is_refused_in_its_place(body: dict[str, Any], error: tuple[str, str]) -> None:
    stage = Stage()
    for target in (PATH, f"{PATH}?validate_only=true"):
        reply = await put(stage, body, target)
        assert (reply.status, reply.body["code"]) == (422, "layout_invalid")
        assert named(reply.body["errors"]) == [error]
    assert len(stage.catalogue.layouts) == 1, "the one that was there"


async def test_all_that_is_wrong_is_said_in_one_answer_and_no_more_than_fifty_lines_of_it() -> None:
    body = hall({}, {"label": "A-1"}, {"companion_of": "Z"}, areas=[FLOOR | {"category": "b"}, FLOOR])
    assert named((await put(Stage(), body)).body["errors"]) == [
        (f"{SEAT}/1/label", "duplicate_label"),
        ("/areas/0/category", "unknown_category"),
        ("/areas/1/label", "duplicate_label"),
        (f"{SEAT}/2/companion_of", "companion_of_no_seat"),
    ]
    same = await put(Stage(), hall(*[{"label": "A"}] * 80))
    assert len(same.body["errors"]) == 50


async def test_too_few_places_are_told_in_words_with_how_many_a_show_has() -> None:
    reply = await put(Stage(), {"rows": 3, "seats_per_row": 3})
    assert reply.body["detail"] == "a show has 10 to 200000 places"


WARNINGS = [
    (hall({}, {"x": 61}), (f"{SEAT}/1", "overlaps")),
    (hall({}, tables=[table("T1"), table("T2", x=330)]), ("/tables/1/seats", "overlaps")),
    (hall({}, {"x": 5000}), (f"{SEAT}/1", "outside_canvas")),
    (hall({"accessible": True}), (f"{SEAT}/0", "no_companion")),
    (hall({"accessible": True}, {"x": 900, "companion_of": "A-1"}), (f"{SEAT}/1", "companion_apart")),
    (hall({}, {"companion_of": "A-1"}), (f"{SEAT}/1", "companion_of_ordinary_seat")),
    (hall({}, categories=[*ONE, {"name": "gold", "price": 1}]), ("/categories/1", "unused_category")),
    (hall({}, sections=[{"name": "stalls", "rows": []}]), ("/sections/0", "empty_section")),
]


@pytest.mark.parametrize(("body", "warning"), WARNINGS, ids=lambda it: it[1] if isinstance(it, tuple) else "")
async def test_what_is_odd_is_told_and_kept_all_the_same(body: dict[str, Any], warning: tuple[str, str]) -> None:
    stage = Stage()
    reply = await put(stage, body)
    assert (reply.status, reply.body["version"]) == (200, 2)
    assert set(named(reply.body["warnings"])) == {warning}
    assert reply.body["warnings_total"] >= len(reply.body["warnings"]) > 0
    assert len(stage.catalogue.layouts) == 2


async def test_a_layout_without_fault_in_full_and_in_short() -> None:
    row = hall({"accessible": True}, {"companion_of": "A-1"}, {"rotation": 15, "width": 30, "number": 7})
    long = table("T2", x=600, shape="rectangle", width=160)
    full = await put(Stage(), row | {"tables": [table("T1", bookable="both"), long]})
    assert (full.status, full.body["warnings"]) == (200, [])
    assert [full.body[name] for name in ("seats", "tables", "areas", "total_seats")] == [19, 2, 1, 29]
    for short in ({"rows": 2, "seats_per_row": 5, "categories": ONE}, {"capacity": 10}):
        reply = await put(Stage(), short)
        assert (reply.status, reply.body["total_seats"], reply.body["warnings"]) == (200, 10, [])


@pytest.mark.parametrize("size", [{"capacity": 0}, {"capacity": 200_001}, {"rows": 0, "seats_per_row": 5}])
async def test_a_size_that_no_show_has(size: dict[str, int]) -> None:
    reply = await put(Stage(), size)
    assert (reply.status, reply.body["code"]) == (422, "layout_invalid")


async def test_a_layout_is_drawn_before_it_is_kept_as_its_seat_map_will_be() -> None:
    stage = Stage()
    table = {"label": "T1", "x": 300, "y": 80, "seats": 4, "category": "standard"}
    body = {"rows": 2, "seats_per_row": 3, "tables": [table]}
    drawn = (await put(stage, body, f"{PATH}?validate_only=true&drawn=true")).body["seat_map"]
    kept = (await put(stage, body)).body
    assert "seat_map" not in kept
    told = (await stage.call("GET", f"/api/venues/{VENUE}/seat-map?version={kept['version']}")).body
    # What is a default may be left out on either side.
    before, after = (msgspec.convert(one, shown.SeatMapAnswer) for one in (drawn, told))
    same = ("canvas", "categories", "sections", "tables", "areas", "total_seats", "venue")
    assert [getattr(before, name) for name in same] == [getattr(after, name) for name in same]
    assert (drawn["layout"], drawn["version"]) == ("", 0)


async def test_what_is_only_validated_is_kept_nowhere() -> None:
    stage = Stage()
    reply = await put(stage, {"capacity": 100}, f"{PATH}?validate_only=true")
    assert (reply.status, reply.body["total_seats"]) == (200, 100)
    assert "version" not in reply.body
    assert len(stage.catalogue.layouts) == 1
