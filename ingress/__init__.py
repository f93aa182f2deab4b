"""The HTTP door of the sale: `/api/*`.

What it promises: a request that is refused here never reached the log; a request that reached the log has exactly one
verdict, found by waiting, by asking again with the same key, or by its request id. It keeps no stock and no keys of its
own: the catalogue and contact data are its tables, everything else it says was read from the log's outcomes.
Losing is an answer (409), bad input is an answer (4xx), and broken machinery says when to come back (503).
"""
