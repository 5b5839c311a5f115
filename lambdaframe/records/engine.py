"""Runs one stream of records through a consumer: bounded, in order, in time. It knows no AWS event.

The stream is pulled by the tasks that work on it, one of them at a time, so that nothing is pulled that nobody can
start on: finite streams and endless ones are alike. A record costs no task and leaves nothing behind. What is never
answered counts as not processed.

    receive  {"type": "records.record", "record": Record}   … then {"type": "records.end"}
    send     {"type": "records.done", "id": …, "result": …}  or  {"type": "records.failed", "id": …, "error": …}

``"dropped": True`` in a ``records.done`` says that the record is done with rather than done: it was dropped, or a dead
letter was made of it.
"""

from contextvars import Context, copy_context

from lambdaframe.concurrency import Outcome, calls, resume
from lambdaframe.invocation import current, current_record
from lambdaframe.logging import get_logger
from lambdaframe.records.consumer import Consumer
from lambdaframe.records.crew import Event, gather_crew
from lambdaframe.records.failures import Failures
from lambdaframe.records.order import Order, OrderKind, order_of
from lambdaframe.records.record import Record
from lambdaframe.records.reserve import limit
from lambdaframe.types import Message, Receive, Scope, Send

PARKED = 10
"""How many records may wait behind others of their group, for each of the consumer's ``concurrency``."""

_log = get_logger("lambdaframe.records")


async def run(consumer: Consumer, scope: Scope, receive: Receive, send: Send) -> None:
    """Take every record of the stream to the consumer and send what became of it.

    ``scope["order"]``: ``"none"``, ``"group"``, ``"checkpoint"`` or ``"partition"``, see ``lambdaframe.records.order``.
    At most ``consumer.concurrency`` records are in work at once. The deadline is the current invocation's, if it has
    one: when it is near nothing more is started, and 500 ms before it what is in flight is cancelled.

    A record fails by itself, whatever its handler raises; it is logged once. Raises what ``receive`` or ``send`` raise.
    """
    if consumer.options.batch:
        from lambdaframe.records.batch import run_batch

        await run_batch(consumer, scope["order"], receive, send)
        return
    stream = _Stream(consumer, scope["order"], receive, send)
    try:
        await stream.crew.finish()
    finally:
        stream.close()


class _CutOffError(Exception):
    """The handler ended by itself after it was cancelled: what it made of that does not count."""


