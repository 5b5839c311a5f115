"""Kinesis data streams, by polling or enhanced fan-out. A batch is from one shard and in order.

https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from lambdaframe.records.record import Record, RecordFields
from lambdaframe.types import Event, LambdaContext, Scope
from lambdaframe_adapters import _records

name: Final = "kinesis"
kind: Final = "records"

_SERVICE: Final = "aws:kinesis"


def matches(event: Any) -> bool:
    """A batch of ``aws:kinesis``."""
    return _records.are_from(event, _SERVICE)


def identities(event: Event) -> tuple[str, ...]:
    """The ARNs of the stream and of its consumer, and the account's id."""
    return _records.identities(event, owner=True)


def scope(event: Event, context: LambdaContext | None) -> Scope:
    """The ``records`` scope; see ``sources.RecordSource``. ``name`` is the stream's, for a consumer's ARN too."""
    arn = _records.arn_of(event)
    _check(event["Records"])
    return _records.scope(event, context, source=name, name=_records.stream_name(arn), arn=arn, order="checkpoint")


def _check(records: list[Any]) -> None:
    try:
        for raw in records:
            # Comparing refuses what is no string, and the empty one: half the time of asking for both.
            if raw["eventSource"] != _SERVICE or not raw["kinesis"]["sequenceNumber"] > "":
                break
        else:
            return
    except (KeyError, TypeError):
        pass
    raise _records.broken_batch(records, _SERVICE, _sequence_number, "kinesis.sequenceNumber")


def records(event: Event) -> Iterator[Record]:
    """One record for each of the stream's. ``id``: the sequence number. ``group``: the partition key."""
    for raw in event["Records"]:
        data = raw["kinesis"]
        key = data.get("partitionKey")
        yield Record(data["sequenceNumber"], raw, _FIELDS, key if isinstance(key, str) else None)


def failures(event: Event, not_done: Collection[str], received: int) -> dict[str, Any]:
    """The answer: the lowest sequence number that is not done; see ``sources.RecordSource``."""
    return _records.checkpoint(event["Records"], _sequence_number, not_done, received)


def _sequence_number(raw: Mapping[str, Any]) -> Any:
    return raw["kinesis"]["sequenceNumber"]


def _sequence(raw: Mapping[str, Any]) -> int:
    return _records.position(_sequence_number(raw))


def _body(raw: Mapping[str, Any]) -> bytes:
    return _records.binary(raw["kinesis"].get("data"))


def _timestamp(raw: Mapping[str, Any]) -> datetime | None:
    return _records.instant(raw["kinesis"].get("approximateArrivalTimestamp"))


_FIELDS: Final = RecordFields(source=name, body=_body, timestamp=_timestamp, sequence=_sequence)
