"""From what a consumer of Firehose's records returns to the result that its record is answered with."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from lambdaframe.errors import ResponseValidationError
from lambdaframe.records.firehose import Dropped, FirehoseResult, Ok, ProcessingFailed
from lambdaframe.records.record import Record


def result_of(returned: Any) -> FirehoseResult:
    """What a consumer has returned as a result; the data of an ``Ok`` are bytes.

    Raises ResponseValidationError for what can't be data, and for None: Firehose would deliver nothing, and nobody
    would know whether that was meant.
    """
    if isinstance(returned, Dropped | ProcessingFailed):
        return returned
    if not isinstance(returned, Ok):
        return Ok(_bytes(returned))
    keys: Mapping[Any, Any] = returned.partition_keys
    for name, value in keys.items():
        if not (isinstance(name, str) and isinstance(value, str)):
            raise ResponseValidationError(
                f"A partition key is a string with a name that is one, not {name!r}: {value!r}."
            )
    return Ok(_bytes(returned.data), returned.partition_keys)


def _bytes(data: Any) -> bytes:
    if isinstance(data, bytes | bytearray):
        return bytes(data)
    if isinstance(data, str):
        try:
            return data.encode()
        except UnicodeEncodeError as exc:
            raise ResponseValidationError(f"The text can't be written as UTF-8: {exc.reason}.") from None
    if data is None:
        raise ResponseValidationError("The consumer returned None: return the record's data, or Dropped().")
    from lambdaframe.http.answers.responses import encode_json

    return encode_json(data) + b"\n"


def transforming(
    call: Callable[[Record, tuple[Any, ...]], Awaitable[Any]],
) -> Callable[[Record, tuple[Any, ...]], Awaitable[FirehoseResult]]:
    """A consumer's call that fails its own record when it returns what can't be data."""

    async def transform(record: Record, arguments: tuple[Any, ...]) -> FirehoseResult:
        return result_of(await call(record, arguments))

    return transform
