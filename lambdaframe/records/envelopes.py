"""What wraps a payload: an EventBridge event, an SNS message, an S3 notification, a log event, as typed values.

They come by themselves or inside another source's record, as a notification that a queue has taken; so they are read
here, from decoded JSON, for both. Whoever reads one raises PoisonRecordError for a wrong shape.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Generic, TypeVar
from urllib.parse import unquote_plus

from lambdaframe.errors import PoisonRecordError

T = TypeVar("T")

_OBJECT: Final[type[Any]] = dict
_LIST: Final[type[Any]] = list


@dataclass(frozen=True, slots=True)
class EventBridgeEvent(Generic[T]):
    """An event of EventBridge. ``EventBridgeEvent[Order]`` validates ``detail`` as ``Order``.

    ``time``: aware, UTC; None where it can't be read.
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html
    """

    detail: T
    source: str
    detail_type: str
    id: str = ""
    account: str = ""
    region: str = ""
    time: datetime | None = None
    resources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SNSMessage(Generic[T]):
    """A message of a topic. ``SNSMessage[Order]`` validates ``message`` as ``Order``.

    ``topic`` is the topic's name. ``attributes``: the message attributes' values: str, int or Decimal, bytes, and for
    a ``String.Array`` a list.
    https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html
    """

    message: T
    topic: str
    topic_arn: str
    id: str = ""
    subject: str | None = None
    timestamp: datetime | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class S3Object:
    """An object that a notification of S3 tells of.

    ``key`` is the object's own, URL-decoded. ``event``: ``"ObjectCreated:Put"``; through EventBridge the detail-type,
    ``"Object Created"``. ``size`` in bytes, ``etag`` and ``version_id``: None where the event has none (a deletion).
    ``sequencer`` orders the events of one key: compare as hexadecimal numbers.
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
    """

    bucket: str
    key: str
    event: str
    size: int | None = None
    etag: str | None = None
    version_id: str | None = None
    sequencer: str | None = None
    region: str = ""
    time: datetime | None = None


@dataclass(frozen=True, slots=True)
class LogEvent:
    """One line of a CloudWatch log group. ``fields``: what a subscription's filter pattern has extracted.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html
    """

    message: str
    log_group: str
    log_stream: str
    id: str = ""
    timestamp: datetime | None = None
    owner: str = ""
    subscription_filters: tuple[str, ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict[str, str])


def eventbridge_event(event: Mapping[str, Any], detail: T) -> EventBridgeEvent[T]:
    """The event around a detail that was read from it."""
    return EventBridgeEvent(
        detail,
        source=_text(event, "source"),
        detail_type=_text(event, "detail-type"),
        id=_optional(event, "id") or "",
        account=_optional(event, "account") or "",
        region=_optional(event, "region") or "",
        time=instant(event.get("time")),
        resources=texts(event.get("resources")),
    )


def sns_message(notification: Mapping[str, Any], message: T) -> SNSMessage[T]:
    """The notification around a message that was read from it: Lambda's ``Sns`` member, or the body of an SQS message
    from a subscription without raw delivery."""
    arn = _text(notification, "TopicArn")
    return SNSMessage(
        message,
        topic=arn.rpartition(":")[2],
        topic_arn=arn,
        id=_optional(notification, "MessageId") or "",
        subject=_optional(notification, "Subject"),
        timestamp=instant(notification.get("Timestamp")),
        attributes=sns_attributes(notification),
    )


def sns_attributes(notification: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a notification's message attributes.

    A number that can't be read, and an array that is no JSON, stay text. Raises PoisonRecordError for a binary value
    that is no base64.
    https://docs.aws.amazon.com/sns/latest/dg/sns-message-attributes.html
    """
    attributes: Any = notification.get("MessageAttributes")
    if not isinstance(attributes, _OBJECT):
        return {}
    return {name: _attribute(one) for name, one in attributes.items() if isinstance(one, _OBJECT)}


def _attribute(attribute: Mapping[str, Any]) -> Any:
    import orjson

    kind, value = str(attribute.get("Type")), attribute.get("Value")
    if not isinstance(value, str):
        return value
    if kind == "Binary":
        from binascii import a2b_base64

        try:
            return a2b_base64(value, strict_mode=True)
        except ValueError:
            raise PoisonRecordError("A binary message attribute is no valid base64.") from None
    if kind.partition(".")[0] == "Number":
        return _number(value)
    if kind == "String.Array":
        try:
            found: Any = orjson.loads(value)
        except ValueError:
            return value
        return found if isinstance(found, _LIST) else value
    return value


def _number(text: str) -> Any:
    from decimal import Decimal, InvalidOperation

    if text.isascii() and len(text) < 200:
        if text.removeprefix("-").isdecimal():
            return int(text)
        try:
            found = Decimal(text)
        except InvalidOperation:
            return text
        if found.is_finite():
            return found
    return text


def s3_object(notification: Mapping[str, Any]) -> S3Object:
    """The object of one record of an S3 notification. There the key is encoded as in a form."""
    about = _object(notification, "s3")
    found = _object(about, "object")
    return S3Object(
        bucket=_text(_object(about, "bucket"), "name"),
        key=unquote_plus(_text(found, "key")),
        event=_text(notification, "eventName").removeprefix("s3:"),
        size=_size(found),
        etag=_optional(found, "eTag"),
        version_id=_optional(found, "versionId"),
        sequencer=_optional(found, "sequencer"),
        region=_optional(notification, "awsRegion") or "",
        time=instant(notification.get("eventTime")),
    )


def s3_object_of_event(event: Mapping[str, Any]) -> S3Object:
    """The object that an EventBridge event of source ``aws.s3`` tells of. There the key is not encoded.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
    """
    detail = _object(event, "detail")
    found = _object(detail, "object")
    return S3Object(
        bucket=_text(_object(detail, "bucket"), "name"),
        key=_text(found, "key"),
        event=_text(event, "detail-type"),
        size=_size(found),
        etag=_optional(found, "etag"),
        version_id=_optional(found, "version-id"),
        sequencer=_optional(found, "sequencer"),
        region=_optional(event, "region") or "",
        time=instant(event.get("time")),
    )


def instant(text: Any) -> datetime | None:
    """An aware datetime, in UTC, of a time as AWS's JSON has it (``2026-01-31T12:00:00.000Z``); None for anything
    else."""
    try:
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        return None


def texts(values: Any) -> tuple[str, ...]:
    """Those of a list that are strings; none of what is no list."""
    return tuple(one for one in values if isinstance(one, str)) if isinstance(values, _LIST) else ()


def _object(part: Mapping[str, Any], name: str) -> Any:
    value: Any = part.get(name)
    if not isinstance(value, _OBJECT):
        raise PoisonRecordError(f"The event's '{name}' is no object.")
    return value


def _text(part: Mapping[str, Any], name: str) -> str:
    value = part.get(name)
    if not isinstance(value, str):
        raise PoisonRecordError(f"The event's '{name}' is no text.")
    return value


def _optional(part: Mapping[str, Any], name: str) -> str | None:
    value = part.get(name)
    return value if isinstance(value, str) else None


def _size(found: Mapping[str, Any]) -> int | None:
    size = found.get("size")
    return size if isinstance(size, int) and not isinstance(size, bool) else None
