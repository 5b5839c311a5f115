"""Kinesis data streams, by polling or enhanced fan-out. A batch is from one shard and in order.

Records that the Kinesis Producer Library has aggregated are taken apart: consumers see what was sent. All that was sent
in one shares its sequence number, so one that is not done brings them all again.

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
_AGGREGATED: Final = "84maw"  # how base64 writes the magic number of aggregated records, but for two bits


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
    """One record for each of the stream's. ``id``: the sequence number. ``group``: the partition key.

    Of those in an aggregated record the id is ``sequence number#place``, and the partition key is their own. Raises
    ConfigurationError for aggregated records where the library for them is not installed: before any record is worked
    on, so that none of them comes again for it.
    """
    batch = event["Records"]
    if not _may_be_aggregated(batch):
        return _as_they_are(batch)
    from lambdaframe_adapters._aggregation import taken_apart

    any(taken_apart(raw) for raw in batch)
    return _sent(batch)


def _may_be_aggregated(batch: list[Mapping[str, Any]]) -> bool:
    """Whether a record begins as aggregated ones do. It is asked of every batch: so it looks at the base64."""
    for raw in batch:
        try:
            if raw["kinesis"]["data"].startswith(_AGGREGATED):
                return True
        except (KeyError, AttributeError, TypeError):
            pass  # no data: poison
    return False


def _as_they_are(batch: list[Mapping[str, Any]]) -> Iterator[Record]:
    for raw in batch:
        data = raw["kinesis"]
        key = data.get("partitionKey")
        yield Record(data["sequenceNumber"], raw, _FIELDS, key if isinstance(key, str) else None)


def _sent(batch: list[Mapping[str, Any]]) -> Iterator[Record]:
    """Records as they were sent, before the library has aggregated some of them."""
    from lambdaframe_adapters._aggregation import taken_apart

    for raw in batch:
        sent = taken_apart(raw)
        if sent is None:
            yield from _as_they_are([raw])
            continue
        number = _sequence_number(raw)
        for place, each in enumerate(sent):
            yield Record(f"{number}#{place}", each, _FIELDS, each["kinesis"]["partitionKey"])


def failures(event: Event, not_done: Collection[str], received: int) -> dict[str, Any]:
    """The answer: the lowest sequence number that is not done; see ``sources.RecordSource``.

    An aggregated record is done when all that is in it is.
    """
    batch = event["Records"]
    if _may_be_aggregated(batch):
        not_done = {identifier.partition("#")[0] for identifier in not_done}
        received = _whole(batch, received)
    return _records.checkpoint(batch, _sequence_number, not_done, received)


def _whole(batch: list[Mapping[str, Any]], received: int) -> int:
    """How many of the stream's own records were received to their end, when so many were after taking apart."""
    from lambdaframe_adapters._aggregation import taken_apart

    for index, raw in enumerate(batch):
        sent = taken_apart(raw)
        received -= 1 if sent is None else len(sent)
        if received < 0:
            return index
    return len(batch)


def _sequence_number(raw: Mapping[str, Any]) -> Any:
    return raw["kinesis"]["sequenceNumber"]


def _sequence(raw: Mapping[str, Any]) -> int:
    return _records.position(_sequence_number(raw))


def _body(raw: Mapping[str, Any]) -> bytes:
    return _records.binary(raw["kinesis"].get("data"))


def _timestamp(raw: Mapping[str, Any]) -> datetime | None:
    return _records.instant(raw["kinesis"].get("approximateArrivalTimestamp"))


_FIELDS: Final = RecordFields(source=name, body=_body, timestamp=_timestamp, sequence=_sequence)
