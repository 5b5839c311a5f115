"""The chain that every line goes through: its facts are collected, its processors run, its renderer makes the text.

A line is written with one call of the stream's ``write``, so that lines of concurrent threads do not mix, and flushed
at once: a Lambda process is frozen or killed without notice.
"""

import re
import sys
from collections.abc import Mapping
from contextlib import suppress
from contextvars import ContextVar
from typing import Any, NamedTuple, TextIO

from lambdaframe.invocation import Correlated, Invocation, current, current_record
from lambdaframe.logging.context import bound_keys, invocation_keys, own_names
from lambdaframe.logging.processors import Entry, Processor, Settle, describe_exception
from lambdaframe.logging.renderers import JsonRenderer, Renderer
from lambdaframe.logging.values import repr_of, text


class Backdrop(NamedTuple):
    """What all lines of a request have in common, until a key is bound: their first part, made once.

    ``passes``: whether it holds nothing that a processor of the house would have to change.
    """

    chain: "Chain"
    invocation: Invocation | None
    record: Correlated | None
    keys: Mapping[str, Any]
    entry: Entry
    passes: bool


_backdrop: ContextVar[Backdrop | None] = ContextVar("lambdaframe.logging.backdrop", default=None)


class Chain(NamedTuple):  # a frozen dataclass would take ten times as long to import
    """A finished configuration. ``level`` is the lowest number written, as the standard library counts (INFO is 20).

    ``processors`` are the application's. ``stream`` None means what ``sys.stdout`` is at that moment: awslambdaric and
    test runners replace it after import.
    """

    level: int
    service: str
    processors: tuple[Processor, ...]
    settle: Settle
    renderer: Renderer
    stream: TextIO | None = None

    def write(
        self,
        level: str,
        location: str,
        message: object,
        seconds: float,
        keys: Mapping[str, Any],
        fields: dict[str, Any],
    ) -> None:
        """Write one line. It never raises, and no line is lost: at worst it says what went wrong with it.

        ``seconds`` since the epoch. Where names meet, the call's ``fields`` win over the logger's ``keys``, and those
        over the keys bound in the context. ``exc_info`` among the fields is the exception, as ``describe_exception``
        takes it.
        """
        try:
            backdrop = self._behind()
            entry = backdrop.entry.copy()
            entry["level"] = level
            entry["location"] = location
            entry["message"] = message
            entry["timestamp"] = seconds
            exc_info = fields.pop("exc_info", None)
            entry.update(keys)
            entry.update(own_names(fields))
            if (
                self.processors
                or exc_info is not None
                or not backdrop.passes
                or type(message) is not str
                or not self.settle.passes(fields)
                or (keys and not self.settle.passes(keys))
            ):
                processed = self._processed(entry, exc_info)
                if processed is None:
                    return
                entry = processed
            line = self._rendered(entry)
        except Exception as error:
            line = self._last_resort(level, location, message, seconds, error)
        self.put(line)

    def _behind(self) -> Backdrop:
        found, invocation, record, keys = _backdrop.get(), current.get(None), current_record.get(), bound_keys()
        if (
            found is None
            or found.keys is not keys
            or found.invocation is not invocation
            or found.record is not record
            or found.chain is not self
        ):
            said = {"service": self.service, **invocation_keys(invocation), **keys}
            entry = {"level": "", "location": "", "message": "", "timestamp": 0.0, **said}
            found = Backdrop(self, invocation, record, keys, entry, self.settle.passes(entry))
            _backdrop.set(found)
        return found

    def _processed(self, entry: Entry, exc_info: Any) -> Entry | None:
        if exc_info is not None:
            describe_exception(entry, exc_info)
        for processor in self.processors:
            processed = processor(entry)
            if processed is None:
                return None
            entry = processed
        return self.settle(entry)

    def _rendered(self, entry: Entry) -> str:
        try:
            line = self.renderer(entry)
            return line if isinstance(line, str) else line.decode()
        except Exception as error:
            entry["logging_error"] = f"{text(self.renderer)} raised {repr_of(error)}"
            return JsonRenderer()(entry).decode()

    def _last_resort(self, level: str, location: str, message: object, seconds: float, error: Exception) -> str:
        """The line without keys and fields, among which the cause may be, and without anything that may fail again."""
        entry: Entry = {
            "level": level,
            "location": location,
            "message": text(message),
            "timestamp": seconds,
            "service": self.service,
            "logging_error": repr_of(error),
        }
        return JsonRenderer()(entry).decode()

    def put(self, line: str) -> None:
        """Write a finished line, without its newline, with one call; to standard error where the stream is gone."""
        stream: TextIO | None = sys.stdout if self.stream is None else self.stream
        if stream is None:  # a process without a console
            return
        try:
            stream.write(f"{line}\n")
            stream.flush()
        except UnicodeEncodeError:
            with suppress(Exception):
                stream.write(f"{_ascii(line)}\n")
                stream.flush()
        except Exception:
            # The stream is closed or its reader is gone. The standard library would report that here; we save the line.
            with suppress(Exception):
                print(line, file=sys.__stderr__, flush=True)


def _ascii(line: str) -> str:
    r"""For a stream that can't carry UTF-8: JSON's own escapes (``\u00e9``), two of them beyond the basic plane."""
    return re.sub("[^\x00-\x7f]", lambda found: _escaped(found[0]), line)


def _escaped(char: str) -> str:
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))
