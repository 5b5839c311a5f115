"""One record of a stream, whatever the source: what consumers see of it.

The framework knows no AWS event JSON. A source's module describes, once, how its fields are read
(:class:`RecordFields`); a :class:`Record` reads them when they are asked for. So a batch of ten thousand costs no more
than the records in work.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from lambdaframe.errors import PoisonRecordError
from lambdaframe.tracecontext import own_id, trace_id

Raw = Mapping[str, Any]


def _nothing(raw: Raw) -> Any:
    return None


def _empty(raw: Raw) -> Mapping[str, Any]:
    return {}


def _one(raw: Raw) -> int:
    return 1


class RecordFields:
    """How one source's raw records are read: a pure function for each field.

    ``body``: ``str`` or ``bytes`` to be decoded by the consumer's type, or a ready Python value; it raises
    PoisonRecordError for a body that can't be read. ``sequence``: the position in an ordered stream, an integer.
    ``timestamp``: when the record was written, an aware datetime. ``receive_count``: 1 at the first delivery.
    ``carrier``: the ids and trace headers that its sender gave it, see ``lambdaframe.tracecontext``.
    """

    __slots__ = ("attributes", "body", "carrier", "receive_count", "sequence", "source", "timestamp")

    def __init__(
        self,
        source: str,
        body: Callable[[Raw], Any],
        attributes: Callable[[Raw], Mapping[str, Any]] = _empty,
        timestamp: Callable[[Raw], datetime | None] = _nothing,
        receive_count: Callable[[Raw], int] = _one,
        sequence: Callable[[Raw], int | None] = _nothing,
        carrier: Callable[[Raw], Mapping[str, str]] = _empty,
    ) -> None:
        self.source = source
        self.body = body
        self.attributes = attributes
        self.timestamp = timestamp
        self.receive_count = receive_count
        self.sequence = sequence
        self.carrier = carrier


class Record:
    """One record in work.

    ``id``: what the source reports failures by (SQS ``messageId``, Kinesis and DynamoDB sequence number).
    ``group``: within which order is kept (FIFO message group, partition key, item key), or None.
    ``raw``: the record as it came.
    """

    __slots__ = ("_body", "_fields", "group", "id", "raw")

    def __init__(self, id: str, raw: Raw, fields: RecordFields, group: str | None = None) -> None:  # noqa: A002
        self.id = id
        self.raw = raw
        self.group = group
        self._fields = fields
        self._body: Any = _UNREAD

    @property
    def source(self) -> str:
        """The source's name, as ``detect`` gives it."""
        return self._fields.source

    @property
    def body(self) -> Any:
        """``str`` or ``bytes`` as sent, or the source's own value (a DynamoDB change).

        Raises PoisonRecordError when it can't be read (invalid base64, say).
        """
        if self._body is _UNREAD:
            self._body = self._fields.body(self.raw)
        return self._body

    @property
    def attributes(self) -> Mapping[str, Any]:
        """The source's attributes of the record; for SQS the message attributes' values."""
        return self._fields.attributes(self.raw)

    @property
    def timestamp(self) -> datetime | None:
        """When the record was written, with its time zone (UTC)."""
        return self._fields.timestamp(self.raw)

    @property
    def receive_count(self) -> int:
        """How often it has been delivered, this time included; 1 where the source does not count."""
        return self._fields.receive_count(self.raw)

    @property
    def sequence(self) -> int | None:
        """Its position in an ordered stream; None where there is none."""
        return self._fields.sequence(self.raw)

    @property
    def carrier(self) -> Mapping[str, str]:
        """The ids and trace headers that its sender gave it: lower-case names; empty where they can't be read."""
        try:
            return self._fields.carrier(self.raw)
        except (LookupError, TypeError, ValueError, AttributeError, PoisonRecordError):
            return {}

    @property
    def correlation_id(self) -> str:
        """What the lines about it go by: its sender's ``x-request-id``, ``x-correlation-id`` or ``correlation_id`` if
        it is well-formed, else the id of its trace, else its own id."""
        carrier = self.carrier
        return own_id(carrier) or trace_id(carrier) or self.id

    def __repr__(self) -> str:
        return f"<Record {self.source} {self.id}>"


_UNREAD: Any = object()


__all__ = ["PoisonRecordError", "Record", "RecordFields"]
