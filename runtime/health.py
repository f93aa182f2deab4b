"""What the process itself answers over HTTP, and which room answers the rest."""

from collections.abc import Callable, Mapping, Sequence

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

PROBES = ("/livez", "/readyz", "/metrics")


class ProcessApp:
    """`/livez` (200 while the event loop turns), `/readyz` (200, or 503 with each room's reasons), `/metrics`.

    `/readyz` also says what a room does without, though it serves: what is `degraded` takes nobody out of service.

    Everything else goes to the app with the longest prefix that fits: "/api" fits "/api" and "/api/…", "/" fits
    everything. The path is handed on unchanged. What fits none is a 404 problem (a refused socket).
    """

    def __init__(
        self,
        routes: Mapping[str, ASGIApp],
        reasons: Callable[[], dict[str, list[str]]],
        registry: CollectorRegistry = REGISTRY,
        degraded: Callable[[], dict[str, list[str]]] = dict,
    ) -> None:
        self._routes: Sequence[tuple[str, ASGIApp]] = sorted(
            ((prefix.rstrip("/"), app) for prefix, app in routes.items()), key=lambda route: -len(route[0])
        )
        self._reasons = reasons
        self._registry = registry
        self._degraded = degraded

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        if scope["type"] == "http" and path in PROBES:
            await self._probe(path, scope["method"])(scope, receive, send)
            return
        for prefix, app in self._routes:
            if path == prefix or path.startswith(prefix + "/"):
                await app(scope, receive, send)
                return
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
            return
        await _problem(404, "Not Found")(scope, receive, send)

    def _probe(self, path: str, method: str) -> Response:
        if method not in ("GET", "HEAD"):
            return _problem(405, "Method Not Allowed")
        if path == "/metrics":
            return Response(generate_latest(self._registry), headers={"content-type": CONTENT_TYPE_LATEST})
        if path == "/livez":
            return JSONResponse({"status": "alive"})
        reasons = {room: why for room, why in self._reasons().items() if why}
        degraded = {room: why for room, why in self._degraded().items() if why}
        status = "not ready" if reasons else "degraded" if degraded else "ready"
        said = {"status": status, "reasons": reasons, "degraded": degraded}
        return JSONResponse(said, status_code=503 if reasons else 200)


def _problem(status: int, title: str) -> Response:
    return JSONResponse(
        {"type": "about:blank", "title": title, "status": status},
        status_code=status,
        media_type="application/problem+json",
    )
