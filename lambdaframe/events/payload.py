"""From a single event's record to the type that its handler asks for.

Beside what every consumer may ask for there are envelopes, the payload with what is around it: ``EventBridgeEvent``,
``SNSMessage``, ``S3Object`` and ``LogEvent``; and for logs lists, of all lines that came together. A payload that comes
as decoded JSON (a ``detail``, a direct invocation) is validated as JSON is, not as Python values are.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, get_args, get_origin

import orjson

from lambdaframe.errors import ConfigurationError, PoisonRecordError
from lambdaframe.events.record import EventRecord
from lambdaframe.records.envelopes import EventBridgeEvent, LogEvent, S3Object, SNSMessage, s3_object_of_event
from lambdaframe.records.payload import Read, Typed, reader
from lambdaframe.records.plan import PayloadReader
from lambdaframe.records.record import Record, RecordFields
from lambdaframe.records.unwrap import unwrapping_reader
from lambdaframe.signature import EMPTY, bare

_ENVELOPES: Final[Mapping[Any, tuple[str, ...]]] = {
    EventBridgeEvent: ("eventbridge",),
    SNSMessage: ("sns",),
    S3Object: ("s3", "eventbridge"),
    LogEvent: ("logs",),
}
"""Which events have which."""

_AS_IT_IS: Final = (EMPTY, Any, object)


def event_reader(source: str, annotation: Any, where: str) -> Read:
    """What gives a record of this source as this type; calling it raises PoisonRecordError for one that does not fit.

    ``where``: the argument, for messages. Raises ConfigurationError for a type that can't be validated, or that the
    source has not.
    """
    plain = bare(annotation)
    kind = get_origin(plain) or plain
    if source == "logs" and kind is list:
        (inner,) = get_args(plain) or (LogEvent,)
        return Together(event_reader(source, inner, where))
    sources = _ENVELOPES.get(kind) if isinstance(kind, type) else None
    if sources is None:
        return _payload_reader(source, annotation, where)
    if source not in sources:
        raise ConfigurationError(f"{where} is {kind.__name__}: that is in an event of {' and '.join(sources)}.")
    if kind is S3Object:
        return _object_of_event if source == "eventbridge" else _envelope
    if kind is LogEvent:
        return _envelope
    (inner,) = get_args(plain) or (Any,)
    return _Around(_payload_reader(source, inner, where))


def _payload_reader(source: str, annotation: Any, where: str) -> Read:
    if source == "s3" and bare(annotation) in (str, bytes):
        raise ConfigurationError(f"{where} is {bare(annotation).__name__}: take S3Object and read its 'key'.")
    if source == "sns":
        return unwrapping_reader(annotation, where)  # a notification of S3 may be in the message
    if source == "logs":
        return reader(annotation, where)
    if any(annotation is known for known in _AS_IT_IS):
        return _body
    read = reader(annotation, where)
    return _Decoded(read) if isinstance(read, Typed) and bare(annotation) not in (str, bytes) else read


def _body(record: Record) -> Any:
    return record.body


def _envelope(record: Any) -> Any:
    return record.whole(None)


def _object_of_event(record: Any) -> S3Object:
    return s3_object_of_event(record.facts)


class _Reading:
    """A reader around another one."""

    __slots__ = ("_read",)

    def __init__(self, read: Read) -> None:
        self._read = read

    def warm(self) -> None:
        """Build the validator now. Raises ConfigurationError for a type that can't be validated."""
        warm: Callable[[], object] | None = getattr(self._read, "warm", None)
        if warm is not None:
            warm()


class _Around(_Reading):
    """Reads the payload, and gives it with what is around it."""

    __slots__ = ()

    def __call__(self, record: Any) -> Any:
        return record.whole(self._read(record))


class _Decoded(_Reading):
    """Reads decoded JSON as the text it was."""

    __slots__ = ()

    def __call__(self, record: Record) -> Any:
        try:
            text = orjson.dumps(record.body)
        except TypeError as exc:  # a lone surrogate, a number of more than 64 bits
            raise PoisonRecordError(f"The event can't be written as JSON: {exc}") from None
        return self._read(Record(record.id, {"body": text}, _TEXT))


_TEXT: Final = RecordFields("", body=lambda raw: raw["body"])


class Together(_Reading):
    """Reads all records that came together, as a list."""

    __slots__ = ()

    def __call__(self, record: Any) -> list[Any]:
        return [self._read(one) for one in record.parts]


class Gathered(EventRecord):
    """All records of one event, for a handler that takes them together. ``id``: that of the first and the last, and
    how many they are."""

    __slots__ = ("parts",)

    def __init__(self, parts: list[EventRecord]) -> None:
        first, last = parts[0], parts[-1]
        name = first.id if first is last else f"{first.id}-{last.id}/{len(parts)}"
        super().__init__(name, first.raw, _GATHERED, first._event)  # noqa: SLF001  it is one itself
        self.parts = parts

    @property
    def body(self) -> list[Any]:
        """The bodies of all of them."""
        return [part.body for part in self.parts]


_GATHERED: Final = RecordFields("logs", body=lambda raw: raw)


def reader_for(source: str) -> PayloadReader:
    """``event_reader`` for one source."""
    return partial(event_reader, source)
