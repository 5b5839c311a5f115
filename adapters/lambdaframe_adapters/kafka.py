"""Kafka topics, of Amazon MSK and of a cluster of one's own. A batch may hold several partitions; each is in order.

https://docs.aws.amazon.com/lambda/latest/dg/with-msk.html
https://docs.aws.amazon.com/lambda/latest/dg/with-kafka.html
https://docs.aws.amazon.com/lambda/latest/dg/kafka-retry-configurations.html
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime
from itertools import zip_longest
from typing import Any, Final

from lambdaframe.errors import MalformedEventError, PoisonRecordError
from lambdaframe.records.kafka import KafkaRecord
from lambdaframe.records.record import Record, RecordFields
from lambdaframe.tracecontext import carrier_of
from lambdaframe.types import Event, LambdaContext, Scope
from lambdaframe_adapters import _events, _records
from lambdaframe_adapters._identity import identities as identities_of
from lambdaframe_adapters._json import ARRAY, OBJECT

name: Final = "kafka"
kind: Final = "records"

# The last one is how early events of clusters of one's own were marked, and how some tools still mark them.
_SERVICES: Final = ("aws:kafka", "SelfManagedKafka", "aws:SelfManagedKafka")


def matches(event: Any) -> bool:
    """A batch of ``aws:kafka`` or ``SelfManagedKafka``: its ``records`` are an object of lists."""
    return (
        isinstance(event, OBJECT)
        and event.get("eventSource") in _SERVICES
        and isinstance(event.get("records"), OBJECT)
        and _events.tells_only(event, "records")
    )


def identities(event: Event) -> tuple[str, ...]:
    """The cluster's ARN and its account's id; of a cluster of one's own the bootstrap servers."""
    arn = _arn(event)
    if arn is not None:
        return identities_of(arn)
    servers = event.get("bootstrapServers")
    return tuple(filter(None, servers.split(","))) if isinstance(servers, str) else ()


def _arn(event: Event) -> str | None:
    arn = event.get("eventSourceArn")
    return arn if isinstance(arn, str) and arn else None


def scope(event: Event, context: LambdaContext | None) -> Scope:
    """The ``records`` scope; see ``sources.RecordSource``. ``name`` is the topic's.

    For a batch of several topics, or of none, ``name`` is None and ``names`` has them all: each record is for the
    consumer of its own topic. ``arn`` is the cluster's, None for a cluster of one's own.
    """
    topics = _topics(event["records"])
    name_of_all = topics[0] if len(topics) == 1 else None
    made = _records.scope(event, context, source=name, name=name_of_all, arn=_arn(event), order="partition")
    if name_of_all is None:
        made["names"] = topics
    return made


def _topics(parts: Mapping[str, Any]) -> tuple[str, ...]:
    """The topics of all records, after a check that an answer can name each of them."""
    found: dict[str, None] = {}
    for place, part in parts.items():
        if not isinstance(part, ARRAY):
            raise MalformedEventError(f"The records of {place[:80]!r} are no list.")
        for index, raw in enumerate(part):
            try:
                topic = raw["topic"]
                # The types themselves: a bool is an int, too, and no offset.
                if type(topic) is str and topic and type(raw["partition"]) is int and type(raw["offset"]) is int:
                    found[topic] = None
                    continue
            except (KeyError, TypeError):
                pass
            raise MalformedEventError(
                f"Record {index} of {place[:80]!r} has no topic, partition and offset: no answer could name it."
            )
    return tuple(found)


def records(event: Event) -> Iterator[Record]:
    """One record for each of the batch. ``id``: ``topic-partition@offset``. ``group``: ``topic-partition``.

    The partitions take turns, so that they are worked on side by side however many records the first one has.
    """
    for raw in _in_turn(event):
        group = _group(raw)
        yield KafkaRecord(f"{group}@{raw['offset']}", raw, _FIELDS, group)


def _in_turn(event: Event) -> Iterator[Mapping[str, Any]]:
    for turn in zip_longest(*event["records"].values()):
        for raw in turn:
            if raw is not None:
                yield raw


def _group(raw: Mapping[str, Any]) -> str:
    return f"{raw['topic']}-{raw['partition']}"


def failures(event: Event, not_done: Collection[str], received: int) -> dict[str, Any]:
    """The answer: of each partition the lowest offset that is not done; see ``sources.RecordSource``."""
    if not not_done and received >= sum(map(len, event["records"].values())):
        return {"batchItemFailures": []}
    lowest: dict[str, int] = {}
    for index, raw in enumerate(_in_turn(event)):
        group, offset = _group(raw), raw["offset"]
        if index >= received or f"{group}@{offset}" in not_done:
            lowest[group] = min(offset, lowest.get(group, offset))
    return {
        "batchItemFailures": [
            {"itemIdentifier": {"partition": group, "offset": offset}} for group, offset in lowest.items()
        ]
    }


def _body(raw: Mapping[str, Any]) -> Any:
    """The value as bytes; None for a tombstone. What a schema registry has made an object or a list stays one."""
    value = raw.get("value")
    return _records.binary(value) if isinstance(value, str) else value


def _key(raw: Mapping[str, Any]) -> bytes | None:
    key = raw.get("key")
    return None if key is None else _records.binary(key)


def _headers(raw: Mapping[str, Any]) -> dict[str, bytes]:
    """Each header is an object of one member: a list of bytes, which are signed where the JVM has written them."""
    try:
        return {
            header: bytes([octet & 0xFF for octet in octets or ()])
            for each in raw.get("headers") or ()
            for header, octets in each.items()
        }
    except (AttributeError, TypeError):
        raise PoisonRecordError("The record's headers are of a wrong shape.") from None


def _timestamp(raw: Mapping[str, Any]) -> datetime | None:
    milliseconds = raw.get("timestamp")
    if not isinstance(milliseconds, int | float) or milliseconds < 0:  # -1: there is none
        return None
    return _records.instant(milliseconds, per_second=1000)


_ATTRIBUTES: Final[Mapping[str, Callable[[Mapping[str, Any]], Any]]] = {
    "topic": lambda raw: raw["topic"],
    "partition": lambda raw: raw["partition"],
    "offset": lambda raw: raw["offset"],
    "key": _key,
    "headers": _headers,
    "timestamp_type": lambda raw: raw.get("timestampType"),
    # Of a schema registry: {"dataFormat": "AVRO", "schemaId": "1234"}.
    "key_schema": lambda raw: raw.get("keySchemaMetadata"),
    "value_schema": lambda raw: raw.get("valueSchemaMetadata"),
}


class _Attributes(Mapping[str, Any]):
    """Read one by one: whoever asks for the topic does not pay for the headers, nor fail with them."""

    __slots__ = ("_raw",)

    def __init__(self, raw: Mapping[str, Any]) -> None:
        self._raw = raw

    def __getitem__(self, attribute: str) -> Any:
        return _ATTRIBUTES[attribute](self._raw)

    def __iter__(self) -> Iterator[str]:
        return iter(_ATTRIBUTES)

    def __len__(self) -> int:
        return len(_ATTRIBUTES)

    def __repr__(self) -> str:
        return repr(dict(self))


def _offset(raw: Mapping[str, Any]) -> int:
    offset: int = raw["offset"]
    return offset


def _carrier(raw: Mapping[str, Any]) -> dict[str, str]:
    return carrier_of(_headers(raw))


_FIELDS: Final = RecordFields(
    source=name, body=_body, attributes=_Attributes, timestamp=_timestamp, sequence=_offset, carrier=_carrier
)
