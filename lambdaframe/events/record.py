"""One record of a single event: what its handler is chosen by, and the whole around its payload."""

from collections.abc import Callable
from typing import Any, NamedTuple

from lambdaframe.records.record import Raw, Record, RecordFields


class EventFields(NamedTuple):
    """How one source's events are told apart: a pure function for each part.

    ``facts``: what patterns are matched against; it never raises. ``whole``: of the raw record and the payload read
    from it, the typed envelope (``SNSMessage``); it raises PoisonRecordError for a wrong shape.
    """

    facts: Callable[[Raw], Any]
    whole: Callable[[Raw, Any], Any]


class EventRecord(Record):
    """A record whose handler is found by what is in it."""

    __slots__ = ("_event",)

    def __init__(self, id: str, raw: Raw, fields: RecordFields, event: EventFields) -> None:  # noqa: A002  as Record's
        super().__init__(id, raw, fields)
        self._event = event

    @property
    def facts(self) -> Any:
        """What patterns are matched against: for EventBridge the event itself."""
        return self._event.facts(self.raw)

    def whole(self, payload: Any) -> Any:
        """The typed envelope around a payload. Raises PoisonRecordError."""
        return self._event.whole(self.raw, payload)
