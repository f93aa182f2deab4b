"""When a hold ends, somebody must say so: the allocator reads no clock, so the end of a hold is a command like others.

The worker remembers every live hold, warns shortly before its end, and proposes `ExpireHolds` once the end has come.
It owns nothing and decides nothing. A proposal that is early, late or doubled changes nothing (the allocator looks at
the reservation's version and at the log's time), so any number of workers may run and each may be killed at any moment:
the next one reads the live holds and goes on. What was proposed is proposed again each second until an outcome says
that the hold is over. So it is with the bookings of a show that is cancelled.
"""
