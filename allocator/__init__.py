"""The allocator: the single decider of each partition.

It takes whatever is queued on its partition of `commands`, decides all of it in memory, writes it with one call of
`apply_batch()`, and then publishes what was decided. Postgres is the only judge of what happened: a process that was
replaced learns so from the cursor, drops its memory and leaves. No seat is ever in two hands, whatever dies when.

Read in this order: `seating.py` (what is decided, with `holding.py` and `keeping.py`), `stock.py` (what is known),
`netting.py` (what is written), `service.py` (the desk of one partition), `ownership.py` (who owns which partition),
then the edges `store.py`, `log.py` and `office.py`, which runs the desks.
"""
