"""Which rooms have a face."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import ingress.__main__
import ingress.settings
import notifier.__main__
import notifier.settings
import onsale.dev_mail.settings
import payments.sandbox.__main__
import payments.settings
import staff.__main__
import staff.settings
import waiting_room.__main__
import waiting_room.settings
import web.__main__
import web.settings
from onsale.dev_mail.pages import PREFIX, dev_mail_app
from payments.sandbox.client import NAME as SANDBOX
from runtime.process import OpenRoom, RunningRoom


def front_rooms() -> Sequence[OpenRoom]:
    """Each of them, with its settings from the environment; the sandbox where it is the payment provider, and the local
    mail where there is a directory for it."""
    paying = payments.settings.PaymentSettings()
    sandbox = [partial(payments.sandbox.__main__.open_room, paying)] if paying.payment_provider == SANDBOX else []
    letters = onsale.dev_mail.settings.DevMailSettings().dev_mail_dir
    mail = [partial(_open_dev_mail, Path(letters))] if letters else []
    return [
        partial(waiting_room.__main__.open_room, waiting_room.settings.Settings()),
        partial(ingress.__main__.open_room, ingress.settings.Settings()),
        partial(notifier.__main__.open_room, notifier.settings.NotifierSettings()),
        partial(staff.__main__.open_room, staff.settings.Settings()),
        *sandbox,
        *mail,
        partial(web.__main__.open_room, web.settings.Settings()),
    ]


@asynccontextmanager
async def _open_dev_mail(directory: Path) -> AsyncIterator[RunningRoom]:
    yield RunningRoom(name="dev mail pages", app=dev_mail_app(directory), prefixes=(PREFIX,))
