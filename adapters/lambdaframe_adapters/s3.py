"""S3 notifications, and the test event that a bucket sends when they are set up, which is a success with no record.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from lambdaframe.errors import MalformedEventError
from lambdaframe.events.record import EventFields, EventRecord
from lambdaframe.records.record import Raw, Record, RecordFields
from lambdaframe.types import Event, LambdaContext, Scope
from lambdaframe_adapters import _events, _records
from lambdaframe_adapters._identity import identities as identities_of
from lambdaframe_adapters._json import OBJECT

name: Final = "s3"
kind: Final = "events"

_SERVICE: Final = "aws:s3"
_TEST: Final = "s3:TestEvent"


def matches(event: Any) -> bool:
    """Records of ``aws:s3``, or the test event."""
    return _records.are_from(event, _SERVICE) or _is_test(event)


def _is_test(event: Any) -> bool:
    return (
        isinstance(event, OBJECT)
        and event.get("Event") == _TEST
        and isinstance(event.get("Bucket"), str)
        and _events.tells_only(event, "Event")
    )


def identities(event: Event) -> tuple[str, ...]:
    """The bucket's ARN. The event does not tell the account."""
    if _is_test(event):
        return identities_of(f"arn:aws:s3:::{event['Bucket']}")
    arns: set[Any] = {_bucket(raw, "arn") if isinstance(raw, OBJECT) else "" for raw in event["Records"]}
    return identities_of(arns.pop()) if len(arns) == 1 else ()


def scope(event: Event, context: LambdaContext | None) -> Scope:
    """The ``records`` scope; see ``sources.EventSource``."""
    for index, raw in enumerate(event.get("Records", ())):
        if not isinstance(raw, OBJECT) or raw.get("eventSource") != _SERVICE or not isinstance(raw.get("s3"), OBJECT):
            raise MalformedEventError(f"Record {index} is no notification of S3.")
    return _events.scope(event, context, name, next(iter(identities(event)), None))


def records(event: Event) -> Iterator[Record]:
    """One record for each notification. S3 sends no id. ``id`` is made of what two notifications differ in: bucket, key
    as it was sent, version, what happened, and the sequencer, or the time where there is none."""
    for raw in event.get("Records", ()):
        what, when = raw.get("eventName"), _object(raw, "sequencer") or raw.get("eventTime")
        place = f"{_bucket(raw, 'name')}/{_object(raw, 'key')}"
        yield EventRecord(f"{place}?version={_object(raw, 'versionId')}&{what}@{when}", raw, _FIELDS, _EVENT)


def _part(raw: Raw, part: str, field: str) -> str:
    about: Any = raw.get("s3")
    inner: Any = about.get(part) if isinstance(about, OBJECT) else None
    found = inner.get(field) if isinstance(inner, OBJECT) else None
    return found if isinstance(found, str) else ""


def _bucket(raw: Raw, field: str) -> str:
    return _part(raw, "bucket", field)


def _object(raw: Raw, field: str) -> str:
    return _part(raw, "object", field)


def _itself(raw: Raw) -> Raw:
    return raw


def _timestamp(raw: Raw) -> datetime | None:
    return _events.instant(raw.get("eventTime"))


def _facts(raw: Raw) -> dict[str, str]:
    """The key stands in it twice, decoded: once for a prefix, once for a suffix."""
    from urllib.parse import unquote_plus

    key = unquote_plus(_object(raw, "key"))
    event = str(raw.get("eventName")).removeprefix("s3:")
    return {"bucket": _bucket(raw, "name"), "event": event, "key": key, "key end": key}


def _whole(raw: Raw, payload: Any) -> Any:
    from lambdaframe.records.envelopes import s3_object

    return s3_object(raw)


_FIELDS: Final = RecordFields(source=name, body=_itself, timestamp=_timestamp)
_EVENT: Final = EventFields(facts=_facts, whole=_whole)
