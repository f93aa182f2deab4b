"""Postgres, Redis and Apache Kafka for one machine, started by us and gone with us.

What this package promises:

- The three start in parallel, on free ports of 127.0.0.1, with passwords; nothing else is listened on.
- Per data directory there is one keeper process. It owns the servers, restarts one that dies, and stops all of them
  in order when its last client is gone, however that client ended.
- A keeper that is killed takes its servers with it (the kernel sends them a signal), so nothing is ever left behind;
  the next start recovers from whatever the data directory holds. Who runs `EmbeddedServers.watch()` starts them
  again at once.
- An address given in the environment (`ONSALE_POSTGRES_URL`, `ONSALE_REDIS_URL`, `ONSALE_KAFKA_BOOTSTRAP`) replaces
  that server; with all three given there is no keeper.
"""

from infra.embedded.servers import EmbeddedServers, ServersUnavailable, remove, stop

__all__ = ["EmbeddedServers", "ServersUnavailable", "remove", "stop"]
