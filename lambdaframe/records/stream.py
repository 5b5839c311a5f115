"""What a consumer with ``batch=True`` takes: a stream of records that it answers itself."""

from collections.abc import Coroutine
from typing import Any, Generic, Protocol, TypeVar

from lambdaframe.records.record import Record

T = TypeVar("T")


class StreamRecord(Record, Generic[T]):
    """A record of a stream. ``payload``: its body, as the type that the stream was asked for."""

    __slots__ = ("payload",)

    def __init__(self, record: Record, payload: T) -> None:
        self.id = record.id
        self.raw = record.raw
        self.group = record.group
        self._fields = record._fields
        self._body = record._body  # noqa: SLF001  it is a record itself
        self.payload = payload


class Batch(Protocol):
    """What stands behind a stream: see ``lambdaframe.records.batch``."""

    async def give(self) -> StreamRecord[Any]: ...
    async def done(self, record: Record, result: Any) -> None: ...
    async def fail(self, record: Record, error: BaseException) -> None: ...


class RecordStream(Generic[T]):
    """The records of one batch, or of an endless stream, each to be answered with ``done`` or ``fail``.

        async for record in stream:
            ...
            await stream.done(record)

    Payloads are read before: a record whose body does not fit fails by itself and is not given. The iteration ends
    with the stream, near the deadline, and where nothing more may be started after a failure (of the whole stream, or
    of all that is left). What is not answered when the function returns counts as not processed; when the function
    raises, that fails all that was not answered. Several tasks may read one stream.
    """

    __slots__ = ("_batch",)

    def __init__(self, batch: Batch) -> None:
        self._batch = batch

    def __aiter__(self) -> "RecordStream[T]":
        return self

    def __anext__(self) -> Coroutine[Any, Any, StreamRecord[T]]:
        return self._batch.give()

    def done(self, record: StreamRecord[T], result: Any = None) -> Coroutine[Any, Any, None]:
        """Say that the record is done. ``result``: for sources that take one (Firehose).

        Raises NotInStreamError for a record that was not given by this stream, or was answered before.
        """
        return self._batch.done(record, result)

    def fail(self, record: StreamRecord[T], error: BaseException) -> Coroutine[Any, Any, None]:
        """Say that the record has failed, and why: the error decides what becomes of it, as if it had been raised.

        Raises NotInStreamError as ``done`` does.
        """
        return self._batch.fail(record, error)
