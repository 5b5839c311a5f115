"""SQS queues. Of a FIFO queue each message group is kept in order; of a standard one nothing is.

https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from lambdaframe.errors import PoisonRecordError
from lambdaframe.records.record import Record, RecordFields
from lambdaframe.tracecontext import carrier_of
from lambdaframe.types import Event, LambdaContext, Scope
from lambdaframe_adapters import _records
from lambdaframe_adapters._json import OBJECT

name: Final = "sqs"
kind: Final = "records"

_SERVICE: Final = "aws:sqs"


def matches(event: Any) -> bool:
    """A batch of ``aws:sqs``."""
    return _records.are_from(event, _SERVICE)


def identities(event: Event) -> tuple[str, ...]:
    """The queue's ARN and its account's id."""
    return _records.identities(event)


def scope(event: Event, context: LambdaContext | None) -> Scope:
    """The ``records`` scope; see ``sources.RecordSource``. ``name`` is the queue's."""
    arn = _records.arn_of(event)
    _check(event["Records"])
    order = "group" if arn.endswith(".fifo") else "none"
    return _records.scope(event, context, source=name, name=arn.rpartition(":")[2], arn=arn, order=order)


def _check(records: list[Any]) -> None:
    try:
        for raw in records:
            # Comparing refuses what is no string, and the empty one: half the time of asking for both.
            if raw["eventSource"] != _SERVICE or not raw["messageId"] > "":
                break
        else:
            return
    except (KeyError, TypeError):
        pass
    raise _records.broken_batch(records, _SERVICE, lambda raw: raw["messageId"], "messageId")


def records(event: Event) -> Iterator[Record]:
    """One record for each message. ``group``: the message group of a FIFO queue."""
    batch = event["Records"]
    if not _records.arn_of(event).endswith(".fifo"):
        # Fair queues have message groups too, but keep no order in them.
        for raw in batch:
            yield Record(raw["messageId"], raw, _FIELDS)
        return
    for raw in batch:
        yield Record(raw["messageId"], raw, _FIELDS, _group(raw))


def _group(raw: Mapping[str, Any]) -> str:
    group = _system(raw, "MessageGroupId")
    # What has no group is kept in order among its like: better slow than out of order.
    return group if isinstance(group, str) else ""


def failures(event: Event, not_done: Collection[str], received: int) -> dict[str, Any]:
    """The answer: every message that is not done, once, in the event's order; see ``sources.RecordSource``."""
    batch = event["Records"]
    if not not_done and received >= len(batch):
        return {"batchItemFailures": []}
    open_ = dict.fromkeys(
        raw["messageId"] for index, raw in enumerate(batch) if index >= received or raw["messageId"] in not_done
    )
    return {"batchItemFailures": [{"itemIdentifier": identifier} for identifier in open_]}


def _system(raw: Mapping[str, Any], attribute: str) -> Any:
    attributes: Any = raw.get("attributes")
    return attributes.get(attribute) if isinstance(attributes, OBJECT) else None


def _body(raw: Mapping[str, Any]) -> str:
    text = raw.get("body")
    if not isinstance(text, str):
        raise PoisonRecordError("The message has no body.")
    return text


def _attributes(raw: Mapping[str, Any]) -> dict[str, Any]:
    attributes: Any = raw.get("messageAttributes")
    if not isinstance(attributes, OBJECT):
        return {}
    return {key: _value(attribute) for key, attribute in attributes.items() if isinstance(attribute, OBJECT)}


def _value(attribute: Mapping[str, Any]) -> Any:
    """A message attribute's value by its data type; a label behind a dot (``Number.int``) is the sender's own.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html
    """
    kind_of_value = str(attribute.get("dataType")).partition(".")[0]
    if kind_of_value == "Binary":
        return _records.binary(attribute.get("binaryValue"))
    text = attribute.get("stringValue")
    return _records.number(text) if kind_of_value == "Number" else text


def _timestamp(raw: Mapping[str, Any]) -> datetime | None:
    return _records.instant(_system(raw, "SentTimestamp"), per_second=1000)


def _receive_count(raw: Mapping[str, Any]) -> int:
    count = _system(raw, "ApproximateReceiveCount")
    return int(count) if isinstance(count, str) and count.isdecimal() else 1


def _carrier(raw: Mapping[str, Any]) -> dict[str, str]:
    """X-Ray's header stands among the system's attributes:
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html"""
    found = carrier_of(_attributes(raw))
    header = _system(raw, "AWSTraceHeader")
    return {**found, "x-amzn-trace-id": header} if isinstance(header, str) else found


_FIELDS: Final = RecordFields(
    source=name,
    body=_body,
    attributes=_attributes,
    timestamp=_timestamp,
    receive_count=_receive_count,
    carrier=_carrier,
)
