"""What of a show can be had, and by whom: who decides and who only gives a quote ask the same functions.

Pure. Each asks a `Stock` (see `stock`): the decider's own, or what others have seen of it.
"""
