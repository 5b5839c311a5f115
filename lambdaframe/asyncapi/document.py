"""The AsyncAPI 3.0 document of an application: each consumer and each handler is an operation that receives.

https://www.asyncapi.com/docs/reference/specification/v3.0.0
"""

import inspect
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from lambdaframe.asyncapi.channels import Channel, event_channel, stream_channel
from lambdaframe.asyncapi.names import free_key, key_of, operation_ids
from lambdaframe.asyncapi.payloads import Payload, payloads_of
from lambdaframe.asyncapi.schemas import as_draft_07, told_apart
from lambdaframe.signature import EMPTY

if TYPE_CHECKING:
    from lambdaframe.events.handlers import Handler
    from lambdaframe.http.openapi.info import Info
    from lambdaframe.records.consumer import Consumer

Named = dict[str, dict[str, Any]]


class _Receiver(NamedTuple):
    """One operation to be. ``title``: what it takes, where the channel does not say it all."""

    consumer: "Consumer"
    channel: Channel
    payloads: list[Payload]
    title: str | None = None


def document(
    info: "Info", consumers: "Iterable[Consumer]", handlers: "Iterable[tuple[str, Handler]]"
) -> dict[str, Any]:
    """The document, of plain JSON values. ``handlers``: with their sources.

    Operations are named by their functions, messages and schemas by the types of payloads. Loads pydantic. Raises
    ConfigurationError for a type that has no JSON Schema.
    """
    from lambdaframe.http.openapi.schemas import Schemas, Shape

    receivers = [_Receiver(one, stream_channel(one), payloads_of(one)) for one in consumers]
    receivers += [
        _Receiver(one.consumer, event_channel(source, one), payloads_of(one.consumer), one.title)
        for source, one in handlers
    ]
    shapes = {
        id(payload): Shape(payload.annotation, "validation", f"{receiver.consumer.label}: the payload")
        for receiver in receivers
        for payload in receiver.payloads
        if payload.annotation is not EMPTY
    }
    schemas = Schemas(shapes.values())
    channels: Named = {}
    operations: Named = {}
    messages: Named = {}
    for name, receiver in zip(operation_ids([one.consumer.label for one in receivers]), receivers, strict=True):
        keys: list[str] = []
        for payload in receiver.payloads:
            shape = shapes.get(id(payload))
            objects = _messages(payload, None if shape is None else schemas.of(shape))
            keys.extend(_named(message, payload, name, messages) for message in objects)
        channel = _placed(receiver.channel, channels)
        channels[channel]["messages"] |= {key: {"$ref": f"#/components/messages/{key}"} for key in keys}
        operations[name] = _operation(receiver, channel, keys)
    definitions = {name: as_draft_07(schema) for name, schema in schemas.definitions.items()}
    return {
        "asyncapi": "3.0.0",
        "info": _info(info),
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages, "schemas": definitions},
    }


def _placed(channel: Channel, channels: Named) -> str:
    """The key of a channel in the document; the same for what comes from the same place."""
    for key, other in channels.items():
        if {**other, "messages": {}} == {**channel.said, "messages": {}}:
            return key
    key = free_key(channel.key, channels)
    channels[key] = {**channel.said, "messages": {}}
    return key


def _messages(payload: Payload, schema: dict[str, Any] | None) -> list[dict[str, Any]]:
    """Message Objects without their names: one, or one for each member of a discriminated union."""
    schema = payload.schema if schema is None else schema
    message: dict[str, Any] = {}
    if payload.content_type is not None:
        message["contentType"] = payload.content_type
    if payload.envelopes:
        message["x-envelopes"] = list(payload.envelopes)
    if schema is None:
        return [message]
    return [{**message, "payload": as_draft_07(one)} for one in told_apart(schema)]


def _named(message: dict[str, Any], payload: Payload, operation: str, messages: Named) -> str:
    """The key of a message in the document; the same for equal ones of the same type."""
    reference = message.get("payload", {}).get("$ref")
    name = payload.name or (operation if reference is None else reference.rpartition("/")[2])
    key = key_of(name, *payload.envelopes)
    for other, there in messages.items():
        if {**there, "name": key} == {**message, "name": key} and (other == key or reference is not None):
            return other
    key = free_key(key, messages)
    messages[key] = {"name": key, **message}
    return key


def _operation(receiver: _Receiver, channel: str, messages: list[str]) -> dict[str, Any]:
    said: dict[str, Any] = {"action": "receive", "channel": {"$ref": f"#/channels/{channel}"}}
    if receiver.title is not None:
        said["title"] = receiver.title
    function: Any = receiver.consumer.function
    while hasattr(function, "func"):  # a partial has a docstring of its own
        function = function.func
    summary = (inspect.getdoc(function) or "").partition("\n")[0]
    if summary:
        said["summary"] = summary
    said["messages"] = [{"$ref": f"#/channels/{channel}/messages/{key}"} for key in dict.fromkeys(messages)]
    return said


def _info(info: "Info") -> dict[str, Any]:
    """https://www.asyncapi.com/docs/reference/specification/v3.0.0#infoObject: as OpenAPI's, with less in it."""
    said: dict[str, Any] = info.head()["info"]
    summary = said.pop("summary", None)
    if summary is not None:
        said.setdefault("description", summary)
    if "license" in said:
        said["license"] = {name: value for name, value in said["license"].items() if name != "identifier"}
    return said
