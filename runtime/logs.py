"""Log lines of a room: structlog and the standard library through one formatter, to standard error."""

import logging
import sys
from typing import TextIO

import structlog
from structlog.typing import Processor


def configure(level: str = "info", json: bool = True, stream: TextIO | None = None) -> None:
    """Send everything that is logged in this process to `stream` (standard error), one line an event.

    `level` is debug, info, warning or error. Secrets stay out because settings hold them as `SecretStr`, whose repr
    is stars; do not log `get_secret_value()`.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    finish: list[Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if json:
        finish += [structlog.processors.dict_tracebacks, structlog.processors.JSONRenderer()]
    else:
        finish += [structlog.dev.ConsoleRenderer(colors=(stream or sys.stderr).isatty())]
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
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=finish))
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level.upper())
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    # uvicorn announces each start and stop at info; the process says the same in its own words.
    logging.getLogger("uvicorn.error").setLevel(max(logging.WARNING, root.level))
