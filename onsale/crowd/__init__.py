"""Simulated fans with different habits, who know nothing but the public doors: HTTP and websockets.

Nothing of ours is imported here but the words of the sale, and no client of Kafka, Postgres or Redis (a house test).
`habits.py` is what they mean to do, drawn from a seed; `fan.py` is one of them doing it; `tally.py` is what came of it.
"""
