"""The chain that every line goes through: its facts are collected, its processors run, its renderer makes the text.

A line is written with one call of the stream's ``write``, so that lines of concurrent threads do not mix, and flushed
at once: a Lambda process is frozen or killed without notice.
"""

import os
import re
import sys
from collections.abc import Mapping
from contextlib import suppress
from contextvars import ContextVar
from typing import Any, NamedTuple, TextIO

from lambdaframe.invocation import Correlated, Invocation, current, current_record
from lambdaframe.logging.context import bound_keys, invocation_keys, own_names
from lambdaframe.logging.processors import Entry, Processor, Settle, describe_exception
from lambdaframe.logging.quiet import ERROR, Fate, Quiet, kept_by
from lambdaframe.logging.renderers import JsonRenderer, Renderer
from lambdaframe.logging.secrets import Secrets
from lambdaframe.logging.values import repr_of, text
from lambdaframe.tracecontext import xray_root


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
    trace: str | None


_backdrop: ContextVar[Backdrop | None] = ContextVar("lambdaframe.logging.backdrop", default=None)


class Chain(NamedTuple):  # a frozen dataclass would take ten times as long to import
    """A finished configuration. ``level`` is the lowest number that is looked at, as the standard library counts (INFO
    is 20); ``quiet`` says what becomes of those below the level that was asked for.

    ``processors`` are the application's. ``stream`` None means what ``sys.stdout`` is at that moment: awslambdaric and
    test runners replace it after import.
    """

    level: int
    service: str
    processors: tuple[Processor, ...]
    settle: Settle
    secrets: Secrets
    renderer: Renderer
    quiet: Quiet | None = None
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
        fate: Fate = "write"
        try:
            if self.quiet is not None and (fate := self.quiet.fate(level, current.get(None))) == "drop":
                return
            backdrop = self._behind()
            entry = backdrop.entry.copy()
            entry["level"] = level
            entry["location"] = location
            entry["message"] = message
            entry["timestamp"] = seconds
            exc_info = fields.pop("exc_info", None)
            entry.update(keys)
            entry.update(own_names(fields))
            if backdrop.trace is not None:
                entry["xray_trace_id"] = backdrop.trace
            if (
                self.processors
                or exc_info is not None
                or not backdrop.passes
                or type(message) is not str
                or self.secrets.suspects(message)
                or (fields and not self._pass(fields))
                or (keys and not self._pass(keys))
            ):
                processed = self._processed(entry, exc_info)
                if processed is None:
                    return
                line = self._text(processed)
                if self.secrets.suspects(line):
                    line = self._text(self.secrets.scrub(processed))
            else:
                line = self._text(entry)
        except Exception as error:
            line = self._last_resort(level, location, message, seconds, error)
        if self.quiet is None:
            self.put(line)
        else:
            self._put_or_keep(self.quiet, level, line, keep=fate == "keep")

    def _put_or_keep(self, quiet: Quiet, level: str, line: str, *, keep: bool) -> None:
        """Before an error come the lines that were held back for one."""
        invocation = current.get(None)
        if keep and invocation is not None:
            kept_by(invocation, quiet.limit).add(line)
            return
        if invocation is not None and invocation.held_back is not None and quiet.levels.get(level, 0) >= ERROR:
            for held in kept_by(invocation, quiet.limit).take():
                self.put(held)
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
            sampled = {} if self.quiet is None or not self.quiet.sample else {"sampling_rate": self.quiet.sample}
            said = {"service": self.service, **sampled, **invocation_keys(invocation), **keys}
            entry = {"level": "", "location": "", "message": "", "timestamp": 0.0, **said}
            passes = self.settle.passes(entry) and self.secrets.clear(keys.values())
            found = Backdrop(self, invocation, record, keys, entry, passes, _trace())
            _backdrop.set(found)
        return found

    def _processed(self, entry: Entry, exc_info: Any) -> Entry | None:
        if exc_info is not None:
            describe_exception(entry, exc_info)
            if "xray_trace_id" in entry:
                entry["xray_trace_id"] = entry.pop("xray_trace_id")  # behind the exception, as Powertools has it
        for processor in self.processors:
            processed = processor(entry)
            if processed is None:
                return None
            entry = processed
        return self.settle(entry)

    def _pass(self, keys: Mapping[str, Any]) -> bool:
        """Whether there is nothing to be done for these keys and their values."""
        return self.settle.passes(keys) and self.secrets.clear(keys.values())

    def _text(self, entry: Entry) -> str:
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


def _trace() -> str | None:
    """X-Ray's id of the trace, which Lambda says anew for each invocation:
    https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime"""
    header = os.environ.get("_X_AMZN_TRACE_ID")
    return None if header is None else xray_root(header)


def _ascii(line: str) -> str:
    r"""For a stream that can't carry UTF-8: JSON's own escapes (``\u00e9``), two of them beyond the basic plane."""
    return re.sub("[^\x00-\x7f]", lambda found: _escaped(found[0]), line)


def _escaped(char: str) -> str:
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))
