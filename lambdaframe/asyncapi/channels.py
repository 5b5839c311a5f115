"""Where messages come from, as channels: a queue, a stream, a table, a topic, a bucket, events of a source.

A channel's address is the name that its senders know. It is None where any name will do, and for direct invocations: a
function does not know its own name here. An EventBridge address is ``source/detail-type``; of several, or of any, it
has a parameter in that place.

https://www.asyncapi.com/docs/reference/specification/v3.0.0#channelObject
https://www.asyncapi.com/docs/reference/specification/v3.0.0#channelAddressExpressionsSection
https://github.com/asyncapi/bindings/tree/master/sqs, and sns, kafka beside it
"""

from typing import Any, Final, NamedTuple

from lambdaframe.asyncapi.names import key_of
from lambdaframe.events.globs import Glob
from lambdaframe.events.handlers import Handler
from lambdaframe.events.patterns import Pattern
from lambdaframe.records.consumer import Consumer

_SCHEDULERS: Final = ["aws.events", "aws.scheduler"]

_FACTS: Final = {"s3": "bucket", "logs": "group"}
"""The field of a pattern that is the address."""


class Channel(NamedTuple):
    """``key``: what it may be called in the document. ``said``: its Channel Object, without messages."""

    key: str
    said: dict[str, Any]


def stream_channel(consumer: Consumer) -> Channel:
    """The queue, stream, table or topic of a consumer."""
    source, name = consumer.source, consumer.name
    bindings: dict[str, Any] = {}
    if name is not None and source == "sqs":
        queue = {"name": name, "fifoQueue": name.endswith(".fifo")}
        bindings = {"sqs": {"queue": queue, "bindingVersion": "0.2.0"}}
    if name is not None and source == "kafka":
        bindings = {"kafka": {"topic": name, "bindingVersion": "0.5.0"}}
    return _channel(source, name, bindings)


def event_channel(source: str, handler: Handler) -> Channel:
    """What a handler's events come from."""
    pattern = handler.pattern
    if source == "eventbridge":
        return _of_bus(pattern)
    if source == "sns":
        topic = _only(pattern, "topic")
        bindings: dict[str, Any] = {}
        if topic is not None:
            ordering = {"type": "FIFO" if topic.endswith(".fifo") else "standard"}
            bindings = {"sns": {"name": topic, "ordering": ordering, "bindingVersion": "0.1.0"}}
        return _channel(source, _only(pattern, "arn") or topic, bindings)
    return _channel(source, _only(pattern, _FACTS[source]) if source in _FACTS else None)


def _channel(source: str, address: str | None, bindings: dict[str, Any] | None = None) -> Channel:
    said: dict[str, Any] = {"address": address, "tags": [{"name": source}]}
    if bindings:
        said["bindings"] = bindings
    return Channel(key_of(source, *([] if address is None else [address])), said)


def _of_bus(pattern: Pattern) -> Channel:
    sources, types = _exact(pattern, "source"), _exact(pattern, "detail-type")
    if sources == _SCHEDULERS and types == ["Scheduled Event"]:
        resource = _only(pattern, "resources")
        return _channel("schedule", None if resource is None else resource.removeprefix("*/"))
    address: list[str] = []
    parameters: dict[str, Any] = {}
    for name, values in (("source", sources), ("detail-type", types)):
        if values is not None and len(values) == 1 and "{" not in values[0]:
            address.append(values[0])
        else:
            address.append("{" + name + "}")
            parameters[name] = {} if values is None else {"enum": values}
    channel = _channel("eventbridge", "/".join(address))
    if parameters:
        channel.said["parameters"] = parameters
    return Channel(key_of("eventbridge", *(sources or ()), *(types or ())), channel.said)


def _exact(pattern: Pattern, field: str) -> list[str] | None:
    """The texts that the field may be; None where it is not told by texts alone."""
    found = _alternatives(pattern, field)
    texts = [one.parts[0] for one in found if _is_glob(one) and len(one.parts) == 1]
    return list(dict.fromkeys(texts)) if texts and len(texts) == len(found) else None


def _only(pattern: Pattern, field: str) -> str | None:
    """The one text that the field is, or has the form of, with ``*`` for anything."""
    found = _alternatives(pattern, field)
    return "*".join(found[0].parts) if len(found) == 1 and _is_glob(found[0]) else None


def _alternatives(pattern: Pattern, field: str) -> list[Any]:
    """What the field may be in any case of the pattern; nothing where a case says nothing of it."""
    found = [case.get(field) for case in pattern.cases]
    return [one for each in found if isinstance(each, tuple) for one in each] if all(found) else []


def _is_glob(matcher: Any) -> bool:
    return isinstance(matcher, Glob) and not matcher.fold
