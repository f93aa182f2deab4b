"""A gate for other sites: lets in whoever has been called by the waiting room, and sends everybody else to the line.

ASGI middleware. It checks passes offline, so the site goes on while onsale is away:

    from onsale_gate import Gate

    app = Gate(app, room_url="https://tickets.example", show="shw_…", keys=["…"], paths=["/checkout"])

`keys` are printed by `onsale keys gate`. Whoever has one can make passes of this installation: guard them as you guard
passwords.
"""

from onsale_gate._middleware import Gate
from onsale_gate._passes import Admitted, PassWrong, read_pass

__all__ = ["Admitted", "Gate", "PassWrong", "read_pass"]
