"""How fast it is, asked one question a file: `python -m bench`, or `python -m bench.allocator --quick`.

What this package promises: a gate is a ratio, or CPU time, of rounds that were interleaved in one run on one machine,
so that a slow hour slows both sides; absolute rates stand beside them with the machine's foreign load and gate only at
a low "must". Every rate counts committed outcomes that were checked in the tables afterwards. Lines of JSON go to
standard output and to `bench/results.jsonl`; `docs/performance.md` says what the figures mean.

Read in this order: `measuring.py` (a line, a round, CPU time), `site.py` (servers, rooms as processes, a show to sell),
`running.py` (what all benches do around their question), `allocator.py` with `backlog.py`, `one_by_one.py` and
`batch_cost.py`; `pipeline.py` with `sale.py` (what the crowd sends), `driving.py` and `load.py` (a closed loop) and
`one_by_one_http.py`; then those that ask by a schedule (`open_load.py`): `latency.py`, `shedding.py`, `expiry.py`,
`stages.py`, `sockets.py` with `watching.py` and `raw_fanout.py`; and `mixed.py`.
`pages.py` with `chromium.py` and `tracing.py` asks a browser.
"""
