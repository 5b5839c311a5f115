"""Where records go that no retry will mend: to a function, or as a message to an SQS queue.

The message's body is the record's, as it was. Its attributes say what went wrong, and then carry the record's own as
far as there is room for them.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
"""

import json
import re
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from hashlib import sha256
from importlib.util import find_spec
from typing import Any

from lambdaframe.concurrency import in_thread, is_async_callable
from lambdaframe.errors import ConfigurationError, DeadLetterError, PoisonRecordError
from lambdaframe.records.policy import Sink
from lambdaframe.records.queues import Queue, Queues, parse_queue
from lambdaframe.records.record import Record
from lambdaframe.signature import describe, takes

SIZE = 1_048_576
"""Bytes of a message, attributes included."""

ATTRIBUTES = 10
"""Attributes of a message."""

REASON = 1_000
"""Characters of the reason."""

_UNFIT = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that a message can't hold."""

_ATTRIBUTE = re.compile(r"(?!(?i:aws|amazon)\.)[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")
_GROUP = re.compile(r"[!-~]{1,128}")

_SCHEME = "sqs://"


def open_sink(target: str | Callable[..., Any], label: str, queues: Queues) -> Sink:
    """What takes the records of the consumer of this name. Raises ConfigurationError for what can't."""
    if isinstance(target, str):
        queue = parse_queue(target.removeprefix(_SCHEME)) if target.startswith(_SCHEME) else None
        if queue is None:
            raise ConfigurationError(
                f"{label}: dead_letter={target!r} is no queue: write 'sqs://' and its name or URL, as in "
                "'sqs://orders-dead'."
            )
        if find_spec("aioboto3") is None:
            raise ConfigurationError(f"{label}: dead_letter={target!r} needs aioboto3: pip install 'lambdaframe[aws]'.")
        return QueueSink(queue, label, queues)
    if not callable(target) or not takes(target, 2):
        named = describe(target) if callable(target) else repr(target)
        raise ConfigurationError(
            f"{label}: dead_letter is 'sqs://queue' or a function of (record, error), not {named}."
        )
    return target if is_async_callable(target) else in_thread(target)


class QueueSink:
    """Sends records to a queue. Raises what the client raises, and DeadLetterError for a record that does not fit."""

    __slots__ = ("_label", "_queue", "_queues")

    def __init__(self, queue: Queue, label: str, queues: Queues) -> None:
        self._queue = queue
        self._label = label
        self._queues = queues

    async def __call__(self, record: Record, error: BaseException) -> None:
        await self._queues.send(self._queue, dead_letter(record, error, self._label, fifo=self._queue.fifo))


def dead_letter(record: Record, error: BaseException, consumer: str, *, fifo: bool = False) -> dict[str, Any]:
    """What ``SendMessage`` takes, but the queue.

    Attributes: ``error_type``, ``reason``, ``consumer``, ``source``, ``record_id``, ``receive_count``, and ``encoding``
    where the body is not as it was: ``base64`` of bytes that are no text, or ``raw``, the whole record as JSON, where
    it has no body that could be sent. Raises DeadLetterError for a record that is too large.
    """
    body, encoding = _body(record)
    attributes = {
        "error_type": _text(type(error).__name__),
        "reason": _text(str(error)[:REASON]),
        "consumer": _text(consumer),
        "source": _text(record.source),
        "record_id": _text(record.id),
        "receive_count": {"DataType": "Number", "StringValue": str(_count(record))},
    }
    if encoding is not None:
        attributes["encoding"] = _text(encoding)
    room = SIZE - len(body.encode()) - sum(_size(name, one) for name, one in attributes.items())
    if room < 0:
        raise DeadLetterError(f"{record!r} is {-room:,} bytes larger than a message of SQS, of {SIZE:,} bytes, can be.")
    for name, value in _own(record):
        room -= _size(name, value)
        if len(attributes) < ATTRIBUTES and room >= 0 and name not in attributes:
            attributes[name] = value
    message: dict[str, Any] = {"MessageBody": body, "MessageAttributes": attributes}
    if fifo:
        identity = sha256(f"{consumer}|{record.source}|{record.id}".encode("utf-8", "surrogatepass")).hexdigest()
        group = record.group or identity
        message["MessageGroupId"] = (
            group if _GROUP.fullmatch(group) else sha256(group.encode("utf-8", "surrogatepass")).hexdigest()
        )
        message["MessageDeduplicationId"] = identity
    return message


def _body(record: Record) -> tuple[str, str | None]:
    """The text to send, and how it is encoded if it is not the body itself."""
    try:
        body = record.body
    except PoisonRecordError:
        body = None
    if isinstance(body, str) and body and not _UNFIT.search(body):
        return body, None
    if isinstance(body, bytes) and body:
        try:
            text = body.decode()
        except UnicodeDecodeError:
            text = "\0"
        return (b64encode(body).decode(), "base64") if _UNFIT.search(text) else (text, None)
    return json.dumps(record.raw, default=_plain, separators=(",", ":")), "raw"


def _plain(value: Any) -> Any:
    """What JSON does not know: bytes as base64, a mapping as an object, everything else as text."""
    if isinstance(value, bytes):
        return b64encode(value).decode()
    return {**value} if isinstance(value, Mapping) else str(value)  # pyright: ignore[reportUnknownVariableType]


def _count(record: Record) -> int:
    try:
        return record.receive_count
    except (LookupError, TypeError, ValueError):
        return 1


def _own(record: Record) -> Iterator[tuple[str, dict[str, Any]]]:
    """The record's own attributes that a message can have."""
    try:
        own = dict(record.attributes)
    except PoisonRecordError:
        return
    for name, value in own.items():
        if not (_ATTRIBUTE.fullmatch(name) and len(name) <= 256):
            continue
        if isinstance(value, bytes) and value:
            yield name, {"DataType": "Binary", "BinaryValue": value}
        elif isinstance(value, int | Decimal) and not isinstance(value, bool):
            yield name, {"DataType": "Number", "StringValue": str(value)}
        elif isinstance(value, str) and value and not _UNFIT.search(value):
            yield name, {"DataType": "String", "StringValue": value}


def _text(value: str) -> dict[str, Any]:
    return {"DataType": "String", "StringValue": _UNFIT.sub("\ufffd", value) or "-"}


def _size(name: str, attribute: Mapping[str, Any]) -> int:
    value: Any = attribute.get("BinaryValue") or attribute["StringValue"].encode()
    return len(name) + len(attribute["DataType"]) + len(value)
