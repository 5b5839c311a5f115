"""Faults to plant in the engine, each in one of its real functions. Each takes pytest's ``monkeypatch``."""

import math
from collections.abc import Awaitable, Callable
from contextvars import Context
from typing import Any

import pytest

from lambdaframe.errors import PermanentError, PoisonRecordError
from lambdaframe.records import engine
from lambdaframe.records.consumer import Consumer
from lambdaframe.records.failures import Failures
from lambdaframe.records.order import Order
from lambdaframe.records.record import Record
from lambdaframe.records.reserve import Limit
from lambdaframe.types import Message

Stream: Any = engine._Stream  # pyright: ignore[reportPrivateUsage] -- that is where mistakes are made
Orders: Any = Order
Failed: Any = Failures


def always(value: Any) -> Callable[..., Any]:
    """A function of anything that returns this."""

    def function(*args: Any, **kwargs: Any) -> Any:
        return value

    return function


def group_goes_on_after_failure(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Orders, "fail", always(None))


def stream_goes_on_after_failure(patch: pytest.MonkeyPatch) -> None:
    """Records behind a failed checkpoint are started."""
    patch.setattr(Orders, "_behind", always(False))


def two_of_a_group_at_once(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Orders, "admit", always(True))
    patch.setattr(Orders, "ended", always(None))


def last_parked_first(patch: pytest.MonkeyPatch) -> None:
    """Of the records that wait for their group the last one starts first."""
    ended = Orders.ended

    def backwards(self: Any, record: Record) -> Any:
        parked = self._working.get(record.group)
        if parked:
            parked.reverse()
        return ended(self, record)

    patch.setattr(Orders, "ended", backwards)


def cancelled_is_done(patch: pytest.MonkeyPatch) -> None:
    """What was cancelled at the deadline is answered as done."""
    answer = Stream._answer

    async def lenient(self: Any, record: Record, context: Context, error: BaseException) -> Any:
        given = await answer(self, record, context, error)
        if given is None:
            await self._send({"type": "records.done", "id": record.id, "result": None})
        return given

    patch.setattr(Stream, "_answer", lenient)


def swallowed_cancellation_is_done(patch: pytest.MonkeyPatch) -> None:
    """A function that returns although it was cancelled counts as done."""

    async def calm(self: Any) -> None:
        return None

    patch.setattr(Stream, "_calm", calm)


def poison_takes_its_neighbours(patch: pytest.MonkeyPatch) -> None:
    """Nothing is started after a record that can't be read."""
    answer = Stream._answer

    async def strict(self: Any, record: Record, context: Context, error: BaseException) -> Any:
        if isinstance(error, PoisonRecordError):
            self._end()
        return await answer(self, record, context, error)

    patch.setattr(Stream, "_answer", strict)


def deadline_is_ignored(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(engine, "limit", always(Limit(None, math.inf, None)))


def slow_records_are_started_late(patch: pytest.MonkeyPatch) -> None:
    """The reserve does not grow with the slowest record."""
    patch.setattr(Stream, "_slow_down", always(None))


def result_of_another_record(patch: pytest.MonkeyPatch) -> None:
    """Each record is answered with the result of the one before it."""
    build = Stream.__init__

    def shifted(
        self: Any, consumer: Consumer, order: Any, receive: Any, send: Callable[[Message], Awaitable[None]]
    ) -> None:
        before: list[Any] = [None]

        async def late(message: Message) -> None:
            if message["type"] == "records.done":
                before.append(message["result"])
                message = {**message, "result": before.pop(0)}
            await send(message)

        build(self, consumer, order, receive, late)

    patch.setattr(Stream, "__init__", shifted)


def one_more_than_concurrency(patch: pytest.MonkeyPatch) -> None:
    hand_over = Stream._hand_over

    def generous(self: Any, grown: bool) -> bool:
        if not grown and self._tasks == self._consumer.concurrency:
            self.crew.start()
        return bool(hand_over(self, grown))

    patch.setattr(Stream, "_hand_over", generous)


def logged_twice(patch: pytest.MonkeyPatch) -> None:
    report = Failed._report

    def twice(self: Any, record: Record, error: BaseException, context: Context, **fields: Any) -> None:
        report(self, record, error, context, **fields)
        report(self, record, error, context, **fields)

    patch.setattr(Failed, "_report", twice)


def not_logged(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Failed, "_report", always(None))


def sink_failure_is_ignored(patch: pytest.MonkeyPatch) -> None:
    """A record that the dead-letter sink could not take is acknowledged."""

    async def give_up(self: Any, record: Record, *args: Any) -> Message:
        return {"type": "records.done", "id": record.id, "result": None, "dropped": True}

    patch.setattr(Failed, "give_up", give_up)


def permanent_failure_is_dropped(patch: pytest.MonkeyPatch) -> None:
    """Without a dead-letter sink, what has failed for good is acknowledged."""
    settle = Failed.settle

    def forgetful(self: Any, record: Record, error: BaseException, context: Context) -> Message:
        answer: Message = settle(self, record, error, context)
        if isinstance(error, PermanentError):
            return {"type": "records.done", "id": record.id, "result": None, "dropped": True}
        return answer

    patch.setattr(Failed, "settle", forgetful)
