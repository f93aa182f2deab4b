"""Which rooms have a face."""

from collections.abc import Sequence
from functools import partial

import ingress.__main__
import ingress.settings
import notifier.__main__
import notifier.settings
import payments.sandbox.__main__
import payments.settings
import waiting_room.__main__
import waiting_room.settings
import web.__main__
import web.settings
from payments.sandbox.client import NAME as SANDBOX
from runtime.process import OpenRoom


def front_rooms() -> Sequence[OpenRoom]:
    """Each of them, with its settings from the environment; the sandbox where it is the payment provider."""
    paying = payments.settings.PaymentSettings()
    sandbox = [partial(payments.sandbox.__main__.open_room, paying)] if paying.payment_provider == SANDBOX else []
    return [
        partial(waiting_room.__main__.open_room, waiting_room.settings.Settings()),
        partial(ingress.__main__.open_room, ingress.settings.Settings()),
        partial(notifier.__main__.open_room, notifier.settings.NotifierSettings()),
        *sandbox,
        partial(web.__main__.open_room, web.settings.Settings()),
    ]
