"""EventBridge: events of a bus, rules on a schedule, and EventBridge Scheduler with its default payload.

A rule's or a schedule's own input takes the event's place. Such an input is an event of this source if it has the
shape of one; any other is a direct invocation.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html
https://docs.aws.amazon.com/lambda/latest/dg/with-eventbridge-scheduler.html
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from lambdaframe.events.record import EventFields, EventRecord
from lambdaframe.records.record import Raw, Record, RecordFields
from lambdaframe.types import Event, LambdaContext, Scope
from lambdaframe_adapters import _events
from lambdaframe_adapters._identity import identities as identities_of
from lambdaframe_adapters._json import ARRAY, OBJECT

name: Final = "eventbridge"
kind: Final = "events"


def matches(event: Any) -> bool:
    """A detail with its type and a source."""
    return (
        isinstance(event, OBJECT)
        and isinstance(event.get("detail-type"), str)
        and isinstance(event.get("source"), str)
        and "detail" in event
        and _events.tells_only(event, "detail-type")
    )


def identities(event: Event) -> tuple[str, ...]:
    """The ARNs of the resources, their accounts, and the event's own account."""
    resources: Any = event.get("resources")
    return identities_of(*(resources if isinstance(resources, ARRAY) else ()), event.get("account"))


def scope(event: Event, context: LambdaContext | None) -> Scope:
    """The ``records`` scope; see ``sources.EventSource``."""
    return _events.scope(event, context, name)


def records(event: Event) -> Iterator[Record]:
    """One record. ``id``: the event's, which stays the same when it is delivered again; a new one for an input that
    has none, so that it is never taken for one that was done."""
    found = event.get("id")
    yield EventRecord(found if isinstance(found, str) and found else _new_id(), event, _FIELDS, _EVENT)


def _new_id() -> str:
    from uuid import uuid4

    return str(uuid4())


def _detail(event: Raw) -> Any:
    return event["detail"]


def _timestamp(event: Raw) -> datetime | None:
    return _events.instant(event.get("time"))


def _itself(event: Raw) -> Raw:
    return event


def _whole(event: Raw, detail: Any) -> Any:
    from lambdaframe.records.envelopes import eventbridge_event

    return eventbridge_event(event, detail)


_FIELDS: Final = RecordFields(source=name, body=_detail, timestamp=_timestamp)
_EVENT: Final = EventFields(facts=_itself, whole=_whole)
