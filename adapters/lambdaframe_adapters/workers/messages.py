"""What AWS's APIs send, as the events that Lambda makes of it: consumers see no difference. Pure functions.

https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html
"""

import base64
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any


def sqs_event(messages: Iterable[Mapping[str, Any]], arn: str) -> dict[str, Any]:
    """The event of these messages, as ReceiveMessage gives them, of the queue with this ARN."""
    return {"Records": [sqs_record(message, arn) for message in messages]}


def sqs_record(message: Mapping[str, Any], arn: str) -> dict[str, Any]:
    """One message. Text that is missing is left out, so that the source's module finds fault with it, not this one."""
    attributes: Mapping[str, Any] = message.get("MessageAttributes") or {}
    record = {
        "messageId": message.get("MessageId"),
        "receiptHandle": message.get("ReceiptHandle"),
        "body": message.get("Body"),
        "attributes": dict(message.get("Attributes") or {}),
        "messageAttributes": {name: _attribute(value) for name, value in attributes.items()},
        "md5OfBody": message.get("MD5OfBody"),
        "eventSource": "aws:sqs",
        "eventSourceARN": arn,
        "awsRegion": _region(arn),
    }
    if "MD5OfMessageAttributes" in message:
        record["md5OfMessageAttributes"] = message["MD5OfMessageAttributes"]
    return record


def _attribute(value: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    if "StringValue" in value:
        made["stringValue"] = value["StringValue"]
    if "BinaryValue" in value:
        made["binaryValue"] = _base64(value["BinaryValue"])
    return {**made, "stringListValues": [], "binaryListValues": [], "dataType": value.get("DataType")}


def kinesis_event(records: Iterable[Mapping[str, Any]], *, arn: str, shard: str) -> dict[str, Any]:
    """The event of these records, as GetRecords gives them, of one shard of the stream with this ARN."""
    return {"Records": [_kinesis_record(record, arn, shard) for record in records]}


def _kinesis_record(record: Mapping[str, Any], arn: str, shard: str) -> dict[str, Any]:
    arrived: Any = record.get("ApproximateArrivalTimestamp")
    sequence = record["SequenceNumber"]
    return {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": record.get("PartitionKey"),
            "sequenceNumber": sequence,
            "data": _base64(record.get("Data", b"")),
            "approximateArrivalTimestamp": arrived.timestamp() if isinstance(arrived, datetime) else arrived,
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"{shard}:{sequence}",
        "eventName": "aws:kinesis:record",
        "awsRegion": _region(arn),
        "eventSourceARN": arn,
    }


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _region(arn: str) -> str:
    return arn.split(":")[3]
