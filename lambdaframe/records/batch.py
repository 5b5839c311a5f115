"""Runs one stream through a consumer that takes all of it (``batch=True``). Memory holds what is not answered yet."""

from contextvars import copy_context
from typing import Any

from lambdaframe.errors import NotInStreamError
from lambdaframe.invocation import current
from lambdaframe.logging import get_logger
from lambdaframe.records.consumer import Consumer
from lambdaframe.records.crew import Event, gather_crew
from lambdaframe.records.failures import Failures
from lambdaframe.records.lines import Lines
from lambdaframe.records.order import OrderKind, order_of
from lambdaframe.records.record import Record
from lambdaframe.records.reserve import limit
from lambdaframe.records.stream import RecordStream, StreamRecord
from lambdaframe.types import Message, Receive, Send

NAMED = 20
"""How many ids a log line names at most."""

_log = get_logger("lambdaframe.records")


async def run_batch(consumer: Consumer, order: OrderKind, receive: Receive, send: Send) -> None:
    """Call the consumer's function once, with the stream, and send what it says became of each record.

    Near the deadline the stream ends, and 500 ms before it the function is cancelled; what it answers until it is left
    behind counts. Raises what ``receive`` or ``send`` raise.
    """
    batch = _Batch(consumer, order, receive, send)
    try:
        await batch.crew.finish()
    finally:
        batch.close()
    if batch.broken is not None:
        raise batch.broken


class _Batch:
    """One run: what stands behind the function's ``RecordStream``."""

    def __init__(self, consumer: Consumer, order: OrderKind, receive: Receive, send: Send) -> None:
        assert consumer.plan.payload is not None
        self._consumer = consumer
        self._read = consumer.plan.payload[1]
        self._order = order_of(order, consumer.options.order, 1, batch=True)
        self._lines = Lines() if order == "group" else None
        self._receive = receive
        self._send = send
        self._limit = limit(current.get(None))
        self._slowest = 0.0
        self._latest = self._limit.latest(0.0)
        self.crew = gather_crew(self._work, self._limit.remaining)
        self._failures = Failures(consumer, self.crew.disturbed)
        self._open: dict[Record, float] = {}
        """What was given and not answered, and when it was given."""
        self._pulling = False
        self._waiting: list[Event] = []
        self._over = False
        self._returned = self._closed = False
        self.broken: Exception | None = None

    # The function's side

    async def give(self) -> StreamRecord[Any]:
        """The next record whose payload can be read. Raises StopAsyncIteration at the end."""
        while self._pulling:
            turn = self.crew.event()
            self._waiting.append(turn)
            await turn.wait()
        self._pulling = True
        try:
            while not self._over:
                found = await self._pull()
                if found is not None:
                    return found
        finally:
            self._pulling = False
            if self._waiting:
                self._wake()
        raise StopAsyncIteration

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, []
        for turn in waiting:
            turn.set()

    async def done(self, record: Record, result: Any) -> None:
        if self._consumer.source == "firehose":
            from lambdaframe.records.transforming import result_of

            self._check(record)
            result = result_of(result)
        self._close_record(record)
        await self._answer(record, {"type": "records.done", "id": record.id, "result": result})

    async def fail(self, record: Record, error: BaseException) -> None:
        if not isinstance(error, BaseException):  # pyright: ignore[reportUnnecessaryIsInstance]  users without a checker
            raise TypeError(f"A record fails with an exception, not with {error!r}: write ValueError(…), say.")
        self._check(record)
        await self._settle(record, error)

    # The stream's side

    async def _pull(self) -> StreamRecord[Any] | None:
        """The next record, or None where it can't be given."""
        try:
            message = await self._receive()
        except Exception as exc:
            self._break(exc)
            raise
        record: Record | None = message.get("record")
        if record is None:
            self._end_with(message)
            return None
        if self._order is not None and not self._order.admit(record):
            self._over = self._order.closed
            return None
        clock = self._limit.clock
        now = 0.0 if clock is None else clock()
        if now > self._latest:
            self._end_early(now)
            return None
        try:
            given = StreamRecord(record, self._read(record))
        except Exception as error:
            self._give(record, now)
            await self._settle(record, error)
            return None
        self._give(given, now)
        return given

    def _give(self, record: Record, now: float) -> None:
        self._open[record] = now
        if self._lines is not None:
            self._lines.add(record)

    def _end_with(self, message: Message) -> None:
        self._over = True
        if message["type"] != "records.end":
            self.broken = ValueError(
                f"Expected 'records.record' or 'records.end', the source sent {message['type']!r}."
            )
            raise self.broken

    def _end_early(self, now: float) -> None:
        self._over = True
        left = round(self._limit.deadline - now, 3)
        _log.warning("Stopped before the deadline", consumer=self._consumer.label, remaining=left)

    def _break(self, error: Exception) -> None:
        """The source is broken: nothing more comes or goes."""
        self.broken, self._over = error, True

    def _check(self, record: Record) -> None:
        if record not in self._open or self._closed:
            reason = "the stream is over" if self._closed else "this stream has not given it, or it was answered before"
            raise NotInStreamError(record, reason)

    def _close_record(self, record: Record) -> float:
        self._check(record)
        given = self._open.pop(record)
        clock = self._limit.clock
        if clock is not None and clock() - given > self._slowest:
            self._slowest = clock() - given
            self._latest = self._limit.latest(self._slowest)
        return given

    async def _settle(self, record: Record, error: BaseException) -> None:
        """A record has failed: it is logged, and goes where its error says."""
        context = copy_context()
        sink = self._failures.sink(record, error)
        given = self._close_record(record)
        if sink is None:
            answer = self._failures.settle(record, error, context)
        else:
            try:
                answer = await self._failures.give_up(record, error, sink, context)
            except BaseException:  # cancelled: it has no answer yet
                self._open[record] = given
                raise
        if self._order is not None and answer["type"] == "records.failed":
            self._order.fail(record)
            self._over = self._over or self._order.closed
        await self._answer(record, answer)

    async def _answer(self, record: Record, answer: Message) -> None:
        """Send the answer, and those that have waited for it."""
        try:
            if self._lines is None:
                await self._send(answer)
                return
            for due in self._lines.due(record, answer):
                await self._send(due)
        except Exception as exc:
            self._break(exc)
            raise

    # The function

    async def _work(self) -> None:
        try:
            await self._consumer.call(RecordStream[Any](self))
        except BaseException as error:
            if self.crew.interrupted():
                return self._left_open("Batch cancelled before it was done")
            if isinstance(error, GeneratorExit):
                raise
            await self.crew.forgive()
            if self.broken is None:
                await self._fail_rest(error)
        else:
            if self.crew.interrupted():
                return self._left_open("Batch cancelled before it was done")
            await self.crew.forgive()
            if self._open:
                self._left_open("Batch returned before all its records were answered")
            elif not self._over:
                self._left_open("Batch returned before the end of its stream")
        finally:
            self._returned = True
        return None

    async def _fail_rest(self, error: BaseException) -> None:
        self._over = True
        if not self._open:
            _log.error("Batch failed", consumer=self._consumer.label, exc_info=error)
        for record in list(self._open):
            await self._settle(record, error)
            self._failures.told = error

    def _left_open(self, message: str) -> None:
        self._closed = True
        named = [record.id for record in self._open][:NAMED]
        _log.error(message, consumer=self._consumer.label, unanswered=len(self._open), record_ids=named)

    def close(self) -> None:
        """The run is over: nothing can be answered any more."""
        if not self._returned:
            self._left_open("Batch left behind: it goes on although it was cancelled")
        self._over = self._closed = True
