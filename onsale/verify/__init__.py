"""The history checker: is what happened what may happen, and is it what the tables say, and what clients were told?

It reads Postgres as a role that can only read, in one snapshot. `history.py` rebuilds each show from the log of
outcomes and judges every step of it; `tables.py` compares where that ends with what the tables hold; `reading.py`
fetches; `findings.py` collects. On request `replay.py` decides the log of commands again, `client_history.py` judges
what clients wrote down, and `archived.py` does all that can be done with the file that `archiving.py` wrote. Each check
has a name, and each name has a test that breaks one thing to see it.
"""
