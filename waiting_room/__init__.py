"""Who may buy next: everybody gets a place in line at once, and the line moves as fast as the sale can bear.

The promises: a number is given to one client only, and a client that asks again gets the same one; the place is in
the fan's own signed ticket, so it survives whatever the servers forget; the line is served in order and never goes
back; a pass, once claimed, is the same for every tab and every retry. Any number of instances may run, none of them is
in charge, and each may be killed at any moment: what they share is a few counters in Redis, moved by scripts only, and
the numbers reserved ahead in Postgres, above which the counters start again when Redis has lost its memory.
"""
