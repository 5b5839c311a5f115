"""Batches of Kafka topics and of Firehose, and aggregated records of Kinesis, for tests of consumers.

https://docs.aws.amazon.com/lambda/latest/dg/with-msk.html
https://docs.aws.amazon.com/lambda/latest/dg/with-kafka.html
https://docs.aws.amazon.com/firehose/latest/dev/data-transformation.html
https://github.com/awslabs/amazon-kinesis-producer/blob/master/aggregation-format.md
"""

import base64
import json
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from itertools import repeat
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from lambdaframe_adapters.testing._gateway import ACCOUNT, EPOCH, REGION


def kafka_event(
    values: Iterable[Any],
    *,
    topic: str | Sequence[str] = "topic",
    partitions: Sequence[int] | None = None,
    keys: Sequence[bytes | str | None] | None = None,
    headers: Sequence[Mapping[str, bytes]] | None = None,
    first_offset: int = 0,
    self_managed: bool = False,
) -> dict[str, Any]:
    """A batch of a topic. A value that is neither bytes nor a string is sent as JSON; None is a tombstone.

    ``partitions``, ``keys``, ``headers``: one for each value; else all are of partition 0, without key and headers.
    ``topic``: or one for each value. ``first_offset``: of each partition in the batch. ``self_managed``: of a cluster
    that is not Amazon MSK's. Raises ValueError for another number of them.
    """
    sent = list(values)
    topics = _each("topic", None if isinstance(topic, str) else topic, sent, topic)
    parts: dict[str, list[dict[str, Any]]] = {}
    offsets: Counter[str] = Counter()
    for index, (value, name, partition, key, named) in enumerate(
        zip(
            sent,
            topics,
            _each("partitions", partitions, sent, 0),
            _each("keys", keys, sent, None),
            _each("headers", headers, sent, {}),
            strict=False,
        )
    ):
        place = f"{name}-{partition}"
        raw = {
            "topic": name,
            "partition": partition,
            "offset": first_offset + offsets[place],
            "timestamp": EPOCH + index,
            "timestampType": "CREATE_TIME",
            "headers": [{header: list(octets)} for header, octets in named.items()],
        }
        if key is not None:
            raw["key"] = _base64(key)
        if value is not None:
            raw["value"] = _base64(value)
        offsets[place] += 1
        parts.setdefault(place, []).append(raw)
    if self_managed:
        return {"eventSource": "SelfManagedKafka", "bootstrapServers": "broker.example.com:9092", "records": parts}
    return {
        "eventSource": "aws:kafka",
        "eventSourceArn": f"arn:aws:kafka:{REGION}:{ACCOUNT}:cluster/cluster/0a1b2c3d-4e5f-6789-0",
        "bootstrapServers": "b-1.cluster.abcdef.c1.kafka.us-east-1.amazonaws.com:9092",
        "records": parts,
    }


def firehose_event(
    data: Iterable[Any], *, stream: str = "stream", partition_keys: Sequence[str] | None = None
) -> dict[str, Any]:
    """A batch of a delivery stream. Data that is neither bytes nor a string is sent as JSON.

    ``partition_keys``: those of the Kinesis stream that the delivery stream reads, one for each record; without them
    records are sent to the delivery stream itself. Raises ValueError for another number of them.
    """
    sent = list(data)
    records: list[dict[str, Any]] = []
    for index, (each, key) in enumerate(zip(sent, _each("partition_keys", partition_keys, sent, None), strict=False)):
        sequence = str(49578734086442259037497492980620233840400173390482112514 + index)
        raw: dict[str, Any] = {
            "recordId": f"{sequence}000000",
            "approximateArrivalTimestamp": EPOCH + index,
            "data": _base64(each),
        }
        if key is not None:
            raw["kinesisRecordMetadata"] = {
                "sequenceNumber": sequence,
                "subsequenceNumber": 0,
                "partitionKey": key,
                "shardId": "shardId-000000000000",
                "approximateArrivalTimestamp": EPOCH + index,
            }
        records.append(raw)
    event: dict[str, Any] = {
        "invocationId": str(uuid5(NAMESPACE_URL, f"{stream}/{len(sent)}")),
        "deliveryStreamArn": f"arn:aws:firehose:{REGION}:{ACCOUNT}:deliverystream/{stream}",
        "region": REGION,
        "records": records,
    }
    if partition_keys is not None:
        event["sourceKinesisStreamArn"] = f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/{stream}"
    return event


def aggregated(records: Iterable[tuple[str, Any]]) -> bytes:
    """Records as one, as the Kinesis Producer Library sends them: the data of one record of ``kinesis_event``.

    ``records``: pairs of a partition key and data; data that is neither bytes nor a string is sent as JSON.
    Needs the extra ``[kpl]``; raises ImportError without it.
    """
    path = sys.path[:]
    try:
        library = import_module("aws_kinesis_agg.aggregator")
    finally:
        sys.path[:] = path  # the library puts itself in front of all other code
    aggregator = library.RecordAggregator()
    for key, data in records:
        aggregator.add_user_record(key, _octets(data))
    _, _, content = aggregator.clear_and_get().get_contents()
    octets: bytes = content
    return octets


def _base64(data: Any) -> str:
    return base64.b64encode(_octets(data)).decode()


def _octets(data: Any) -> bytes:
    if isinstance(data, bytes):
        return data
    return (data if isinstance(data, str) else json.dumps(data)).encode()


def _each(name: str, given: Sequence[Any] | None, records: Sequence[Any], otherwise: Any) -> Iterable[Any]:
    if given is None:
        return repeat(otherwise)
    if len(given) != len(records):
        raise ValueError(f"{name} has {len(given)} entries for {len(records)} records.")
    return given
