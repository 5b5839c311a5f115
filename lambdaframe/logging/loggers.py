"""The logger: five levels, fields by keyword, and keys of its own.

    logger.info("order accepted", order_id=order.id, basket=lambda: costly(order))

A level that is off costs one comparison. A function given as a value is called only if the line is written.
"""

import sys
import time
from types import FrameType
from typing import Any

from lambdaframe.logging.configuration import Configuration
from lambdaframe.logging.context import own_names

_frame = sys._getframe  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] -- inspect's way costs 100 times as much

DEBUG, INFO, WARNING, ERROR, CRITICAL = 10, 20, 30, 40, 50  # the standard library's numbers


class Logger:
    """Writes lines that carry ``keys`` besides those of the context.

    Each method takes the message and the line's fields. ``exc_info=`` adds an exception: True for the one being
    handled, or the exception itself.
    """

    __slots__ = ("_configuration", "_keys")

    def __init__(self, configuration: Configuration, **keys: Any) -> None:
        self._configuration = configuration
        self._keys = own_names(keys)

    def bind(self, **keys: Any) -> "Logger":
        """A new logger with these keys added; this one stays as it is."""
        return Logger(self._configuration, **{**self._keys, **keys})

    def child(self, name: str) -> "Logger":
        """A new logger whose name is below this one's: ``orders.billing``."""
        own = self._keys.get("logger")
        return self.bind(logger=f"{own}.{name}" if own else name)

    def debug(self, message: object, /, **fields: Any) -> None:
        """Write a line at DEBUG."""
        chain = self._configuration.chain
        if chain.level <= DEBUG:
            chain.write("DEBUG", _location(_frame(1)), message, time.time(), self._keys, fields)

    def info(self, message: object, /, **fields: Any) -> None:
        """Write a line at INFO."""
        chain = self._configuration.chain
        if chain.level <= INFO:
            chain.write("INFO", _location(_frame(1)), message, time.time(), self._keys, fields)

    def warning(self, message: object, /, **fields: Any) -> None:
        """Write a line at WARNING."""
        chain = self._configuration.chain
        if chain.level <= WARNING:
            chain.write("WARNING", _location(_frame(1)), message, time.time(), self._keys, fields)

    def error(self, message: object, /, **fields: Any) -> None:
        """Write a line at ERROR."""
        chain = self._configuration.chain
        if chain.level <= ERROR:
            chain.write("ERROR", _location(_frame(1)), message, time.time(), self._keys, fields)

    def exception(self, message: object, /, **fields: Any) -> None:
        """Write a line at ERROR with the exception being handled."""
        chain = self._configuration.chain
        if chain.level <= ERROR:
            fields.setdefault("exc_info", True)
            chain.write("ERROR", _location(_frame(1)), message, time.time(), self._keys, fields)

    def critical(self, message: object, /, **fields: Any) -> None:
        """Write a line at CRITICAL."""
        chain = self._configuration.chain
        if chain.level <= CRITICAL:
            chain.write("CRITICAL", _location(_frame(1)), message, time.time(), self._keys, fields)

    def __repr__(self) -> str:
        return f"<Logger {', '.join(self._keys)}>" if self._keys else "<Logger>"


def _location(frame: FrameType) -> str:
    """Where the line was written, as Powertools says it: ``function:line``."""
    return f"{frame.f_code.co_name}:{frame.f_lineno}"
