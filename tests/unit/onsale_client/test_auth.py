"""Keys become tokens, which are renewed before they end; what is refused is told."""

import json
from collections.abc import Iterator

import httpx
import pytest

from onsale_client import Client, Patience, Refused
from onsale_client._auth import ExchangedKey

URL = "http://sale.example"


class House:
    """A server that hands out numbered tokens of an hour and knows which are good."""

    def __init__(self) -> None:
        self.now = 0.0
        self.made = 0
        self.good: set[str] = set()
        self.key_is_good = True
        self.bodies: list[dict[str, object]] = []

    def answer(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/api/auth/token":
            self.bodies.append(json.loads(request.content))
            if not self.key_is_good:
                return httpx.Response(401, json={"code": "key_revoked", "status": 401})
            self.made += 1
            self.good.add(f"token-{self.made}")
            return httpx.Response(200, json={"token": f"token-{self.made}", "expires_in": 3600})
        said = request.headers.get("authorization", "").removeprefix("Bearer ")
        if said in self.good:
            return httpx.Response(200, json={"said": said})
        return httpx.Response(401, json={"code": "token_expired", "status": 401})


@pytest.fixture
def house() -> House:
    return House()


@pytest.fixture
def http(house: House) -> Iterator[httpx.Client]:
    auth = ExchangedKey(httpx.URL(f"{URL}/api/auth/token"), "osk_live_x", ["read"], clock=lambda: house.now)
    with httpx.Client(base_url=URL, auth=auth, transport=httpx.MockTransport(house.answer)) as http:
        yield http


def test_a_key_is_exchanged_once_with_the_permissions_named(house: House, http: httpx.Client) -> None:
    assert [http.get("/x").json()["said"] for _ in range(3)] == ["token-1"] * 3
    assert house.bodies == [{"api_key": "osk_live_x", "permissions": ["read"]}]


def test_a_token_is_renewed_before_it_ends(house: House, http: httpx.Client) -> None:
    http.get("/x")
    house.now = 3600 - 61
    assert http.get("/x").json()["said"] == "token-1"
    house.now = 3600 - 59
    assert http.get("/x").json()["said"] == "token-2"


def test_a_token_that_ended_early_is_renewed_and_the_request_sent_again(house: House, http: httpx.Client) -> None:
    http.get("/x")
    house.good.clear()
    assert http.get("/x").json()["said"] == "token-2"


def test_a_key_that_was_revoked_is_told_to_the_caller(house: House) -> None:
    house.key_is_good = False
    with (
        httpx.Client(transport=httpx.MockTransport(house.answer)) as http,
        Client(URL, api_key="osk_live_x", patience=Patience(total_s=1), http=http) as client,
        pytest.raises(Refused) as refused,
    ):
        client.event("shw_1")
    assert refused.value.code == "key_revoked"


def test_a_key_and_a_token_are_one_too_many() -> None:
    with pytest.raises(ValueError, match="either"):
        Client(URL, api_key="a", token="b")
