"""onsale beside another ticket shop, on the same machine, servers and client: `make peers`, or `python -m bench.peers`.

What this package promises: both are asked for the same thing (one place, sold to one buyer, in one request of the call
that each documents for it), by the same client, over the same number of connections, from the same Postgres, by turns.
What was sold is counted in the tables of each. The other shop is installed from its own lock into a directory of its
own in the cache; nothing of onsale depends on it, and nothing of it is in this repository.

Read in this order: `plan.py` (which trials, in which order), `judging.py` (what a trial's attempts come to, and whether
the tables agree), `crowd.py` (the client), `shops.py` (what is asked of a shop), `ours.py` and `pretix.py` (the two),
`__main__.py`. `docs/comparison.md` says what was compared, what was not, and what came out.
"""
