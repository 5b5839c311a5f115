"""What a consumer's messages hold: the type of its payload, and the envelopes around that.

A message is described by what is inside its envelopes, which are named beside it; a source's own one is not: an event
is its ``detail``, a notification its message, a log event its line.
"""

from collections.abc import Callable
from copy import deepcopy
from typing import Any, Final, NamedTuple, get_args, get_origin

from lambdaframe.records.consumer import Consumer
from lambdaframe.records.envelopes import EventBridgeEvent, LogEvent, S3Object, SNSMessage
from lambdaframe.signature import EMPTY, bare, members, read_signature

JSON: Final = "application/json"
_TEXT: Final = "text/plain"
_BYTES: Final = "application/octet-stream"

_JSON_ONLY: Final = frozenset({"eventbridge", "invoke", "dynamodb"})
"""Sources, and envelopes, in which everything is JSON."""


class Payload(NamedTuple):
    """``annotation``: the type, or EMPTY where nothing is known. ``schema``: in its place, of a format of AWS, with its
    ``name``. ``envelopes``: what it is in, the outermost first."""

    annotation: Any = EMPTY
    content_type: str | None = None
    envelopes: tuple[str, ...] = ()
    schema: dict[str, Any] | None = None
    name: str | None = None


def payloads_of(consumer: Consumer) -> list[Payload]:
    """What it takes: one, or of messages about objects in S3 several. Raises ConfigurationError for an annotation
    that can't be resolved any more."""
    if consumer.plan.payload is None:
        return [Payload()]
    source, unwrap = consumer.source, consumer.options.unwrap
    annotation, envelopes = _opened(_annotation(consumer.function, consumer.plan.payload[0], consumer), source)
    if unwrap in {"sns", "eventbridge"}:
        envelopes = (unwrap, *envelopes)
    kind = _kind(annotation)
    if kind is list and get_args(bare(annotation)) == (S3Object,):
        kind = S3Object
    if kind is S3Object or (unwrap == "s3" and annotation in (EMPTY, Any, object, list, list[Any])):
        return _of_objects(source, envelopes)
    if unwrap == "s3":
        envelopes = ("s3", *envelopes)
    if kind is LogEvent:
        annotation = str
    if annotation is EMPTY or annotation is object:
        annotation = Any
    return [Payload(annotation, _content_type(annotation, [source, *envelopes][-1]), envelopes)]


def _annotation(function: Callable[..., Any], name: str, consumer: Consumer) -> Any:
    """The type of one message, also where the function takes several together."""
    written = next(one.annotation for one in read_signature(function).arguments if one.name == name)
    if consumer.options.batch:
        return (get_args(bare(written)) or (Any,))[0]
    if consumer.source == "logs" and _kind(written) is list:
        return (get_args(bare(written)) or (LogEvent,))[0]
    return written


def _opened(annotation: Any, source: str) -> tuple[Any, tuple[str, ...]]:
    """What is inside the envelopes of an annotation, and which they are but for the source's own."""
    envelopes: list[str] = []
    while (kind := _kind(annotation)) in (SNSMessage, EventBridgeEvent):
        name = "sns" if kind is SNSMessage else "eventbridge"
        if envelopes or name != source:
            envelopes.append(name)
        annotation = (get_args(bare(annotation)) or (Any,))[0]
    return annotation, tuple(envelopes)


def _kind(annotation: Any) -> Any:
    plain = bare(annotation)
    return get_origin(plain) or plain


def _content_type(annotation: Any, around: str) -> str:
    plain = {id(bare(member)) for member in members(annotation)}
    if around in _JSON_ONLY or len(plain) != 1:
        return JSON
    return _TEXT if plain == {id(str)} else _BYTES if plain == {id(bytes)} else JSON


def _of_objects(source: str, envelopes: tuple[str, ...]) -> list[Payload]:
    """A queue may get them from the bucket or through EventBridge."""
    detail = Payload(content_type=JSON, envelopes=envelopes, schema=deepcopy(_DETAIL), name="S3Detail")
    record = Payload(content_type=JSON, envelopes=envelopes, schema=deepcopy(_RECORD), name="S3Record")
    if [source, *envelopes][-1] == "eventbridge":
        return [detail]
    if source == "s3":
        return [record]
    records = {"type": "array", "items": record.schema, "minItems": 1}
    notification = {"type": "object", "properties": {"Records": records}, "required": ["Records"]}
    return [
        record._replace(schema=notification, name="S3Notification"),
        detail._replace(envelopes=(*envelopes, "eventbridge")),
    ]


def _about(etag: str, version: str) -> dict[str, Any]:
    """The part about the bucket and the object, which the two formats have alike but for these names."""
    known = {"size": {"type": "integer"}, etag: {"type": "string"}, version: {"type": "string"}}
    found = {"key": {"type": "string"}, **known, "sequencer": {"type": "string"}}
    bucket = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
    return {
        "type": "object",
        "properties": {"bucket": bucket, "object": {"type": "object", "properties": found, "required": ["key"]}},
        "required": ["bucket", "object"],
    }


_DETAIL: Final = _about("etag", "version-id")
"""https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html"""

_RECORD: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "eventName": {"type": "string"},
        "eventTime": {"type": "string", "format": "date-time"},
        "awsRegion": {"type": "string"},
        "s3": _about("eTag", "versionId"),
    },
    "required": ["eventName", "s3"],
}
"""https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html"""
