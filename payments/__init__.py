"""Money, as rooms speak of it with a provider outside: how a payment is asked for, what a provider says of it, and how
it is given back.

A provider is a stranger who may be slow, away, or answer too late. So everything that is asked of one has a name that
makes asking twice the same as asking once; "no" is a value; and whatever else goes wrong is *unknown*, to be asked
again, never guessed at. What a payment does to a reservation is decided elsewhere (`allocator/paying.py`).
"""
