"""Which rooms have a face."""

from collections.abc import Sequence
from functools import partial

import ingress.__main__
import ingress.settings
import notifier.__main__
import notifier.settings
import waiting_room.__main__
import waiting_room.settings
import web.__main__
import web.settings
from runtime.process import OpenRoom


def front_rooms() -> Sequence[OpenRoom]:
    """Each of them, with its settings from the environment."""
    return [
        partial(waiting_room.__main__.open_room, waiting_room.settings.Settings()),
        partial(ingress.__main__.open_room, ingress.settings.Settings()),
        partial(notifier.__main__.open_room, notifier.settings.NotifierSettings()),
        partial(web.__main__.open_room, web.settings.Settings()),
    ]
