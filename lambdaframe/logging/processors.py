"""The steps a line goes through before it is rendered: plain callables from entry to entry.

An entry is a dict, fresh for each line. It holds, in this order: ``level`` (``"INFO"``), ``location``
(``"function:line"``), ``message``, ``timestamp`` (seconds since the epoch, a float), ``service``, the invocation's
keys, the bound keys, the call's fields, and an exception's description. A processor may change it in place. What it
returns goes on; None drops the line.
"""

import sys
import traceback
from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeAlias

from lambdaframe.logging.redaction import Credentials
from lambdaframe.logging.values import MASK, SCALARS, called, plain, repr_of, text, unreadable

Entry: TypeAlias = dict[str, Any]
Processor: TypeAlias = Callable[[Entry], Entry | None]
LayoutName: TypeAlias = Literal["powertools", "aws", "ecs", "otel"]
Layout: TypeAlias = Callable[[Entry], Entry]
"""Gives the entry other names, or another shape, at the very end."""

_MAX_FRAMES = 100
"""Of a longer traceback the innermost frames are kept: one endless recursion must not fill a log stream."""


def describe_exception(entry: Entry, exc_info: Any) -> None:
    """Put an exception into words, under Powertools' keys.

    ``exc_info`` is what the standard library takes: True for the one being handled, an exception, or a triple. It
    becomes ``exception`` (the traceback as Python prints it), ``exception_name``, ``exception_notes`` if there are any
    and ``stack_trace`` (type, value, module, frames). A field of the call's own with such a name is kept.
    """
    error = _error(exc_info)
    if error is not None:
        for key, value in _description(error).items():
            entry.setdefault(key, value)


def guarded(processor: Processor) -> Processor:
    """An application's processor, made safe: when it fails, the line goes on and says so in ``logging_error``."""

    def run(entry: Entry) -> Entry | None:
        try:
            return processor(entry)
        except Exception as error:
            entry["logging_error"] = f"{text(processor)} raised {repr_of(error)}"
            return entry

    return run


class Settle:
    """The last step: lazy values are called, credentials hidden, and everything left is of a plain JSON type.

    It comes last so that nothing is computed for a line that was dropped, and nothing is added behind redaction's back.
    """

    __slots__ = ("_credentials",)

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    def __call__(self, entry: Entry) -> Entry:
        hides = self._credentials.hides
        for key, value in entry.items():
            if hides(key):
                entry[key] = MASK
            elif type(value) not in SCALARS:
                entry[key] = plain(called(value), hides)
        return entry

    def passes(self, keys: Mapping[str, Any]) -> bool:
        """Whether there is nothing to do for these keys: scalars only, under names known to be harmless.

        True for most of what is logged, and told in two steps that run in C.
        """
        credentials = self._credentials
        harmless = credentials.known.issuperset(keys) or not any(map(credentials.hides, keys))
        return harmless and SCALARS.issuperset(map(type, keys.values()))


def _error(exc_info: Any) -> BaseException | None:
    match exc_info:
        case BaseException():
            return exc_info
        case (_, error, _):
            return error if isinstance(error, BaseException) else None
        case _:
            return sys.exc_info()[1] if exc_info else None


def _description(error: BaseException) -> Entry:
    name = type(error).__name__
    try:
        trace = traceback.TracebackException.from_exception(error, limit=-_MAX_FRAMES)
        described: Entry = {"exception": "".join(trace.format()).rstrip("\n"), "exception_name": name}
        if notes := getattr(error, "__notes__", None):
            described["exception_notes"] = notes
        described["stack_trace"] = {
            "type": name,
            "value": text(error),
            "module": type(error).__module__,
            "frames": [
                {"file": frame.filename, "line": frame.lineno, "function": frame.name, "statement": frame.line}
                for frame in trace.stack
            ],
        }
    except Exception:
        return {"exception": unreadable(error), "exception_name": name}
    return described
