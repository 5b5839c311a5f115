"""Payloads that came to their source inside an envelope: of SNS, of EventBridge, as a notification of S3.

What is inside is taken out by annotation (``SNSMessage[Order]``, ``EventBridgeEvent[Order]``, ``list[S3Object]``), with
what the envelope says; or by ``unwrap=``, the payload alone. Envelopes may hold others: ``SNSMessage[list[S3Object]]``.

https://docs.aws.amazon.com/sns/latest/dg/sns-large-payload-raw-message-delivery.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html
"""

import sys
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias, get_args, get_origin

import orjson

from lambdaframe.errors import ConfigurationError, DropRecordError, PoisonRecordError
from lambdaframe.records.payload import Read, Typed, reader
from lambdaframe.records.record import Record, RecordFields
from lambdaframe.signature import EMPTY, bare

Open: TypeAlias = Callable[[Record], tuple[Any, Any]]
"""Gives the envelope and what is in it, not yet read as a type. Raises PoisonRecordError."""

Close: TypeAlias = Callable[[Any, Any], Any]
"""What the consumer gets: made of the envelope and of what was read from it."""

_OPEN_TYPES = (EMPTY, Any, object, list, list[Any])


def unwrapping_reader(annotation: Any, where: str, unwrap: str | None = None) -> Read:
    """What gives a record's payload as this type, taken out of its envelope where it has one.

    ``unwrap``: ``"sns"``, ``"s3"``, ``"eventbridge"`` or None. ``where``: the argument, for messages. Calling it raises
    PoisonRecordError for what is no such envelope, or does not fit; and DropRecordError for the message by which S3
    tests a queue. Raises ConfigurationError for a type that can't be validated, or in which the envelope is hidden.
    """
    if unwrap is None and "lambdaframe.records.envelopes" not in sys.modules:
        return reader(annotation, where)  # no type is an envelope then: they are loaded by those who use them
    if unwrap is None:
        return _by_annotation(annotation, where)
    from lambdaframe.records.envelopes import EventBridgeEvent, S3Object, SNSMessage

    kinds = {_kind(one) for one in _inside(annotation)} | {_kind(annotation)}
    if unwrap == "s3":
        if S3Object in kinds or annotation in _OPEN_TYPES:
            return _by_annotation(annotation if S3Object in kinds else list[S3Object], where)
        return _Unwrapped(_opened_notification, reader(annotation, where), _inner, "the records of the S3 notification")
    if (unwrap == "sns" and SNSMessage in kinds) or (unwrap == "eventbridge" and kinds & {EventBridgeEvent, S3Object}):
        raise ConfigurationError(f"{where} is read from the envelope itself: leave unwrap={unwrap!r} out.")
    if unwrap == "sns":
        return _Unwrapped(_opened_or_raw, _by_annotation(annotation, where), _inner, "SNS message")
    return _Unwrapped(_opened_event, _detail_reader(annotation, where), _inner, "detail")


def _by_annotation(annotation: Any, where: str) -> Read:
    from lambdaframe.records.envelopes import EventBridgeEvent, S3Object, SNSMessage, eventbridge_event, sns_message

    kind, arguments = _kind(annotation), get_args(bare(annotation))
    if kind is SNSMessage:
        inner = _by_annotation(arguments[0] if arguments else Any, where)
        return _Unwrapped(_opened_message, inner, sns_message, "SNS message")
    if kind is EventBridgeEvent:
        inner = _detail_reader(arguments[0] if arguments else Any, where)
        return _Unwrapped(_opened_event, inner, eventbridge_event, "detail")
    if kind is S3Object:
        return _one_object
    if kind is list and arguments == (S3Object,):
        return _objects
    hidden = [one for one in _inside(annotation) if _kind(one) in _envelopes()]
    if hidden or kind in _envelopes():
        raise ConfigurationError(
            f"{where}: an envelope stands by itself, as in SNSMessage[A | B], EventBridgeEvent[Order], S3Object and "
            "list[S3Object], and LogEvent is for app.logs."
        )
    return reader(annotation, where)


def _detail_reader(annotation: Any, where: str) -> Read:
    if bare(annotation) in (str, bytes):
        raise ConfigurationError(f"{where}: the detail of an event is an object: take a model or dict.")
    return _by_annotation(annotation, where)


def _envelopes() -> tuple[Any, ...]:
    from lambdaframe.records.envelopes import EventBridgeEvent, LogEvent, S3Object, SNSMessage

    return EventBridgeEvent, LogEvent, S3Object, SNSMessage


def _kind(annotation: Any) -> Any:
    plain = bare(annotation)
    kind = get_origin(plain) or plain
    return kind if isinstance(kind, type) else None  # an annotation may be unhashable


def _inside(annotation: Any) -> Iterator[Any]:
    for argument in get_args(annotation):
        yield argument
        yield from _inside(argument)


