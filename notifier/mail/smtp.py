"""The mail server, by SMTP."""

import asyncio
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

import aiosmtplib

from notifier.mail.ports import MailAway, MailRefused

TIMEOUT_S = 20.0
PORTS = {"smtp": 25, "smtps": 465}


class Smtp:
    """A connection for each letter; TLS from the start with `smtps:`, and with `smtp:` where the server offers it."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in PORTS or not parts.hostname:
            raise ValueError("a mail server is named by smtp://HOST:PORT or smtps://USER:PASSWORD@HOST:PORT")
        self._host = parts.hostname
        self._port = parts.port or PORTS[parts.scheme]
        self._tls = parts.scheme == "smtps"
        self._user = unquote(parts.username) if parts.username else None
        self._password = unquote(parts.password) if parts.password else None

    async def send(self, letter: EmailMessage) -> None:
        """As in the port."""
        try:
            async with asyncio.timeout(2 * TIMEOUT_S):
                await aiosmtplib.send(
                    letter,
                    hostname=self._host,
                    port=self._port,
                    username=self._user,
                    password=self._password,
                    use_tls=self._tls,
                    timeout=TIMEOUT_S,
                )
        except aiosmtplib.SMTPRecipientsRefused as error:
            each = [refused.code for refused in error.recipients]
            raise _of(min(each, default=0), repr(error)) from error
        except aiosmtplib.SMTPAuthenticationError as error:
            # It is we who are wrong, not the letter: it waits until somebody has set the password right.
            raise MailAway(repr(error)) from error
        except aiosmtplib.SMTPResponseException as error:
            raise _of(error.code, repr(error)) from error
        except aiosmtplib.SMTPNotSupported as error:
            raise MailRefused(repr(error)) from error
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            raise MailAway(repr(error)) from error


def _of(code: int, said: str) -> MailAway | MailRefused:
    """By the first digit of the reply (RFC 5321, 4.2.1): 4 asks to come again, 5 will not have it."""
    return MailRefused(said) if 500 <= code < 600 else MailAway(said)
