"""Faults on real servers: what is done to the sale, and what its callers and its tables say afterwards.

`python -m tests.faults` (`make faults`) runs every scenario at length, one JSON line each; `pytest tests/faults` has
the quick part. `proxy.py` breaks connections; `own_servers.py`, `postgres_pair.py` and `kafka_trio.py` are servers that
may be killed; `load.py` is the crowd (a process that knows the public API alone), `watching.py` those who watch over
websockets; `judge.py` compares what it was told with what the tables hold; `table.py` writes docs/reliability.md.
"""
