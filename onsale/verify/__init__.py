"""The history checker: is what happened what may happen, and is it what the tables say?

It reads Postgres alone, as a role that can only read, in one snapshot. `history.py` rebuilds each show from the log of
outcomes and judges every step of it; `tables.py` compares where that ends with what the tables hold; `reading.py`
fetches; `findings.py` collects. Each check has a name, and each name has a test that breaks one thing to see it.
"""
