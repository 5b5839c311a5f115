"""Single events as AWS services deliver them, for tests of handlers.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html
https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html
"""

import base64
import gzip
import json
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final
from urllib.parse import quote_plus
from uuid import UUID, uuid5

from lambdaframe_adapters.testing._gateway import ACCOUNT, EPOCH, REGION

_NAMESPACE: Final = UUID("6ba7b812-9dad-11d1-80b4-00c04fd430c8")
_TIME: Final = "2026-01-01T00:00:00Z"


def eventbridge_event(
    source: str,
    detail_type: str,
    detail: Any,
    *,
    resources: Sequence[str] = (),
    id: str | None = None,  # noqa: A002  the member's own name
    time: str = _TIME,
) -> dict[str, Any]:
    """An event of EventBridge. ``detail`` holds JSON values."""
    return {
        "version": "0",
        "id": id or str(uuid5(_NAMESPACE, f"{source}/{detail_type}")),
        "detail-type": detail_type,
        "source": source,
        "account": ACCOUNT,
        "time": time,
        "region": REGION,
        "resources": list(resources),
        "detail": detail,
    }


def schedule_event(name: str, *, scheduler: bool = False, time: str = _TIME) -> dict[str, Any]:
    """What a rule of this name sends when it is due; with ``scheduler`` a schedule of EventBridge Scheduler without an
    input of its own, ``"group/name"`` or a name in the group ``default``."""
    if scheduler:
        place = name if "/" in name else f"default/{name}"
        arn = f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/{place}"
        return eventbridge_event("aws.scheduler", "Scheduled Event", "{}", resources=[arn], time=time)
    arn = f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{name}"
    return eventbridge_event("aws.events", "Scheduled Event", {}, resources=[arn], time=time)


def sns_event(
    message: Any,
    *,
    topic: str = "topic",
    subject: str | None = None,
    attributes: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """A message of a topic. A message that is no string is sent as JSON.

    ``attributes``: message attributes, of str, int or Decimal, bytes and lists. Raises TypeError for other values.
    """
    text = message if isinstance(message, str) else json.dumps(message)
    arn = f"arn:aws:sns:{REGION}:{ACCOUNT}:{topic}"
    notification = {
        "Type": "Notification",
        "MessageId": str(uuid5(_NAMESPACE, f"{topic}/{text!r}")),
        "TopicArn": arn,
        "Subject": subject,
        "Message": text,
        "Timestamp": "2026-01-01T00:00:00.000Z",
        "SignatureVersion": "1",
        "Signature": "EXAMPLE",
        "SigningCertUrl": "EXAMPLE",
        "UnsubscribeUrl": "EXAMPLE",
        "MessageAttributes": {name: _attribute(value) for name, value in (attributes or {}).items()},
    }
    subscription = f"{arn}:21be56ed-a058-49f5-8c98-aedd2564c486"
    record = {
        "EventSource": "aws:sns",
        "EventVersion": "1.0",
        "EventSubscriptionArn": subscription,
        "Sns": notification,
    }
    return {"Records": [record]}


def _attribute(value: Any) -> dict[str, str]:
    if isinstance(value, str):
        return {"Type": "String", "Value": value}
    if isinstance(value, bytes):
        return {"Type": "Binary", "Value": base64.b64encode(value).decode()}
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return {"Type": "Number", "Value": str(value)}
    if isinstance(value, list):
        return {"Type": "String.Array", "Value": json.dumps(value)}
    raise TypeError(f"SNS has no type for {value!r}.")


def s3_event(
    *keys: str, bucket: str = "bucket", event: str = "ObjectCreated:Put", size: int = 1024, version: str | None = None
) -> dict[str, Any]:
    """A bucket's notification of objects with these keys, which are encoded as S3 encodes them.

    S3 sends one at a time; more make an event of as many records. ``size`` in bytes.
    """
    return {"Records": [_notification(index, key, bucket, event, size, version) for index, key in enumerate(keys)]}


def _notification(index: int, key: str, bucket: str, event: str, size: int, version: str | None) -> dict[str, Any]:
    told: dict[str, Any] = {"key": quote_plus(key, safe="/"), "sequencer": f"{0x0A1B2C3D4E5F678901 + index:018X}"}
    if not event.startswith("ObjectRemoved"):
        told |= {"size": size, "eTag": "0123456789abcdef0123456789abcdef"}
    if version is not None:
        told["versionId"] = version
    return {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": REGION,
        "eventTime": "2026-01-01T00:00:00.000Z",
        "eventName": event,
        "userIdentity": {"principalId": "EXAMPLE"},
        "requestParameters": {"sourceIPAddress": "127.0.0.1"},
        "responseElements": {"x-amz-request-id": "EXAMPLE123456789", "x-amz-id-2": "EXAMPLE"},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "notification",
            "bucket": {"name": bucket, "ownerIdentity": {"principalId": "EXAMPLE"}, "arn": f"arn:aws:s3:::{bucket}"},
            "object": told,
        },
    }


def logs_event(
    messages: Iterable[Any], *, group: str = "/aws/lambda/function", stream: str = "2026/01/01/[$LATEST]0123"
) -> dict[str, Any]:
    """Lines of a log group, compressed as a subscription sends them. A message that is no string is sent as JSON."""
    lines = [message if isinstance(message, str) else json.dumps(message) for message in messages]
    content = {
        "messageType": "DATA_MESSAGE",
        "owner": ACCOUNT,
        "logGroup": group,
        "logStream": stream,
        "subscriptionFilters": ["subscription"],
        "logEvents": [
            {"id": f"{31953106606966983378809025079804211143289615424298221568 + index}", "timestamp": EPOCH + index,
             "message": line}
            for index, line in enumerate(lines)
        ],
    }  # fmt: skip
    data = gzip.compress(json.dumps(content).encode("utf-8", "surrogatepass"), mtime=0)
    return {"awslogs": {"data": base64.b64encode(data).decode()}}
