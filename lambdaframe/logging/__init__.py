"""Structured logs: a logger is a chain of plain callables ended by a renderer, and a line is one JSON object.

Lines have Powertools' keys in Powertools' order. Keys bound with ``bind`` belong to the current request or record.
``processors``, ``renderers`` and ``context`` hold the parts.

https://docs.powertools.aws.dev/lambda/python/latest/core/logger/
"""

from collections.abc import Iterable
from typing import TextIO

from lambdaframe.logging.configuration import PROCESS, LayoutChoice, RendererChoice, changed
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
    layout: LayoutChoice | None = None,
    processors: Iterable[Processor] | None = None,
    redact: Iterable[str] | None = None,
    redact_patterns: Iterable[str] | None = None,
    sample: float | None = None,
    keep: str | int | None = None,
    keep_bytes: int | None = None,
    stream: TextIO | None = None,
) -> None:
    """Change how lines are written in this process, from the next line on. What is not given stays as it is.

    ``level``: the lowest that is written. ``service``: the line's ``service``. ``renderer``: ``"json"``, ``"console"``,
    ``"auto"`` (console where standard output is a terminal, JSON elsewhere and always in Lambda) or a callable from
    entry to ``str`` or ``bytes``. ``layout``: whose names the keys have, ``"powertools"``, ``"aws"``, ``"ecs"``,
    ``"otel"`` or a callable from entry to entry. ``processors``: callables from entry to entry, or None to drop the
    line; they run before lazy values are called and credentials hidden, which always comes last. ``redact``: whole keys
    to be hidden besides those of credentials, at any depth and in any case. ``redact_patterns``: regular expressions;
    what they match in any text is hidden. ``stream``: a text stream instead of ``sys.stdout``.

    ``sample``: the part of all invocations, 0 to 1, of which every line from DEBUG on is written. ``keep``: a level
    below ``level``; lines from there on are held back, and written when the same request or record writes an error.
    ``keep_bytes``: how much is held back of one invocation, the newest.

    Raises ConfigurationError for an unknown level, renderer or layout, and for what is no regular expression.
    """
    PROCESS.use(
        changed(
            PROCESS.settings,
            level=level,
            service=service,
            renderer=renderer,
            layout=layout,
            processors=processors,
            redact=redact,
            redact_patterns=redact_patterns,
            sample=sample,
            keep=keep,
            keep_bytes=keep_bytes,
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
