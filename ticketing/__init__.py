"""The shared words of onsale: pure values and rules that every room speaks, with no input or output.

Nothing here imports another package of ours, a client library or asyncio, and only `clock.py` reads the time.
"""