class _Unwrapped:
    """Reads what is in an envelope. ``named``: what a reason calls it."""

    __slots__ = ("_close", "_named", "_open", "_read")

    def __init__(self, opened: Open, read: Read, close: Close, named: str) -> None:
        self._open = opened
        self._read = read
        self._close = close
        self._named = named

    def __call__(self, record: Record) -> Any:
        envelope, body = self._open(record)
        if isinstance(self._read, Typed) and not isinstance(body, str | bytes):
            body = _dumped(body)  # to be validated as the JSON it was, not as Python values
        try:
            payload = self._read(Record(record.id, {"body": body}, _INNER))
        except PoisonRecordError as exc:
            raise PoisonRecordError(str(exc).replace("The body", f"The {self._named}", 1)) from None
        return self._close(envelope, payload)

    def warm(self) -> None:
        """Build the validator now. Raises ConfigurationError for a type that can't be validated."""
        warm: Callable[[], object] | None = getattr(self._read, "warm", None)
        if warm is not None:
            warm()


_INNER = RecordFields("", body=lambda raw: raw["body"])


def _inner(envelope: Any, payload: Any) -> Any:
    return payload


def _dumped(value: Any) -> bytes:
    try:
        return orjson.dumps(value)
    except TypeError as exc:  # a lone surrogate, a number of more than 64 bits
        raise PoisonRecordError(f"The body can't be written as JSON: {exc}") from None


# Envelopes


def _decoded(record: Record, what: str) -> Any:
    """The body as a JSON object."""
    body: Any = record.body
    if isinstance(body, str | bytes):
        try:
            body = orjson.loads(body)
        except orjson.JSONDecodeError:
            raise PoisonRecordError(f"The body is no {what}: it is not JSON") from None
    if not isinstance(body, dict):
        raise PoisonRecordError(f"The body is no {what}: it is a {type(body).__name__}, not an object")
    return body  # pyright: ignore[reportUnknownVariableType] -- of any JSON values


def _opened_message(record: Record) -> tuple[Any, Any]:
    notification = _decoded(record, "SNS notification")
    if not _is_of_sns(notification):
        raise PoisonRecordError(
            "The body is no SNS notification: it has no Type and TopicArn. Does the subscription deliver raw messages?"
        )
    return notification, _message(notification)


def _opened_or_raw(record: Record) -> tuple[Any, Any]:
    """A subscription may deliver raw messages, which are in no envelope; it may even be switched over."""
    try:
        notification = _decoded(record, "SNS notification")
    except PoisonRecordError:
        return None, record.body
    return (notification, _message(notification)) if _is_of_sns(notification) else (None, record.body)


def _is_of_sns(notification: Any) -> bool:
    return isinstance(notification.get("TopicArn"), str) and isinstance(notification.get("Type"), str)


def _message(notification: Any) -> str:
    kind = notification["Type"]
    if kind != "Notification":
        raise PoisonRecordError(f"The body is no SNS notification: it is a {str(kind)[:40]!r}")
    message = notification.get("Message")
    if not isinstance(message, str):
        raise PoisonRecordError("The body is no SNS notification: it has no Message")
    return message


def _opened_event(record: Record) -> tuple[Any, Any]:
    event = _decoded(record, "EventBridge event")
    for member in ("detail-type", "source", "detail"):
        if member not in event:
            raise PoisonRecordError(f"The body is no EventBridge event: it has no {member!r}")
    return event, event["detail"]


def _opened_notification(record: Record) -> tuple[Any, Any]:
    """An S3 notification, and its records."""
    notification = _decoded(record, "S3 notification")
    if notification.get("Event") == "s3:TestEvent":
        raise DropRecordError("It is the message by which S3 tests a new configuration of notifications")
    found = notification.get("Records")
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found) or not found:  # pyright: ignore[reportUnknownVariableType]
        if _is_of_sns(notification):
            raise PoisonRecordError(
                "The body is no S3 notification but one of SNS: take SNSMessage[list[S3Object]], or write unwrap='sns'"
            )
        raise PoisonRecordError("The body is no S3 notification: it has no Records")
    return notification, found  # pyright: ignore[reportUnknownVariableType]


def _objects(record: Record) -> list[Any]:
    """The objects of an S3 notification, or of an EventBridge event of S3."""
    from lambdaframe.records.envelopes import s3_object, s3_object_of_event

    body = _decoded(record, "S3 notification")
    if "detail-type" in body and body.get("source") == "aws.s3":
        return [s3_object_of_event(body)]
    return [s3_object(one) for one in _opened_notification(record)[1]]


def _one_object(record: Record) -> Any:
    objects = _objects(record)
    if len(objects) != 1:
        raise PoisonRecordError(f"The body tells of {len(objects)} objects: take list[S3Object]")
    return objects[0]
