"""Everything of `onsale up` that answers HTTP and sockets, in one process; several such processes may share a port.

A connection may ask for pages, the API and a socket one after the other, so whichever process the kernel gives it to
must have all of them: rooms without a state of their own, or with one that they share through Redis and the log.
"""
