"""Log lines of a room: structlog and the standard library through one formatter, to standard error."""

import logging
import sys
from collections.abc import Iterator
from typing import TextIO

import asyncpg
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

DETAIL = "\nDETAIL:"
"""Begins what Postgres adds to an error: the very row or value that it did not take."""


class _Handler(logging.StreamHandler[TextIO]):
    """Ours, so that configuring again replaces it and leaves others alone."""


def configure(level: str = "info", json: bool = True, stream: TextIO | None = None) -> None:
    """Send everything that is logged in this process to `stream` (standard error), one line an event.

    `level` is debug, info, warning or error. Secrets stay out because settings hold them as `SecretStr`, whose repr
    is stars; do not log `get_secret_value()`. People's data stay out because of what Postgres says of an error only
    the message is kept, not the row.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        _without_rows,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    finish: list[Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if json:
        # Without local variables: among them are passwords, and addresses with passwords in them.
        frames = structlog.tracebacks.ExceptionDictTransformer(show_locals=False, max_frames=20)
        finish += [structlog.processors.ExceptionRenderer(frames), structlog.processors.JSONRenderer()]
    else:
        finish += [
            structlog.dev.ConsoleRenderer(
                colors=(stream or sys.stderr).isatty(), exception_formatter=structlog.dev.plain_traceback
            )
        ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = _Handler(stream or sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=finish))
    root = logging.getLogger()
    for old in [old for old in root.handlers if isinstance(old, _Handler)]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level.upper())
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    # Several lines each tenth of a second while a broker is away; runtime.kafka says it once.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL if root.level > logging.DEBUG else logging.DEBUG)
    # uvicorn announces each start and stop at info, which the process says in its own words; httpx each request.
    for name in ("uvicorn.error", "httpx"):
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))


def _without_rows(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Leave out the rows that Postgres quotes, in texts and in the exceptions that are about to be rendered."""
    for name, value in event.items():
        if isinstance(value, str) and DETAIL in value:
            event[name] = value.partition(DETAIL)[0]
    given = event.get("exc_info")
    if given:
        error = (
            given if isinstance(given, BaseException) else (given if isinstance(given, tuple) else sys.exc_info())[1]
        )
        for link in _chain(error, set()):
            if isinstance(link, asyncpg.PostgresError):
                link.detail = None
    return event


def _chain(error: BaseException | None, seen: set[int]) -> Iterator[BaseException]:
    """An exception, and all that it came from or is made of."""
    if error is None or id(error) in seen:
        return
    seen.add(id(error))
    yield error
    parts = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
    for part in (error.__cause__, error.__context__, *parts):
        yield from _chain(part, seen)
