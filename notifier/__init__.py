"""Everybody who watches a show hears what happens to it, and each person what became of their own wishes.

One websocket per watcher. Public frames carry the show's sequence numbers without a gap; all sockets that are in step
get one and the same prebuilt frame. A socket has no queue of public frames, only the number that it has been sent: one
that reads too slowly is sent, when it can take more, what changed since that number, or a snapshot when that is too
long ago, and is closed when it takes nothing at all. So a slow one costs the others nothing and memory is bounded.
Personal frames carry the id of their event and are sent again after a reconnect: at least once, to be told apart by
that id.

Read in this order: `audience.py` (who hears what), `merging.py` (many changes into one), `recall.py` (what somebody
missed), `frames.py` and `bodies.py` (what is said), `hall.py` (one show and its watchers), `service.py` (all shows),
then the edges `store.py`, `wire.py`, `sockets.py` and `loop.py`.
"""
