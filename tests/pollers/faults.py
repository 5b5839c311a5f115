"""Faults to plant, each in a real function of the engine or the adapters: the mistakes that lose or repeat records."""

import math
from collections.abc import Awaitable, Callable, Collection, Iterator
from contextvars import Context
from typing import Any, NamedTuple

import pytest

from lambdaframe.errors import PermanentError, PoisonRecordError
from lambdaframe.records import engine
from lambdaframe.records.consumer import Consumer
from lambdaframe.records.failures import Failures
from lambdaframe.records.order import Order
from lambdaframe.records.record import Record
from lambdaframe.records.reserve import Limit
from lambdaframe.types import Message
from lambdaframe_adapters import _records, dynamodb, kafka, kinesis, sqs
from lambdaframe_adapters.exchange import RecordExchange
from tests.pollers.cases import Kind

Stream: Any = engine._Stream  # pyright: ignore[reportPrivateUsage] -- that is where mistakes are made
Exchange: Any = RecordExchange
Orders: Any = Order
Failed: Any = Failures


def always(value: Any) -> Callable[..., Any]:
    """A function of anything that returns this."""

    def function(*args: Any, **kwargs: Any) -> Any:
        return value

    return function


class Fault(NamedTuple):
    """``plant``: puts it in. ``kind``: the source that shows it. ``broken``: a pattern in what the rules say."""

    plant: Callable[[pytest.MonkeyPatch], None]
    kind: Kind
    broken: str


def lowest_of_the_failed_only(patch: pytest.MonkeyPatch) -> None:
    """The checkpoint moves past records that are unfinished or were not started, if a later one has failed."""
    count_failed_only(patch)
    checkpoint = _records.checkpoint

    def lower(records: Any, sequence: Any, not_done: Collection[str], received: int) -> dict[str, Any]:
        return checkpoint(records, sequence, not_done, len(records) if not_done else received)

    patch.setattr(_records, "checkpoint", lower)


def unanswered_is_done(patch: pytest.MonkeyPatch) -> None:
    """Only what was said to have failed is reported."""
    count_failed_only(patch)


def count_failed_only(patch: pytest.MonkeyPatch) -> None:
    failed: dict[int, list[str]] = {}
    send = Exchange.send

    async def remember(self: Any, message: Message) -> None:
        if message["type"] == "records.failed":
            failed.setdefault(id(self), []).append(message["id"])
        await send(self, message)

    def unanswered(self: Any) -> Collection[str]:
        return failed.pop(id(self), ())

    patch.setattr(Exchange, "send", remember)
    patch.setattr(Exchange, "unanswered", unanswered)


def not_received_is_done(patch: pytest.MonkeyPatch) -> None:
    """What the application never took from the event counts as done."""
    patch.setattr(Exchange, "received", property(always(10**6)))


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


def same_id_is_one_record(patch: pytest.MonkeyPatch) -> None:
    """One of two records with the same id is done, so both are."""

    def unanswered(self: Any) -> Collection[str]:
        return set(self._received) - set(self._done)

    patch.setattr(Exchange, "unanswered", unanswered)


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


def failures_are_lost(patch: pytest.MonkeyPatch) -> None:
    for source in (sqs, kinesis, dynamodb):
        patch.setattr(source, "failures", always({"batchItemFailures": []}))


def everything_comes_again(patch: pytest.MonkeyPatch) -> None:
    """One failure, and the whole batch is reported."""

    def all_of_them(event: Any, not_done: Collection[str], received: int) -> dict[str, Any]:
        names = [raw["messageId"] for raw in event["Records"]] if not_done else []
        return {"batchItemFailures": [{"itemIdentifier": name} for name in names]}

    patch.setattr(sqs, "failures", all_of_them)


def misspelt_answer(patch: pytest.MonkeyPatch) -> None:
    """Lambda takes an answer under another key for the whole success."""
    failures = sqs.failures

    def misspelt(event: Any, not_done: Collection[str], received: int) -> dict[str, Any]:
        return {"batchItemFailure": failures(event, not_done, received)["batchItemFailures"]}

    patch.setattr(sqs, "failures", misspelt)


def one_partition_is_reported(patch: pytest.MonkeyPatch) -> None:
    """Where records of two partitions have failed, Lambda hears of one."""
    failures = kafka.failures

    def first(event: Any, not_done: Collection[str], received: int) -> dict[str, Any]:
        return {"batchItemFailures": failures(event, not_done, received)["batchItemFailures"][:1]}

    patch.setattr(kafka, "failures", first)


def numbers_compared_as_text(patch: pytest.MonkeyPatch) -> None:
    def checkpoint(records: Any, sequence: Any, not_done: Collection[str], received: int) -> dict[str, Any]:
        numbers: list[str] = [sequence(raw) for raw in records]
        open_ = [one for index, one in enumerate(numbers) if index >= received or one in not_done]
        return {"batchItemFailures": [{"itemIdentifier": min(open_)}] if open_ else []}

    patch.setattr(_records, "checkpoint", checkpoint)


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


def last_record_forgotten(patch: pytest.MonkeyPatch) -> None:
    """A record is dropped on its way in, and nobody notices."""
    records = sqs.records

    def fewer(event: Any) -> Iterator[Record]:
        found = list(records(event))
        return iter(found[:-1] if len(found) > 1 else found)

    patch.setattr(sqs, "records", fewer)


FAULTS: tuple[Fault, ...] = (
    Fault(lowest_of_the_failed_only, "kinesis", "not done"),
    Fault(unanswered_is_done, "sqs", "not done"),
    Fault(not_received_is_done, "sqs", "not done"),
    Fault(group_goes_on_after_failure, "fifo", "had failed"),
    Fault(stream_goes_on_after_failure, "kinesis", "had failed"),
    Fault(two_of_a_group_at_once, "dynamodb", "of its group was in work|had failed"),
    Fault(last_parked_first, "fifo", "was (not )?started"),
    Fault(same_id_is_one_record, "sqs", "not done"),
    Fault(cancelled_is_done, "sqs", "not done|another record's result"),
    Fault(swallowed_cancellation_is_done, "sqs", "not done|another record's result"),
    Fault(poison_takes_its_neighbours, "sqs", "was not started"),
    Fault(deadline_is_ignored, "sqs", "the answer comes too late"),
    Fault(slow_records_are_started_late, "sqs", "no time for it"),
    Fault(failures_are_lost, "dynamodb", "not done"),
    Fault(everything_comes_again, "sqs", "for no reason"),
    Fault(misspelt_answer, "fifo", "not done"),
    Fault(one_partition_is_reported, "kafka", "not done"),
    Fault(numbers_compared_as_text, "kinesis", "not done"),
    Fault(result_of_another_record, "sqs", "another record's result"),
    Fault(one_more_than_concurrency, "sqs", "in flight"),
    Fault(logged_twice, "sqs", "logged 2 times"),
    Fault(not_logged, "sqs", "logged 0 times"),
    Fault(sink_failure_is_ignored, "sqs", "not done"),
    Fault(permanent_failure_is_dropped, "sqs", "not done"),
    Fault(last_record_forgotten, "sqs", "was not started"),
)
