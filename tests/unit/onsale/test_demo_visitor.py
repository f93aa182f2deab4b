"""Whoever looks on at a demo is told where, and the crowd waits for them."""

import io
import json
from collections.abc import Iterator

import pytest
from rich.console import Console

from onsale import demo_visitor
from onsale.crowd.http import Answer, HttpClient
from onsale.crowd.sale import Sale
from onsale.demo_visitor import Guest, print_links, somebody_joins, watch_the_stock

pytestmark = pytest.mark.anyio
URL, SHOW = "http://127.0.0.1:8000", "shw_0000000007"


class Server(HttpClient):
    """Answers what it was given, one after the other."""

    def __init__(self, answers: Iterator[dict[str, object]]) -> None:
        super().__init__("127.0.0.1", 1)
        self.answers = answers

    async def get_shared(self, path: str) -> Answer:
        return Answer(200, {}, json.dumps(next(self.answers)).encode())


def sale(answers: list[dict[str, object]]) -> Sale:
    return Sale(http=Server(iter(answers)), show=SHOW, venue="ven_1", places=20, seed=1)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo_visitor, "LOOK_EVERY_S", 0)


def line(issued: int) -> dict[str, object]:
    return {"lines": {"general": {"issued": issued}}}


def printed(guest: Guest | None) -> str:
    console = Console(file=io.StringIO(), highlight=False, width=40)
    print_links(console, URL, SHOW, guest)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_demo_says_where_to_look_and_whom_to_sign_in_as() -> None:
    said = printed(Guest("demo@example.org", "a password"))
    for path in ("/", f"/room/{SHOW}", f"/console?show={SHOW}", "/partners"):
        assert f"{URL}{path}\n" in said
    assert "demo@example.org with the password a password\n" in said
    assert "onsale admin create" in printed(None)


async def test_the_crowd_comes_once_somebody_has_joined() -> None:
    assert await somebody_joins(sale([line(0), line(0), line(1)]))


async def test_it_does_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo_visitor, "LOOKS_MAX", 2)
    assert not await somebody_joins(sale([line(0), line(0)]))


async def test_the_sale_is_over_when_everything_is_booked_by_whomever() -> None:
    watched = sale([{"booked_seats": booked} for booked in (0, 18, 20)])
    await watch_the_stock(watched)
    assert watched.over.is_set()
    assert list(watched.http.answers) == []  # type: ignore[attr-defined]  # it is a Server
