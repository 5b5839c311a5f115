"""The end of the chain: an entry becomes the text of a line.

A renderer takes an entry (see ``processors``) whose values are plain JSON types and returns the line without its
newline, as ``str`` or as UTF-8 ``bytes``.
"""

import os
import time
from collections.abc import Callable, Mapping
from typing import Any, TextIO, TypeAlias

import orjson

from lambdaframe.logging.processors import Entry
from lambdaframe.logging.values import plain

Renderer: TypeAlias = Callable[[Entry], str | bytes]

_MILLISECONDS = tuple(f"{number:03d}" for number in range(1000))  # a look-up costs half of what formatting does


class Timestamps:
    """Seconds since the epoch as Powertools prints them, in local time: ``2026-01-02 03:04:05,678+0000``.

    The part up to the second is computed once a second. It is kept as one tuple, replaced as a whole, so that threads
    see either the old one or the new one.

    ``rfc3339``: as ``2026-01-02T03:04:05.678Z`` instead.
    """

    __slots__ = ("_rfc3339", "_second")

    def __init__(self, *, rfc3339: bool = False) -> None:
        self._rfc3339 = rfc3339
        self._second: tuple[int, str, str] = (-1, "", "")

    def __call__(self, seconds: float) -> str:
        second, head, zone = self._second
        whole = int(seconds)
        if whole != second:
            if self._rfc3339:
                head, zone = time.strftime("%Y-%m-%dT%H:%M:%S.", time.gmtime(whole)), "Z"
            else:
                local = time.localtime(whole)
                head, zone = time.strftime("%Y-%m-%d %H:%M:%S,", local), time.strftime("%z", local)
            self._second = (whole, head, zone)
        return f"{head}{_MILLISECONDS[int(seconds % 1 * 1000)]}{zone}"


class JsonRenderer:
    """One JSON object (RFC 8259) in UTF-8, whatever the values are: always one line."""

    __slots__ = ("_timestamps",)

    def __init__(self, *, rfc3339: bool = False) -> None:
        self._timestamps = Timestamps(rfc3339=rfc3339)

    def __call__(self, entry: Entry) -> bytes:
        seconds = entry.get("timestamp")
        if type(seconds) is float:
            entry["timestamp"] = self._timestamps(seconds)
        try:
            return orjson.dumps(entry)
        except TypeError:  # a lone surrogate, an integer beyond 64 bits: rare enough to be looked for only now
            return orjson.dumps(plain(entry))


_RESET, _BOLD, _DIM = "\x1b[0m", "\x1b[1m", "\x1b[2m"
_COLOURS = {
    "DEBUG": "\x1b[34m",
    "INFO": "\x1b[32m",
    "WARNING": "\x1b[33m",
    "ERROR": "\x1b[31m",
    "CRITICAL": "\x1b[1;31m",
}
_ELSEWHERE = frozenset({"level", "location", "message", "timestamp", "exception", "function_request_id"})
_UNSAID = frozenset(
    {
        "service",
        "cold_start",
        "correlation_id",
        "function_name",
        "function_memory_size",
        "function_arn",
        "exception_name",
        "sampling_rate",
        "stack_trace",
        "xray_trace_id",
    }
)


class ConsoleRenderer:
    """A line for a person at a terminal; the traceback of an exception follows on lines of its own.

    ``03:04:05.678 INFO     order accepted  order_id=7  read_order:12 4f0c8e1a``: local time, level, message, keys and
    fields, location, the start of the request id. What is the same on every line of a process is left out.
    """

    __slots__ = ("_colours",)

    def __init__(self, *, colours: bool) -> None:
        self._colours = colours

    def __call__(self, entry: Entry) -> str:
        level = _shown(entry.get("level"))
        parts = [
            self._in(_DIM, _time_of_day(entry.get("timestamp"))),
            self._in(_COLOURS.get(level, ""), f"{level:<8}"),
            self._in(_BOLD, _shown(entry.get("message"))),
            *(
                self._in(_DIM, f"{_shown(key)}=") + _quoted(value)
                for key, value in entry.items()
                if key not in _ELSEWHERE and key not in _UNSAID
            ),
            self._in(
                _DIM, f"{_shown(entry.get('location'))} {_shown(entry.get('function_request_id', ''))[:8]}".rstrip()
            ),
        ]
        line = " ".join(parts)
        if "exception" in entry:
            trace = "\n".join(map(_shown, str(entry["exception"]).split("\n")))
            line = f"{line}\n{self._in(_COLOURS['ERROR'], trace)}"
        return line

    def _in(self, colour: str, text: str) -> str:
        return f"{colour}{text}{_RESET}" if self._colours and colour else text


class AutoRenderer:
    """Console where lines go to a terminal, JSON elsewhere; asked again whenever standard output was replaced.

    NO_COLOR and FORCE_COLOR decide on colours, not on the renderer: https://no-color.org, https://force-color.org
    """

    __slots__ = ("_chosen", "_json", "_stream")

    def __init__(self, stream: Callable[[], TextIO | None]) -> None:
        self._stream = stream
        self._json: Renderer = JsonRenderer()
        self._chosen: tuple[TextIO | None, Renderer] = (None, self._json)

    def __call__(self, entry: Entry) -> str | bytes:
        stream = self._stream()
        seen, renderer = self._chosen
        if stream is not seen:
            renderer = ConsoleRenderer(colours=wants_colours(stream)) if is_terminal(stream) else self._json
            self._chosen = (stream, renderer)
        return renderer(entry)


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a person reads it. A stream that is closed, or can't tell, is no terminal."""
    try:
        return stream is not None and stream.isatty()
    except (AttributeError, ValueError):
        return False


def wants_colours(stream: TextIO | None, env: Mapping[str, str] = os.environ) -> bool:
    """NO_COLOR says no, FORCE_COLOR yes, in this order and if not empty; otherwise a terminal does."""
    if env.get("NO_COLOR"):
        return False
    return bool(env.get("FORCE_COLOR")) or is_terminal(stream)


def _time_of_day(seconds: Any) -> str:
    if type(seconds) is not float:
        return _shown(seconds)
    return f"{time.strftime('%H:%M:%S', time.localtime(seconds))}.{_MILLISECONDS[int(seconds % 1 * 1000)]}"


def _quoted(value: Any) -> str:
    """A string bare where that is unambiguous; anything else as JSON."""
    if isinstance(value, str) and value.isprintable() and value and not set(value) & set(" =\"'"):
        return value
    try:
        return _shown(orjson.dumps(value).decode())
    except TypeError:
        return _shown(orjson.dumps(plain(value)).decode())


def _shown(value: Any) -> str:
    """On one line and without control characters: a value must not write lines, or colours, of its own."""
    text = value if isinstance(value, str) else orjson.dumps(plain(value)).decode()
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
