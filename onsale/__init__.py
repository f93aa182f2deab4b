"""The command line of onsale: a sale on one machine, its proof, and a crowd to try it.

It promises that one command brings everything up and that the end of that command, however it ends, brings everything
down; and that `verify` judges a sale by nothing but what Postgres holds. It is the only code that may import every
room; the crowd (`onsale.crowd`) knows none of them and meets the sale at its public doors.
"""
