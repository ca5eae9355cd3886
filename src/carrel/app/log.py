"""Where the program's own log goes: all of it as JSON lines into a bounded file, what somebody should see now to the terminal."""

import logging
from logging.handlers import RotatingFileHandler
from pathlib import Path

import structlog

from carrel.domain.errors import Unavailable

FILE_BYTES = 8 << 20
FILES_KEPT = 3


def configure_log(directory: Path, *, level: str, terminal_level: str) -> None:
    """Raises Unavailable when the file cannot be written."""
    logging.raiseExceptions = (
        False  # a full disk loses lines of the file; a stack trace for each would bury the terminal
    )
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    file = _file(directory / "carrel.log")
    file.setLevel(level.upper())
    file.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    terminal = logging.StreamHandler()
    terminal.setLevel(terminal_level.upper())
    terminal.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.dev.ConsoleRenderer(
                    pad_event_to=0,
                    exception_formatter=structlog.dev.plain_traceback,  # the rich one prints locals, and so secrets
                ),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [file, terminal]
    root.setLevel(level.upper())
    logging.getLogger("uvicorn.error").addFilter(_is_news)
    for chatty in ("httpx", "httpcore", "alembic", "asyncio"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def _is_news(record: logging.LogRecord) -> bool:
    """Not that a stranger's WebSocket message is no text: it is refused, and a stack trace for each would fill the log."""
    return not str(record.msg).startswith("Invalid UTF-8")


def _file(path: Path) -> RotatingFileHandler:
    try:
        return RotatingFileHandler(path, maxBytes=FILE_BYTES, backupCount=FILES_KEPT)
    except OSError as error:
        raise Unavailable(
            f"The log {path} cannot be written: {error.strerror}. Check who owns it, or choose another --state-dir."
        ) from error
