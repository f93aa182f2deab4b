"""Who comes while the event loop is busy is let in within a few of its turns, not one in each."""

import asyncio
import socket
from contextlib import ExitStack

import uvloop
from starlette.types import Receive, Scope, Send

from runtime.http import ACCEPTS_A_TURN, HttpServer, listen

COMERS = 10 * ACCEPTS_A_TURN
TURNS_MAX = 12
"""Ten would do."""


async def room(_scope: Scope, _receive: Receive, _send: Send) -> None:
    """Nobody asks for anything."""


async def turns_until_all_are_in() -> int:
    started = asyncio.Event()
    listener = listen("127.0.0.1", 0)
    server = HttpServer(room, listener, started.set)
    running = asyncio.create_task(server.run_until_told())
    await started.wait()
    try:
        with ExitStack() as stack:
            # Without giving the loop a turn, as if it were busy with something else.
            for _ in range(COMERS):
                stack.enter_context(socket.create_connection(listener.getsockname()))
            turns = 0
            while len(server.server_state.connections) < COMERS and turns < COMERS:
                turns += 1
                await asyncio.sleep(0)
            return turns
    finally:
        await server.stop(running)
        listener.close()


def test_a_crowd_at_the_door_is_let_in_many_at_a_time() -> None:
    # On the event loop that processes run on: the accepting is its doing.
    assert uvloop.run(turns_until_all_are_in()) <= TURNS_MAX
