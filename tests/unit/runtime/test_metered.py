"""What is counted of a room's requests: by endpoint and status, never by path."""

import httpx
import pytest
from prometheus_client import REGISTRY
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from runtime.metered import Meter, metered


async def show(request: Request) -> PlainTextResponse:
    if request.path_params["name"] == "broken":
        raise RuntimeError("on purpose")
    return PlainTextResponse("seen", status_code=201)


def counted(room: str, call: str, status: str) -> float | None:
    return REGISTRY.get_sample_value("runtime_http_requests_total", {"room": room, "call": call, "status": status})


async def test_requests_are_counted_by_endpoint_and_status_and_timed() -> None:
    app = metered(Starlette(routes=[Route("/shows/{name}", show)]), Meter("hall"))
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://here") as http:
        for path in ("/shows/a", "/shows/b", "/shows/broken", "/elsewhere/1", "/elsewhere/2"):
            await http.get(path)
    assert counted("hall", "show", "201") == 2
    assert counted("hall", "show", "500") == 1
    assert counted("hall", "none", "404") == 2
    assert REGISTRY.get_sample_value("runtime_http_bugs_total", {"room": "hall"}) == 1
    timed = REGISTRY.get_sample_value("runtime_http_request_seconds_count", {"room": "hall", "call": "show"})
    assert timed == 3


async def test_who_left_before_an_answer_began_is_no_error_of_ours() -> None:
    async def silent(_scope: Scope, _receive: Receive, _send: Send) -> None:
        return

    async def nothing() -> Message:
        return {"type": "http.disconnect"}

    async def unsent(_message: Message) -> None:
        pytest.fail("nothing was to be said")

    await metered(silent, Meter("quiet"))({"type": "http", "path": "/"}, nothing, unsent)
    assert counted("quiet", "none", "499") == 1
    await metered(silent, Meter("quiet"))({"type": "websocket", "path": "/"}, nothing, unsent)
    assert counted("quiet", "none", "499") == 1
