"""Shared pure code of the record sources: which events are theirs, how ids are checked, and the partial batch answer.

https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html
"""

from binascii import a2b_base64
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from typing import Any

from lambdaframe.errors import MalformedEventError, PoisonRecordError
from lambdaframe.types import Event, LambdaContext, Scope
from lambdaframe_adapters._identity import identities as identities_of
from lambdaframe_adapters._json import ARRAY, OBJECT

Raw = Mapping[str, Any]


def are_from(event: Any, service: str) -> bool:
    """Whether the event is a batch whose first record is of this ``eventSource`` (``"aws:sqs"``)."""
    if not isinstance(event, OBJECT) or "requestContext" in event:
        return False
    records = event.get("Records")
    return (
        isinstance(records, ARRAY)
        and bool(records)
        and isinstance(records[0], OBJECT)
        and records[0].get("eventSource") == service
    )


def broken_batch(
    records: list[Any], service: str, identify: Callable[[Raw], Any], identifier: str
) -> MalformedEventError:
    """The error for a batch that did not pass its source's check; it names the first record that is wrong."""
    index = 0
    for index, raw in enumerate(records):
        if not isinstance(raw, OBJECT):
            return MalformedEventError(f"Record {index} is no object.")
        seen = raw.get("eventSource")
        if seen != service:
            return MalformedEventError(f"Record {index} is of {str(seen)[:40]!r}, the first one of {service!r}.")
        try:
            found = identify(raw)
        except (KeyError, TypeError):
            break
        if not found or not isinstance(found, str):
            break
    return MalformedEventError(f"Record {index} has no {identifier}: no answer could name it.")


def scope(
    event: Event, context: LambdaContext | None, *, source: str, name: str | None, arn: str | None, order: str
) -> Scope:
    """The ``records`` scope. ``order``: ``none``, ``group`` (each group in order), ``checkpoint`` (a stream) or
    ``partition`` (each of several streams)."""
    return {
        "type": "records",
        "asgi": {"version": "3.0"},
        "source": source,
        "name": name,
        "arn": arn,
        "order": order,
        "extensions": {"lambda": {"event": event, "context": context}},
    }


def arn_of(event: Event) -> str:
    """The ``eventSourceARN`` of the batch.

    Raises MalformedEventError where there is none: no consumer could be chosen.
    """
    arn = event["Records"][0].get("eventSourceARN")
    if not isinstance(arn, str) or not arn:
        raise MalformedEventError("The first record has no eventSourceARN.")
    return arn


def identities(event: Event, *, owner: bool = False) -> tuple[str, ...]:
    """The ``eventSourceARN`` that all records share, and its account's id; none where they differ.

    ``owner``: the ARN of the stream or table, too, of which the ARN names a consumer or a stream.
    """
    arns: list[Any] = [raw.get("eventSourceARN") if isinstance(raw, OBJECT) else None for raw in event["Records"]]
    arn = arns[0]
    if not isinstance(arn, str) or arns.count(arn) < len(arns):
        return ()
    return identities_of(arn, "/".join(arn.split("/")[:2]) if owner else None)


def stream_name(arn: str) -> str:
    """The name in ``arn:…:stream/NAME/consumer/…`` or ``arn:…:table/NAME/stream/…``."""
    resource = arn.split(":", 5)[-1].split("/")
    return resource[1] if len(resource) > 1 else resource[0]


def checkpoint(
    records: list[Raw], sequence: Callable[[Raw], str], not_done: Collection[str], received: int
) -> dict[str, Any]:
    """The answer of a stream: the lowest sequence number that is not done, as an integer. Lambda goes on from there."""
    if not not_done and received >= len(records):
        return {"batchItemFailures": []}
    numbers = map(sequence, records)
    open_ = [one for index, one in enumerate(numbers) if index >= received or one in not_done]
    return {"batchItemFailures": [{"itemIdentifier": min(open_, key=position)}] if open_ else []}


def position(sequence_number: str) -> int:
    """A sequence number as the integer it is: as strings ``"9"`` would come after ``"10"``."""
    try:
        return int(sequence_number)
    except ValueError:
        raise MalformedEventError(f"The sequence number {sequence_number[:80]!r} is no number.") from None


def binary(text: Any) -> bytes:
    """Base64, read strictly. Raises PoisonRecordError."""
    try:
        return a2b_base64(text, strict_mode=True)
    except (ValueError, TypeError):
        raise PoisonRecordError("The data is no valid base64.") from None


def number(text: Any) -> Any:
    """A number sent as text: an int where it is written as one, else a Decimal. Raises PoisonRecordError."""
    if isinstance(text, str) and text.isascii() and len(text) < 200:
        if text.removeprefix("-").isdecimal():
            return int(text)
        from decimal import Decimal, InvalidOperation

        try:
            found = Decimal(text)
        except InvalidOperation:
            pass
        else:
            if found.is_finite():
                return found
    raise PoisonRecordError(f"{str(text)[:80]!r} is no number.")


def instant(since_epoch: Any, *, per_second: int = 1) -> datetime | None:
    """An aware datetime in UTC of a number, or its text, of seconds since the epoch (``per_second=1000``: of
    milliseconds); None for anything else."""
    try:
        return datetime.fromtimestamp(float(since_epoch) / per_second, UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return None
