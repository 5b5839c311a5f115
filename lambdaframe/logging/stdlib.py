"""Lines of other libraries, written with the standard library's ``logging``, go through the same chain.

https://docs.python.org/3/library/logging.html#logrecord-attributes
"""

import logging
from typing import Any, cast

from lambdaframe.logging.configuration import Configuration
from lambdaframe.logging.values import repr_of, text

_OWN = frozenset(
    # What every record has; what formatters leave on it; what awslambdaric puts there, which our lines say already.
    {*vars(logging.makeLogRecord({})), "message", "asctime", "taskName", "aws_request_id", "tenant_id"}
)


class ChainHandler(logging.Handler):
    """Writes a record as a line: its logger's name under ``logger``, what was given as ``extra`` as fields."""

    def __init__(self, configuration: Configuration) -> None:
        super().__init__()
        self._configuration = configuration

    def emit(self, record: logging.LogRecord) -> None:
        """Called by the standard library for each record that passed the levels of its loggers."""
        chain = self._configuration.chain
        if record.levelno < chain.level:
            return
        fields: dict[str, Any] = {text(key): value for key, value in vars(record).items() if key not in _OWN}
        if record.exc_info:
            fields["exc_info"] = record.exc_info
        if record.stack_info:
            fields["stack_info"] = record.stack_info
        location = f"{record.funcName}:{record.lineno}"
        chain.write(record.levelname, location, _message(record), record.created, {"logger": record.name}, fields)


def install(configuration: Configuration) -> None:
    """Send the root logger's records, and Python's warnings, through the chain. A second call changes nothing.

    The handler that awslambdaric puts on the root logger is taken off, or each record would be written twice. What was
    filtered there stays filtered: Powertools keeps its own records off the root's handlers by such filters. A root
    logger still at its default level, WARNING, is opened for INFO; any other level was somebody's choice. DEBUG is
    never chosen here, because botocore writes whole requests at that level.
    """
    root = logging.getLogger()
    ours = next((handler for handler in root.handlers if isinstance(handler, ChainHandler)), None)
    if ours is None:
        ours = ChainHandler(configuration)
        root.addHandler(ours)
        if root.level == logging.WARNING:
            root.setLevel(logging.INFO)
    for handler in tuple(root.handlers):
        if type(handler).__module__.partition(".")[0] == "awslambdaric":
            root.removeHandler(handler)
            for kept in handler.filters:
                ours.addFilter(kept)
    logging.captureWarnings(True)


def _message(record: logging.LogRecord) -> object:
    """A mapping is kept as one, as Powertools and awslambdaric do; arguments that do not fit are shown beside it."""
    message: Any = record.msg  # pyright: ignore[reportUnknownMemberType] -- typeshed leaves the dict's types open
    if isinstance(message, dict) and not record.args:
        return cast("object", message)
    try:
        return record.getMessage().rstrip("\n")
    except Exception:
        return f"{text(message)} % {repr_of(record.args)}"
