"""DynamoDB Streams. A batch is from one shard and in order; the order that counts is that of one item's changes.

https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html
Attribute values: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_AttributeValue.html
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

import orjson

from lambdaframe.errors import PoisonRecordError
from lambdaframe.records.record import Record, RecordFields
from lambdaframe.types import Event, LambdaContext, Scope
from lambdaframe_adapters import _records
from lambdaframe_adapters._json import OBJECT

name: Final = "dynamodb"
kind: Final = "records"

_SERVICE: Final = "aws:dynamodb"
_OPERATIONS: Final = frozenset({"INSERT", "MODIFY", "REMOVE"})


def matches(event: Any) -> bool:
    """A batch of ``aws:dynamodb``."""
    return _records.are_from(event, _SERVICE)


def identities(event: Event) -> tuple[str, ...]:
    """The ARNs of the stream and of its table, and the account's id."""
    return _records.identities(event, owner=True)


def scope(event: Event, context: LambdaContext | None) -> Scope:
    """The ``records`` scope; see ``sources.RecordSource``. ``name`` is the table's."""
    arn = _records.arn_of(event)
    _check(event["Records"])
    return _records.scope(event, context, source=name, name=_records.stream_name(arn), arn=arn, order="checkpoint")


def _check(records: list[Any]) -> None:
    try:
        for raw in records:
            # Comparing refuses what is no string, and the empty one: half the time of asking for both.
            if raw["eventSource"] != _SERVICE or not raw["dynamodb"]["SequenceNumber"] > "":
                break
        else:
            return
    except (KeyError, TypeError):
        pass
    raise _records.broken_batch(records, _SERVICE, _sequence_number, "dynamodb.SequenceNumber")


def records(event: Event) -> Iterator[Record]:
    """One record for each change. ``id``: the sequence number. ``group``: the item's key, as JSON with sorted names."""
    for raw in event["Records"]:
        change = raw["dynamodb"]
        yield Record(change["SequenceNumber"], raw, _FIELDS, _group(change.get("Keys")))


def _group(keys: Any) -> str | None:
    if not keys:
        return None
    try:
        return orjson.dumps(keys, option=orjson.OPT_SORT_KEYS).decode()
    except TypeError:  # a lone surrogate, which DynamoDB can't hold but JSON can
        return repr(keys)


def failures(event: Event, not_done: Collection[str], received: int) -> dict[str, Any]:
    """The answer: the lowest sequence number that is not done; see ``sources.RecordSource``."""
    return _records.checkpoint(event["Records"], _sequence_number, not_done, received)


def _sequence_number(raw: Mapping[str, Any]) -> Any:
    return raw["dynamodb"]["SequenceNumber"]


def _sequence(raw: Mapping[str, Any]) -> int:
    return _records.position(_sequence_number(raw))


def _timestamp(raw: Mapping[str, Any]) -> datetime | None:
    return _records.instant(raw["dynamodb"].get("ApproximateCreationDateTime"))


def _body(raw: Mapping[str, Any]) -> dict[str, Any]:
    """``{"operation", "keys", "old", "new"}``; an image that the stream's view type leaves out is None."""
    operation: Any = raw.get("eventName")
    change = raw["dynamodb"]
    try:
        if operation not in _OPERATIONS:
            raise PoisonRecordError(f"The operation {operation!r} is none of {sorted(_OPERATIONS)}.")
        return {
            "operation": operation,
            "keys": _item(change.get("Keys")) or {},
            "old": _item(change.get("OldImage")),
            "new": _item(change.get("NewImage")),
        }
    except (TypeError, AttributeError, RecursionError):
        raise PoisonRecordError("The change or an attribute value of the item is of a wrong shape.") from None


def _item(image: Any) -> dict[str, Any] | None:
    return None if image is None else {attribute: _value(value) for attribute, value in image.items()}


def _value(typed: Mapping[str, Any]) -> Any:
    """An attribute value as Python has it: ``{"N": "1"}`` is 1."""
    for code, value in typed.items():
        read = _READERS.get(code)
        if read is not None and value is not None:
            return read(value)
    raise PoisonRecordError(f"No known type in the attribute value of {sorted(typed)}.")


def _is(kind_of_value: type[Any]) -> Callable[[Any], Any]:
    def checked(value: Any) -> Any:
        if not isinstance(value, kind_of_value):
            raise PoisonRecordError(f"An attribute value of the item is no {kind_of_value.__name__}.")
        return value

    return checked


_text, _flag, _members = _is(str), _is(bool), _is(list)

_READERS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "S": _text,
    "N": _records.number,
    "B": _records.binary,
    "BOOL": _flag,
    "NULL": lambda value: None,
    "M": lambda value: {attribute: _value(inner) for attribute, inner in value.items()},
    "L": lambda value: [_value(inner) for inner in _members(value)],
    "SS": lambda value: {_text(one) for one in _members(value)},
    "NS": lambda value: {_records.number(one) for one in _members(value)},
    "BS": lambda value: {_records.binary(one) for one in _members(value)},
}


def _attributes(raw: Mapping[str, Any]) -> dict[str, Any]:
    """``view_type``: which images the stream has. ``expired``: the item's time to live has ended, nobody deleted it.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/time-to-live-ttl-streams.html
    """
    by: Any = raw.get("userIdentity")
    return {
        "view_type": raw["dynamodb"].get("StreamViewType"),
        "expired": isinstance(by, OBJECT) and (by.get("type"), by.get("principalId")) == _TIME_TO_LIVE,
    }


_TIME_TO_LIVE: Final = ("Service", "dynamodb.amazonaws.com")

_FIELDS: Final = RecordFields(source=name, body=_body, attributes=_attributes, timestamp=_timestamp, sequence=_sequence)