class _Stream:
    """One run. Its state is shared by the tasks that work on it; they all run on one loop."""

    def __init__(self, consumer: Consumer, order: OrderKind, receive: Receive, send: Send) -> None:
        self._consumer = consumer
        self._order = order_of(order, consumer.options.order, PARKED * consumer.concurrency)
        self._receive = receive
        self._send = send
        self._limit = limit(current.get(None))
        self._clock = self._limit.clock
        self._slowest = 0.0
        self._latest = self._limit.latest(0.0)
        self.crew = gather_crew(self._work, self._limit.remaining)
        self._failures = Failures(consumer, self.crew.interrupted)
        self._tasks = 1
        self._idle: list[Event] = []
        self._in_flight: set[Record] = set()
        self._pulling = False
        self._over = False
        self._closed = False
        # Shared by the tasks: an outcome is read in the very step that makes it, and what is fewer is less to collect.
        self._outcome = Outcome()
        self._fresh = copy_context().copy

    def close(self) -> None:
        """Say which records are left behind: still running, long after they were cancelled."""
        self._over = self._closed = True
        for record in self._in_flight:
            self._failures.lost(record, "Record left behind: it goes on although it was cancelled")

    async def _work(self) -> None:
        """What each task does: pull a record, run it and those parked behind it, until the stream is over."""
        receive, send, order, clock, idle = self._receive, self._send, self._order, self._clock, self._idle
        fresh, function, outcome = self._fresh, self._consumer.call, self._outcome
        steps = calls(function, outcome, current_record.set)
        step, grown, started = steps.send, False, 0.0
        while not self._over:
            if self._pulling or (order is not None and order.full):
                await self._rest()
                continue
            self._pulling = True
            message = await receive()
            self._pulling = False
            try:
                pulled: Record = message["record"]
            except KeyError:
                return self._end_with(message)
            del message
            if order is not None and not order.admit(pulled):
                if order.closed:
                    return self._end()
                continue
            if idle or not grown:
                grown = self._hand_over(grown)
            record: Record | None = pulled
            while record is not None:
                if clock is not None:
                    started = clock()
                    if started > self._latest:
                        return self._end_early(started)
                context, waiting = fresh(), outcome
                try:
                    waiting = context.run(step, record)
                    if waiting is not outcome:
                        self._in_flight.add(record)
                        await resume(context, steps, waiting, outcome)
                        self._in_flight.discard(record)
                    answer: Message = {"type": "records.done", "id": record.id, "result": outcome.value}
                    if waiting is not outcome and self.crew.disturbed():
                        await self._calm()
                except BaseException as error:
                    if isinstance(error, GeneratorExit) and waiting is not outcome:
                        raise  # this task is being closed
                    self._in_flight.discard(record)
                    failed = await self._answer(record, context, error)
                    if failed is None:
                        return None
                    answer = failed
                    if order is not None and answer["type"] == "records.failed":
                        order.fail(record)  # before the answer is sent, because that may wait
                    steps = calls(function, outcome, current_record.set)
                    step = steps.send
                if clock is not None and clock() - started > self._slowest:
                    self._slow_down(clock() - started)
                await send(answer)
                record = None if order is None else self._following(order, record)
        return None

    async def _calm(self) -> None:
        """After a record whose task was cancelled and that ended all the same, as if nothing had happened."""
        if self.crew.interrupted():
            raise _CutOffError
        await self.crew.forgive()

    async def _answer(self, record: Record, context: Context, error: BaseException) -> Message | None:
        """What to send of a record that has raised this, after it was logged; None when it was cancelled from outside
        rather than failed."""
        failures, crew = self._failures, self.crew
        if crew.interrupted():
            self._cancelled(record, context, error)
            return None
        sink = failures.sink(record, error)
        if sink is None:
            answer = failures.settle(record, error, context)
            await crew.forgive()
            return answer
        await crew.forgive()
        self._in_flight.add(record)
        try:
            answer = await failures.give_up(record, error, sink, context)
        except BaseException as cancelled:
            if isinstance(cancelled, GeneratorExit):
                raise
            self._cancelled(record, context, error)
            return None
        self._in_flight.discard(record)
        await crew.forgive()
        return answer

    def _cancelled(self, record: Record, context: Context, error: BaseException) -> None:
        self._in_flight.discard(record)
        if not self._closed:
            own = error if isinstance(error, Exception) and not isinstance(error, _CutOffError) else None
            context.run(self._failures.lost, record, "Record cancelled before it was done", exc_info=own)

    def _following(self, order: Order, record: Record) -> Record | None:
        following = order.ended(record)
        if self._idle and not order.full:
            self._idle.pop().set()
        return following

    def _hand_over(self, grown: bool) -> bool:
        """Let another task pull while this one works. Each adds two, so that many records soon have many tasks."""
        if not grown:
            for _ in range(min(2, self._consumer.concurrency - self._tasks)):
                self._tasks += 1
                self.crew.start()
        if self._idle:
            self._idle.pop().set()
        return True

    async def _rest(self) -> None:
        """Wait until there is something to pull."""
        event = self.crew.event()
        self._idle.append(event)
        await event.wait()

    def _slow_down(self, took: float) -> None:
        """Keep more time in reserve, after the slowest record so far."""
        self._slowest = took
        self._latest = self._limit.latest(took)

    def _end_early(self, now: float) -> None:
        if not self._over:
            left = round(self._limit.deadline - now, 3)
            _log.warning("Stopped before the deadline", consumer=self._consumer.label, remaining=left)
        self._end()

    def _end_with(self, message: Message) -> None:
        if message["type"] != "records.end":
            raise ValueError(f"Expected 'records.record' or 'records.end', the source sent {message['type']!r}.")
        self._end()

    def _end(self) -> None:
        """The stream is over: tasks at rest have nothing to wait for any more."""
        self._over = True
        for event in self._idle:
            event.set()
        self._idle.clear()
