"""Runs one stream of records through a consumer: bounded, in order, in time. It knows no AWS event.

The stream is pulled by the tasks that work on it, one of them at a time, so that nothing is pulled that nobody can
start on: finite streams and endless ones are alike. A record costs no task and leaves nothing behind. What is never
answered counts as not processed.

    receive  {"type": "records.record", "record": Record}   … then {"type": "records.end"}
    send     {"type": "records.done", "id": …, "result": …}  or  {"type": "records.failed", "id": …, "error": …}
"""

import math
from collections.abc import Callable
from contextvars import Context, copy_context
from typing import Any, Literal, TypeAlias

from lambdaframe.concurrency import Outcome, calls, resume
from lambdaframe.errors import PoisonRecordError
from lambdaframe.invocation import Invocation, current
from lambdaframe.logging import get_logger
from lambdaframe.records.consumer import Consumer
from lambdaframe.records.crew import Event, gather_crew
from lambdaframe.records.order import Order
from lambdaframe.records.record import Record
from lambdaframe.types import Message, Receive, Scope, Send

OrderKind: TypeAlias = Literal["none", "group", "checkpoint"]

RESERVE = 1.0
"""Seconds before the deadline from which on nothing more is started, at least."""

RESERVE_FACTOR = 1.5
"""… or this many times what the slowest record so far has taken, if that is more."""

PARKED = 10
"""How many records may wait behind others of their group, for each of the consumer's ``concurrency``."""

_log = get_logger("lambdaframe.records")


async def run(consumer: Consumer, scope: Scope, receive: Receive, send: Send) -> None:
    """Take every record of the stream to the consumer and send what became of it.

    ``scope["order"]``: ``"none"``, ``"group"`` or ``"checkpoint"``, see ``lambdaframe.records.order``. At most
    ``consumer.concurrency`` records are in work at once. The deadline is the current invocation's, if it has one: when
    it is near nothing more is started, and 500 ms before it what is in flight is cancelled.

    A record fails by itself, whatever its handler raises; it is logged once. Raises what ``receive`` or ``send`` raise.
    """
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
        self._order = None if order == "none" else Order(order, PARKED * consumer.concurrency)
        self._receive = receive
        self._send = send
        self._clock, self._deadline, remaining = _limit(current.get(None))
        self._latest = self._deadline - RESERVE
        self._slowest = 0.0
        self.crew = gather_crew(self._work, remaining)
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
            self._report(record, "Record left behind: it goes on although it was cancelled")

    async def _work(self) -> None:
        """What each task does: pull a record, run it and those parked behind it, until the stream is over."""
        receive, send, order, clock, idle = self._receive, self._send, self._order, self._clock, self._idle
        fresh, function, outcome = self._fresh, self._consumer.call, self._outcome
        steps = calls(function, outcome)
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
                    if await self._is_interrupted(record, context, error):
                        return None
                    if order is not None:
                        order.fail(record)  # before the answer is sent, because that may wait
                    answer = {"type": "records.failed", "id": record.id, "error": error}
                    steps = calls(function, outcome)
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

    async def _is_interrupted(self, record: Record, context: Context, error: BaseException) -> bool:
        """Report what a record has raised. Whether it was cancelled from outside, rather than failed."""
        self._in_flight.discard(record)
        own = error if isinstance(error, Exception) and not isinstance(error, _CutOffError) else None
        if self.crew.interrupted():
            if not self._closed:
                context.run(self._report, record, "Record cancelled before it was done", exc_info=own)
            return True
        if isinstance(error, PoisonRecordError):
            context.run(self._report, record, "Poison record", reason=str(error))
        else:
            context.run(self._report, record, "Record failed", exc_info=error)
        await self.crew.forgive()
        return False

    def _report(self, record: Record, message: str, **fields: Any) -> None:
        _log.error(message, record_id=record.id, consumer=self._consumer.label, attempt=_attempt(record), **fields)

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
        self._latest = self._deadline - max(RESERVE, RESERVE_FACTOR * took)

    def _end_early(self, now: float) -> None:
        if not self._over:
            left = round(self._deadline - now, 3)
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


def _limit(invocation: Invocation | None) -> tuple[Callable[[], float] | None, float, Callable[[], float] | None]:
    """A clock, the deadline by it and the seconds until then; None for what there is not where there is no deadline."""
    if invocation is None or invocation.deadline is None:
        return None, math.inf, None
    # For each record remaining() would cost three times as much as its clock.
    clock = invocation.clock
    return clock.monotonic, invocation.deadline, invocation.remaining


def _attempt(record: Record) -> int | None:
    """How often it has been delivered; None where the source's own count can't be read."""
    try:
        return record.receive_count
    except (LookupError, TypeError, ValueError):
        return None
