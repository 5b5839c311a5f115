"""SNS topics. Lambda is given one message at a time, in a list.

https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from lambdaframe.errors import MalformedEventError, PoisonRecordError
from lambdaframe.events.record import EventFields, EventRecord
from lambdaframe.records.record import Raw, Record, RecordFields
from lambdaframe.tracecontext import carrier_of
from lambdaframe.types import Event, LambdaContext, Scope
from lambdaframe_adapters import _events
from lambdaframe_adapters._identity import identities as identities_of
from lambdaframe_adapters._json import OBJECT

name: Final = "sns"
kind: Final = "events"

_SERVICE: Final = "aws:sns"
_OTHERS: Final = frozenset({"eventSource", "cf"})
"""What records of other sources have."""
_COMPARED: Final = frozenset({"String", "String.Array", "Number"})


def matches(event: Any) -> bool:
    """Records of ``aws:sns``, which writes ``EventSource`` with a capital."""
    record = _events.first_record(event)
    return record is not None and record.get("EventSource") == _SERVICE and _OTHERS.isdisjoint(record)


def identities(event: Event) -> tuple[str, ...]:
    """The topic's ARN and its account's id; none where the records differ."""
    arns: set[Any] = {_text(raw, "TopicArn") if isinstance(raw, OBJECT) else "" for raw in event["Records"]}
    return identities_of(arns.pop()) if len(arns) == 1 else ()


def scope(event: Event, context: LambdaContext | None) -> Scope:
    """The ``records`` scope; see ``sources.EventSource``."""
    for index, raw in enumerate(event["Records"]):
        if not isinstance(raw, OBJECT) or raw.get("EventSource") != _SERVICE or not isinstance(raw.get("Sns"), OBJECT):
            raise MalformedEventError(f"Record {index} is no message of SNS.")
        if not _text(raw, "MessageId"):
            raise MalformedEventError(f"Record {index} has no MessageId.")
    return _events.scope(event, context, name, _text(event["Records"][0], "TopicArn") or None)


def records(event: Event) -> Iterator[Record]:
    """One record for each message. ``id``: the message's."""
    for raw in event["Records"]:
        yield EventRecord(_text(raw, "MessageId"), raw, _FIELDS, _EVENT)


def _text(raw: Mapping[str, Any], field: str) -> str:
    about: Any = raw.get("Sns")
    found = about.get(field) if isinstance(about, OBJECT) else None
    return found if isinstance(found, str) else ""


def _body(raw: Raw) -> str:
    text = raw["Sns"].get("Message")
    if not isinstance(text, str):
        raise PoisonRecordError("The notification has no message.")
    return text


def _attributes(raw: Raw) -> dict[str, Any]:
    from lambdaframe.records.envelopes import sns_attributes

    return sns_attributes(raw["Sns"])


def _timestamp(raw: Raw) -> datetime | None:
    return _events.instant(raw["Sns"].get("Timestamp"))


def _facts(raw: Raw) -> dict[str, Any]:
    """``arn`` and ``topic``, and those attributes that a filter policy is compared with."""
    from lambdaframe.records.envelopes import sns_attributes

    arn = _text(raw, "TopicArn")
    given: Any = raw["Sns"].get("MessageAttributes")
    compared = (
        {one: it for one, it in given.items() if isinstance(it, OBJECT) and str(it.get("Type")) in _COMPARED}
        if isinstance(given, OBJECT)
        else {}
    )
    return {
        "arn": arn,
        "topic": arn.rpartition(":")[2],
        "attributes": sns_attributes({"MessageAttributes": compared}),
    }


def _whole(raw: Raw, message: Any) -> Any:
    from lambdaframe.records.envelopes import sns_message

    return sns_message(raw["Sns"], message)


def _carrier(raw: Raw) -> dict[str, str]:
    return carrier_of(_attributes(raw))


_FIELDS: Final = RecordFields(source=name, body=_body, attributes=_attributes, timestamp=_timestamp, carrier=_carrier)
_EVENT: Final = EventFields(facts=_facts, whole=_whole)
