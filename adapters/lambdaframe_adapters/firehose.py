"""Transformation for Amazon Data Firehose. Its answer holds every record, in order, with what became of it.

https://docs.aws.amazon.com/firehose/latest/dev/data-transformation.html
https://docs.aws.amazon.com/firehose/latest/dev/data-transformation-status-model.html
"""

from base64 import b64encode
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from lambdaframe.errors import MalformedEventError
from lambdaframe.records.firehose import Dropped, FirehoseResult, Ok, ProcessingFailed
from lambdaframe.records.record import Record, RecordFields
from lambdaframe.types import Event, LambdaContext, Scope
from lambdaframe_adapters import _events, _records
from lambdaframe_adapters._identity import identities as identities_of
from lambdaframe_adapters._json import ARRAY, OBJECT

name: Final = "firehose"
kind: Final = "transform"

LIMIT: Final = 6_291_556
"""Bytes of the whole answer, encoded. https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""

# The second is how the events that the SAM command line generates have it.
_ARNS: Final = ("deliveryStreamArn", "deliverySteamArn")


def matches(event: Any) -> bool:
    """An ``invocationId``, a delivery stream and a list of ``records``."""
    return (
        isinstance(event, OBJECT)
        and isinstance(event.get("records"), ARRAY)
        and "invocationId" in event
        and any(key in event for key in _ARNS)
        and _events.tells_only(event, "records")
    )


def identities(event: Event) -> tuple[str, ...]:
    """The ARNs of the delivery stream and of the stream or cluster it reads, and their accounts' ids."""
    return identities_of(_arn(event), event.get("sourceKinesisStreamArn"), event.get("sourceMSKArn"))


def _arn(event: Event) -> Any:
    return next((event[key] for key in _ARNS if key in event), None)


def scope(event: Event, context: LambdaContext | None) -> Scope:
    """The ``records`` scope; see ``sources.TransformSource``. ``name`` is the delivery stream's."""
    arn = _arn(event)
    if not isinstance(arn, str) or not arn:
        raise MalformedEventError("The event has no deliveryStreamArn.")
    seen: set[str] = set()
    for index, raw in enumerate(event["records"]):
        found = raw.get("recordId") if isinstance(raw, OBJECT) else None
        if not isinstance(found, str) or not found:
            raise MalformedEventError(f"Record {index} has no recordId: no answer could name it.")
        if found in seen:
            raise MalformedEventError(
                f"Record {index} has the recordId of another one: no answer could tell them apart."
            )
        seen.add(found)
    return _records.scope(event, context, source=name, name=_records.stream_name(arn), arn=arn, order="none")


def records(event: Event) -> Iterator[Record]:
    """One record for each of the delivery stream's. ``id``: the ``recordId``."""
    for raw in event["records"]:
        yield Record(raw["recordId"], raw, _FIELDS)


class Answer(NamedTuple):
    """Lambda's answer, and the ids of the records for whose data there was no room."""

    event: dict[str, Any]
    too_large: list[str]


def answer(event: Event, results: Mapping[str, FirehoseResult]) -> Answer:
    """Every record of the event, in its order. ``results``: by id; the data of an ``Ok`` are bytes.

    What has no result has failed: it is answered with the data it came with. So are those that would make the answer
    larger than ``LIMIT``, the largest first: Lambda would refuse the whole of it, and Firehose would take all records
    for failed.
    """
    entries = [_entry(raw, results.get(raw["recordId"], _FAILED)) for raw in event["records"]]
    # Escaped as JSON a character takes six bytes at most, and there is room for the rest of the entries then.
    if sum(_length(entry) for entry in entries) <= LIMIT // 8:
        return Answer({"records": entries}, [])
    return _shortened(event, entries)


def _shortened(event: Event, entries: list[dict[str, Any]]) -> Answer:
    sizes = [_size(entry) for entry in entries]
    over = len('{"records": []}') + sum(sizes) - LIMIT
    too_large: list[str] = []
    for index in sorted(range(len(entries)), key=sizes.__getitem__, reverse=True):
        if over <= 0:
            break
        failed = _entry(event["records"][index], _FAILED)
        if (saved := sizes[index] - _size(failed)) > 0:
            over -= saved
            entries[index] = failed
            too_large.append(failed["recordId"])
    return Answer({"records": entries}, too_large)


def _length(entry: Mapping[str, Any]) -> int:
    """Characters of an entry, but those of its members' names."""
    keys: Mapping[str, str] = entry["metadata"]["partitionKeys"] if "metadata" in entry else {}
    return 200 + sum(len(value) for value in (*entry.values(), *keys, *keys.values()) if isinstance(value, str))


def _size(entry: Mapping[str, Any]) -> int:
    """Bytes of an entry and a separator as the runtime writes them, at most: it may escape what is not ASCII."""
    import json

    return len(json.dumps(entry)) + 2


_FAILED: Final = ProcessingFailed()


def _entry(raw: Mapping[str, Any], result: FirehoseResult) -> dict[str, Any]:
    data = _data_name(raw)
    entry = {"recordId": raw["recordId"], "result": type(result).__name__}
    if isinstance(result, Ok):
        entry[data] = b64encode(result.data).decode()
        if result.partition_keys:
            entry["metadata"] = {"partitionKeys": dict(result.partition_keys)}
    else:
        sent = raw.get(data)
        entry[data] = sent if isinstance(sent, str) and not isinstance(result, Dropped) else ""
    return entry


def _data_name(raw: Mapping[str, Any]) -> str:
    """Records that Firehose has read from Amazon MSK have a member of their own for the data, in both directions."""
    return "kafkaRecordValue" if "kafkaRecordValue" in raw else "data"


def _body(raw: Mapping[str, Any]) -> bytes:
    return _records.binary(raw.get(_data_name(raw)))


_METADATA: Final[Mapping[str, str]] = {
    "partitionKey": "partition_key",
    "sequenceNumber": "sequence_number",
    "subsequenceNumber": "subsequence_number",
    "shardId": "shard_id",
    "offset": "offset",
    "partitionId": "partition",
}


def _attributes(raw: Mapping[str, Any]) -> dict[str, Any]:
    """What the stream or the cluster that Firehose reads has said of the record; nothing for records sent to it."""
    about = raw.get("kinesisRecordMetadata", raw.get("mskRecordMetadata"))
    if not isinstance(about, OBJECT):
        return {}
    return {ours: about[theirs] for theirs, ours in _METADATA.items() if theirs in about}


def _timestamp(raw: Mapping[str, Any]) -> datetime | None:
    return _records.instant(raw.get("approximateArrivalTimestamp"), per_second=1000)


_FIELDS: Final = RecordFields(source=name, body=_body, attributes=_attributes, timestamp=_timestamp)
