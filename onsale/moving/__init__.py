"""`onsale move`: a partition whose shows are over goes from one cluster of Postgres into another, with all its rows.

What moves is the whole partition, since its batches are one chain: a show cannot leave it without breaking that. At no
moment can the partition be decided in two places: its cursor is fenced where it was before anything is copied, and can
be claimed where it goes only once it is no more where it was. A move that was cut off is finished by the same command.
"""
