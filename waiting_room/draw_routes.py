"""`/room/{show}/draw…`: all that somebody needs who wants to check the draw."""

from collections.abc import AsyncIterator

from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from ticketing.clock import rfc3339
from ticketing.vocabulary import show_text
from waiting_room.answers import LineName, Refused, answer
from waiting_room.draw import BLOCK, EMPTY_LEAF, path_of
from waiting_room.draws import AFTER_ROOT_MS, Draw, DrawBook
from waiting_room.places import GENERAL, parse_entry
from waiting_room.ports import Line
from waiting_room.queues import Queue
from waiting_room.routes import entry_of_path, show_of
from waiting_room.service import WaitingRoom

ROOTS_SHOWN_MAX = 500
LEAVES_AT_ONCE = 8 * BLOCK
PUBLIC_CACHE = "public, max-age=5"
FOR_EVER = "public, max-age=31536000, immutable"
_LINE: TypeAdapter[str] = TypeAdapter(LineName)


class DrawRoutes:
    """What anybody may read of a draw."""

    def __init__(self, room: WaitingRoom, book: DrawBook) -> None:
        self._room = room
        self._book = book
        self._blocks: dict[Line, list[bytes]] = {}

    def routes(self) -> list[BaseRoute]:
        """What they answer."""
        return [
            Route("/room/{show}/draw", self.draw, methods=["GET"]),
            Route("/room/{show}/draw/leaves", self.leaves, methods=["GET"]),
            Route("/room/{show}/draw/proof/{entry}", self.proof, methods=["GET"]),
        ]

    async def draw(self, request: Request) -> Response:
        """The draw of each line as far as it has come, with the roots that were published on the way."""
        show, queues = await self._queues(request)
        lines = {}
        for name, queue in sorted(queues.items()):
            if queue.draw is not None:
                roots = await self._book.roots(queue.line, ROOTS_SHOWN_MAX)
                lines[name] = as_json(queue.draw) | {
                    "roots": [{"size": root.size, "at": rfc3339(root.at_ms), "root": root.root.hex()} for root in roots]
                }
        body: dict[str, object] = {
            "show": show_text(show),
            "rule": "place = 1 + permuted(seed, size, n - 1); seed = HKDF-SHA256(beacon value, root, size); the value "
            "is that of the first round at least 30 s after the root; see docs/draw.md",
            "lines": lines,
        }
        return answer(body, headers={"Cache-Control": PUBLIC_CACHE})

    async def leaves(self, request: Request) -> Response:
        """Every leaf of a sealed line (`?line=`), 32 bytes each, in the order of the numbers."""
        queue = await self._sealed(request)
        draw = queue.draw
        assert draw is not None and draw.size is not None
        headers = {"Cache-Control": FOR_EVER, "Content-Length": str(32 * draw.size)}
        stream = self._all_leaves(queue.line, draw.size)
        return StreamingResponse(stream, media_type="application/octet-stream", headers=headers)

    async def _all_leaves(self, line: Line, size: int) -> AsyncIterator[bytes]:
        for start in range(0, size, LEAVES_AT_ONCE):
            yield b"".join(await self._between(line, start, min(start + LEAVES_AT_ONCE, size)))

    async def _between(self, line: Line, start: int, end: int) -> list[bytes]:
        """The leaves of numbers start + 1 to end."""
        kept = dict(await self._book.leaves_after(line, start, end, end - start))
        return [kept.get(n, EMPTY_LEAF) for n in range(start + 1, end + 1)]

    async def proof(self, request: Request) -> Response:
        """That an entry is in the draw of a line (`?line=`): its number, its leaf and the nodes up to the root."""
        queue = await self._sealed(request)
        draw = queue.draw
        assert draw is not None and draw.size is not None and draw.root is not None
        row = await self._book.entry(queue.line, parse_entry(entry_of_path(request)))
        if row is None or row.n > draw.size:
            raise Refused("not_found", "this entry is not in the draw")
        blocks = self._blocks.get(queue.line)
        if blocks is None:
            blocks = self._blocks[queue.line] = await self._book.blocks(queue.line)
        index = row.n - 1
        block = index // BLOCK
        leaves = await self._between(queue.line, block * BLOCK, min((block + 1) * BLOCK, draw.size))
        path = path_of(leaves, index % BLOCK) + path_of(blocks, block)
        return answer(
            {
                "show": show_text(queue.line.show),
                "line": queue.line.name,
                "entry": request.path_params["entry"],
                "n": row.n,
                "place": draw.place(row.n),
                "leaf": row.leaf.hex(),
                "index": index,
                "size": draw.size,
                "path": [node.hex() for node in path],
                "root": draw.root.hex(),
            }
        )

    async def _queues(self, request: Request) -> tuple[int, dict[str, Queue]]:
        show = show_of(request)
        room = await self._room.room(show)
        if room is None:
            raise Refused("show_not_found", "no show has this id")
        return show, room.queues

    async def _sealed(self, request: Request) -> Queue:
        _, queues = await self._queues(request)
        try:
            name = _LINE.validate_python(request.query_params.get("line", GENERAL))
        except ValidationError as error:
            raise Refused("invalid_request", "no line has such a name") from error
        queue = queues.get(name)
        if queue is None or queue.draw is None:
            raise Refused("not_found", "this line has no draw: whoever came first is first")
        if queue.draw.root is None:
            raise Refused("not_found", "the draw is not sealed yet")
        return queue


def as_json(draw: Draw) -> dict[str, object]:
    """A draw as it is published; null is what is not known yet."""
    word = draw.word
    return {
        "state": draw.state,
        "source": draw.source,
        "commitment": draw.commitment.hex(),
        "size": draw.size,
        "closed_at": _time(draw.closed_at_ms),
        "root": _hex(draw.root),
        "sealed_at": _time(draw.sealed_at_ms),
        "beacon_due_at": None if draw.sealed_at_ms is None else rfc3339(draw.sealed_at_ms + AFTER_ROOT_MS),
        "beacon": word
        and {
            "source": word.beacon,
            "round": word.round,
            "value": word.value.hex(),
            "independent": word.independent,
            "note": word.note,
        },
        "seed": _hex(draw.seed),
        "drawn_at": _time(draw.drawn_at_ms),
    }


def _hex(value: bytes | None) -> str | None:
    return None if value is None else value.hex()


def _time(at_ms: int | None) -> str | None:
    return None if at_ms is None else rfc3339(at_ms)
