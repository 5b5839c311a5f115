"""CloudWatch Logs subscriptions: what a log group sends, compressed; that is the format, so here it is decompressed.

One event has the lines of one log stream. A control message, by which CloudWatch sees whether the function can be
reached, is a success with no record.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from lambdaframe.errors import MalformedEventError, PoisonRecordError
from lambdaframe.events.record import EventFields, EventRecord
from lambdaframe.records.record import Raw, Record, RecordFields
from lambdaframe.types import Event, LambdaContext, Scope
from lambdaframe_adapters import _events, _records
from lambdaframe_adapters._identity import identities as identities_of
from lambdaframe_adapters._json import ARRAY, OBJECT

name: Final = "logs"
kind: Final = "events"

LIMIT: Final = 64 * 1024 * 1024
"""Bytes of a decompressed event. Lambda's limit for an asynchronous event is 1 MB compressed; repeated lines are
compressed to a fiftieth at best, an attack to a thousandth."""

_GZIP: Final = 16 + 15
"""zlib's word for gzip, with the largest window."""


def matches(event: Any) -> bool:
    """``{"awslogs": {"data": …}}``."""
    if not isinstance(event, OBJECT) or not isinstance(event.get("awslogs"), OBJECT):
        return False
    return isinstance(event["awslogs"].get("data"), str) and _events.tells_only(event, "awslogs")


def identities(event: Event) -> tuple[str, ...]:
    """The id of the account that owns the log group, and ``log-group:NAME``. Empty for what can't be read."""
    try:
        content = _content(event)
    except MalformedEventError:
        return ()
    group = _text(content, "logGroup")
    return identities_of(_text(content, "owner"), f"log-group:{group}" if group else None)


def scope(event: Event, context: LambdaContext | None) -> Scope:
    """The ``records`` scope; see ``sources.EventSource``."""
    return _events.scope(event, context, name)


def records(event: Event) -> Iterator[Record]:
    """One record for each line. ``id``: the line's. Raises MalformedEventError at once for data that can't be read."""
    content = _content(event)
    lines: Any = content.get("logEvents")
    if content.get("messageType") not in ("DATA_MESSAGE", "CONTROL_MESSAGE") or not isinstance(lines, ARRAY):
        raise MalformedEventError("The log data has no messageType that is known, or no logEvents.")
    if content["messageType"] == "CONTROL_MESSAGE":
        return iter(())
    for index, line in enumerate(lines):
        if not isinstance(line, OBJECT) or not _text(line, "id"):
            raise MalformedEventError(f"Log event {index} has no id.")
    return (EventRecord(line["id"], {"log": content, "line": line}, _FIELDS, _EVENT) for line in lines)


def _content(event: Event) -> Any:
    """The decoded JSON object. Raises MalformedEventError."""
    import orjson

    try:
        content = orjson.loads(_decompressed(_records.binary(event["awslogs"]["data"])))
    except (PoisonRecordError, orjson.JSONDecodeError, RecursionError):
        raise MalformedEventError("The log data is no base64 of compressed JSON.") from None
    if not isinstance(content, OBJECT):
        raise MalformedEventError("The log data is no JSON object.")
    return content


def _decompressed(data: bytes) -> bytes:
    """At most ``LIMIT`` bytes of it. Raises MalformedEventError for more, and for what is no gzip."""
    import zlib

    reader = zlib.decompressobj(_GZIP)
    try:
        found = reader.decompress(data, LIMIT)
    except zlib.error:
        raise MalformedEventError("The log data is not compressed with gzip.") from None
    if reader.unconsumed_tail:
        raise MalformedEventError(f"The log data is over {LIMIT} bytes when it is decompressed.")
    if not reader.eof:
        raise MalformedEventError("The log data is cut off.")
    return found


def _text(part: Mapping[str, Any], field: str) -> str:
    found = part.get(field)
    return found if isinstance(found, str) else ""


def _body(raw: Raw) -> str:
    message = raw["line"].get("message")
    if not isinstance(message, str):
        raise PoisonRecordError("The log event has no message.")
    return message


def _attributes(raw: Raw) -> dict[str, Any]:
    return {"log_group": _text(raw["log"], "logGroup"), "log_stream": _text(raw["log"], "logStream")}


def _timestamp(raw: Raw) -> datetime | None:
    return _records.instant(raw["line"].get("timestamp"), per_second=1000)


def _facts(raw: Raw) -> dict[str, str]:
    return {"group": _text(raw["log"], "logGroup")}


def _whole(raw: Raw, payload: Any) -> Any:
    from lambdaframe.records.envelopes import LogEvent, texts

    log, line = raw["log"], raw["line"]
    return LogEvent(
        message=_body(raw),
        log_group=_text(log, "logGroup"),
        log_stream=_text(log, "logStream"),
        id=line["id"],
        timestamp=_timestamp(raw),
        owner=_text(log, "owner"),
        subscription_filters=texts(log.get("subscriptionFilters")),
        fields=_extracted(line),
    )


def _extracted(line: Mapping[str, Any]) -> dict[str, str]:
    found: Any = line.get("extractedFields")
    return {one: it for one, it in found.items() if isinstance(it, str)} if isinstance(found, OBJECT) else {}


_FIELDS: Final = RecordFields(source=name, body=_body, attributes=_attributes, timestamp=_timestamp)
_EVENT: Final = EventFields(facts=_facts, whole=_whole)
