"""Batches of records as event sources deliver them, for tests of consumers.

https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html
https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html
"""

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final
from uuid import UUID, uuid5

from lambdaframe_adapters._json import OBJECT
from lambdaframe_adapters.testing._gateway import ACCOUNT, EPOCH, REGION

_NAMESPACE: Final = UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")


def sqs_event(
    bodies: Iterable[Any],
    *,
    queue: str = "queue",
    groups: Sequence[str] | None = None,
    ids: Sequence[str] | None = None,
    receive_count: int = 1,
) -> dict[str, Any]:
    """A batch of a queue. A body that is no string is sent as JSON.

    A ``queue`` whose name ends with ``.fifo`` is a FIFO queue; ``groups`` are its messages' group ids, one for each
    body, all in one group by default. ``ids``: message ids, one for each body; else they are made from their place.
    Raises ValueError for ``groups`` or ``ids`` of another length.
    """
    texts = [body if isinstance(body, str) else json.dumps(body) for body in bodies]
    _same_length("groups", groups, texts)
    _same_length("ids", ids, texts)
    fifo = queue.endswith(".fifo")
    records: list[dict[str, Any]] = []
    for index, text in enumerate(texts):
        attributes = {
            "ApproximateReceiveCount": str(receive_count),
            "SentTimestamp": str(EPOCH + index),
            "SenderId": "AIDAIENQZJOLO23YVJ4VO",
            "ApproximateFirstReceiveTimestamp": str(EPOCH + index + 4),
        }
        if fifo:
            attributes |= {
                "SequenceNumber": str(18849496460467696128 + index),
                "MessageGroupId": groups[index] if groups else "group",
                "MessageDeduplicationId": hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest(),
            }
        records.append(
            {
                "messageId": ids[index] if ids else str(uuid5(_NAMESPACE, f"{queue}/{index}")),
                "receiptHandle": f"receipt-{index}",
                "body": text,
                "attributes": attributes,
                "messageAttributes": {},
                "md5OfBody": hashlib.md5(text.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest(),
                "eventSource": "aws:sqs",
                "eventSourceARN": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{queue}",
                "awsRegion": REGION,
            }
        )
    return {"Records": records}


def kinesis_event(
    data: Iterable[Any], *, stream: str = "stream", partition_keys: Sequence[str] | None = None
) -> dict[str, Any]:
    """A batch of one shard of a stream. Data that is neither bytes nor a string is sent as JSON.

    ``partition_keys``: one for each record, all the same by default. Raises ValueError for another number of them.
    """
    each = [_octets(one) for one in data]
    _same_length("partition_keys", partition_keys, each)
    return {"Records": [_kinesis_record(one, i, stream, partition_keys) for i, one in enumerate(each)]}


def _kinesis_record(data: bytes, index: int, stream: str, keys: Sequence[str] | None) -> dict[str, Any]:
    sequence = str(49590338271490256608559692538361571095921575989136588898 + index)
    return {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": keys[index] if keys else "key",
            "sequenceNumber": sequence,
            "data": base64.b64encode(data).decode(),
            "approximateArrivalTimestamp": (EPOCH + index) / 1000,
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"shardId-000000000000:{sequence}",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": f"arn:aws:iam::{ACCOUNT}:role/function",
        "awsRegion": REGION,
        "eventSourceARN": f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/{stream}",
    }


def _octets(data: Any) -> bytes:
    if isinstance(data, bytes):
        return data
    return (data if isinstance(data, str) else json.dumps(data)).encode()


def dynamodb_event(
    changes: Iterable[tuple[Mapping[str, Any] | None, Mapping[str, Any] | None]],
    *,
    table: str = "table",
    keys: Sequence[str] = ("id",),
) -> dict[str, Any]:
    """A batch of a table's stream, with both images, from pairs of (old item, new item).

    No old item is an INSERT, no new one a REMOVE. ``keys``: the names of the table's key attributes. Items hold Python
    values: str, int, Decimal, bytes, bool, None, list, dict, and sets of one kind of str, numbers or bytes.
    Raises ValueError for a pair without items, KeyError for an item without its keys, TypeError for other values.
    """
    return {"Records": [_change(index, old, new, table, keys) for index, (old, new) in enumerate(changes)]}


def _change(
    index: int, old: Mapping[str, Any] | None, new: Mapping[str, Any] | None, table: str, keys: Sequence[str]
) -> dict[str, Any]:
    item = old if new is None else new
    if item is None:
        raise ValueError(f"The change at {index} has neither an old nor a new item.")
    images = {"OldImage": old, "NewImage": new}
    return {
        "eventID": hashlib.md5(f"{table}/{index}".encode(), usedforsecurity=False).hexdigest(),
        "eventName": "INSERT" if old is None else "REMOVE" if new is None else "MODIFY",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": REGION,
        "dynamodb": {
            "ApproximateCreationDateTime": EPOCH // 1000,
            "Keys": _attributes({key: item[key] for key in keys}),
            **{name: _attributes(image) for name, image in images.items() if image is not None},
            "SequenceNumber": str(4421584500000000017450439091 + index),
            "SizeBytes": 26,
            "StreamViewType": "NEW_AND_OLD_IMAGES",
        },
        "eventSourceARN": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{table}/stream/2026-01-01T00:00:00.000",
    }


def _attributes(item: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return {name: _attribute(value) for name, value in item.items()}


def _attribute(value: Any) -> dict[str, Any]:
    """A value with its type, as DynamoDB's JSON has it.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html
    """
    if value is None:
        return {"NULL": True}
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, OBJECT):
        return {"M": _attributes(value)}
    if type(value) in (list, tuple):
        return {"L": [_attribute(one) for one in value]}
    if type(value) in (set, frozenset):
        typed = [_scalar(one) for one in sorted(value)]
        kinds = {kind for kind, _ in typed}
        if len(kinds) != 1:
            raise TypeError(f"A set of DynamoDB holds values of one kind, and at least one; not {value!r}.")
        return {f"{kinds.pop()}S": [text for _, text in typed]}
    kind, text = _scalar(value)
    return {kind: text}


def _scalar(value: Any) -> tuple[str, str]:
    if isinstance(value, str):
        return "S", value
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return "N", str(value)
    if isinstance(value, bytes):
        return "B", base64.b64encode(value).decode()
    raise TypeError(f"DynamoDB has no type for {value!r}.")


def _same_length(name: str, given: Sequence[str] | None, records: Sequence[Any]) -> None:
    if given is not None and len(given) != len(records):
        raise ValueError(f"{name} has {len(given)} entries for {len(records)} records.")
