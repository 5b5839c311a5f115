"""Structured logs: a logger is a chain of plain callables ended by a renderer, and a line is one JSON object.

Lines have Powertools' keys in Powertools' order. Keys bound with ``bind`` belong to the current request or record.
``processors``, ``renderers`` and ``context`` hold the parts.

https://docs.powertools.aws.dev/lambda/python/latest/core/logger/
"""

from collections.abc import Iterable
from typing import TextIO

from lambdaframe.logging.configuration import PROCESS, RendererChoice, changed
from lambdaframe.logging.context import bind, bound, fresh_keys, unbind
from lambdaframe.logging.loggers import Logger
from lambdaframe.logging.processors import Processor
from lambdaframe.logging.stdlib import install

logger = Logger(PROCESS)
"""The application's logger."""


def get_logger(name: str) -> Logger:
    """A logger whose lines say its name under ``logger``."""
    return logger.bind(logger=name)


def configure(
    *,
    level: str | int | None = None,
    service: str | None = None,
    renderer: RendererChoice | None = None,
    processors: Iterable[Processor] | None = None,
    redact: Iterable[str] | None = None,
    stream: TextIO | None = None,
) -> None:
    """Change how lines are written in this process, from the next line on. What is not given stays as it is.

    ``level``: the lowest that is written. ``service``: the line's ``service``. ``renderer``: ``"json"``, ``"console"``,
    ``"auto"`` (console where standard output is a terminal, JSON elsewhere and always in Lambda) or a callable from
    entry to ``str`` or ``bytes``. ``processors``: callables from entry to entry, or None to drop the line; they run
    before lazy values are called and credentials hidden, which always comes last. ``redact``: whole keys to be hidden
    besides those of credentials, at any depth and in any case. ``stream``: a text stream instead of ``sys.stdout``.

    Raises ConfigurationError for an unknown level or renderer.
    """
    PROCESS.use(
        changed(
            PROCESS.settings,
            level=level,
            service=service,
            renderer=renderer,
            processors=processors,
            redact=redact,
            stream=stream,
        )
    )


def write_line(line: bytes) -> None:
    """Write a line that is made already, in UTF-8 and without its newline, where all lines go."""
    PROCESS.chain.put(line.decode())


def capture_stdlib() -> None:
    """Let what other libraries write with ``logging``, and Python's warnings, become lines like ours.

    Called by the application when it starts; calling it again changes nothing. See ``lambdaframe.logging.stdlib``.
    """
    install(PROCESS)


__all__ = [
    "Logger",
    "bind",
    "bound",
    "capture_stdlib",
    "configure",
    "fresh_keys",
    "get_logger",
    "logger",
    "unbind",
    "write_line",
]
