"""What streams and topics have in common: batches that are retried in place, until they are done or given up.

https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-parameters.html
https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html
https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
https://docs.aws.amazon.com/lambda/latest/dg/kafka-retry-configurations.html
"""

from abc import abstractmethod
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypedDict

from lambdaframe.testing import FakeClock
from lambdaframe_adapters.testing.pollers.functions import Handler, Result
from lambdaframe_adapters.testing.pollers.poller import Call, Poller, Sent, seconds, within

_LONGEST_WAIT: Final = 60.0
"""Seconds between two tries of a batch at most. AWS says that Lambda backs off, not by how much."""


@dataclass(eq=False)
class _Batch:
    """Records that are delivered together. ``retries``: how often they were already, beyond the first time."""

    records: list[Sent]
    retries: int = 0


@dataclass(eq=False)
class _Lane:
    """Records that are read one after the other: a shard, or a topic's partitions. ``batches``: to be retried first."""

    unread: deque[Sent] = field(default_factory=deque[Sent])
    batches: deque[_Batch] = field(default_factory=deque[_Batch])
    ready_at: float = 0.0


class StreamOptions(TypedDict, total=False):
    """The options of ``StreamPoller`` that its kinds pass on; they are described there."""

    batch_size: int
    report_batch_item_failures: bool
    bisect_batch_on_function_error: bool
    maximum_retry_attempts: int | None
    maximum_record_age: float | timedelta | None
    retention: float | timedelta
    timeout: float | timedelta
    clock: FakeClock | None


class StreamPoller(Poller):
    """A stream and its event source mapping.

    Each shard is read in order, one batch at a time; nothing behind a batch is delivered before that is done or given
    up. ``report_batch_item_failures``: only what stands behind the lowest number in the answer, and that itself, is
    retried. ``bisect_batch_on_function_error``: a batch whose invocation failed is split in two, which does not
    count as a retry. ``maximum_retry_attempts``, ``maximum_record_age`` (seconds or a ``timedelta``): afterwards
    records are given up: they are ``dead``, and ``on_failure`` has what Lambda tells the on-failure destination of
    them. ``retention``: what is older is ``expired``.

    Raises ValueError for options that AWS refuses.
    """

    def __init__(
        self,
        handler: Handler,
        *,
        batch_size: int = 100,
        report_batch_item_failures: bool = True,
        bisect_batch_on_function_error: bool = False,
        maximum_retry_attempts: int | None = None,
        maximum_record_age: float | timedelta | None = None,
        retention: float | timedelta = 86_400,
        timeout: float | timedelta = 30.0,
        clock: FakeClock | None = None,
    ) -> None:
        super().__init__(
            handler,
            batch_size=batch_size,
            report_batch_item_failures=report_batch_item_failures,
            timeout=timeout,
            clock=clock,
        )
        self._bisects = bisect_batch_on_function_error
        self._max_retries = maximum_retry_attempts
        self._max_age = None if maximum_record_age is None else seconds(maximum_record_age)
        self._retention = seconds(retention)
        self._lanes: dict[str, _Lane] = {}
        self.on_failure: list[dict[str, Any]] = []
        within("batch_size", batch_size, 1, 10_000)
        if maximum_retry_attempts is not None:
            within("maximum_retry_attempts", maximum_retry_attempts, 0, 10_000)
        if self._max_age is not None:
            within("maximum_record_age", self._max_age, 60, 604_800)

    @abstractmethod
    def _event(self, records: Sequence[Sent]) -> Mapping[str, Any]:
        """The event that delivers them."""

    @abstractmethod
    def _from_checkpoint(self, records: Sequence[Sent], identifiers: Sequence[Any]) -> list[Sent] | None:
        """Which of the batch come again when these are reported; None when one of them is not known."""

    @abstractmethod
    def _batch_info(self, records: Sequence[Sent]) -> dict[str, Any]:
        """What the on-failure destination is told of the batch."""

    def _append(self, lane: str, record: Sent) -> Sent:
        self.waiting.append(record)
        self._lanes.setdefault(lane, _Lane()).unread.append(record)
        return record

    def poll(self) -> Call | None:
        """Deliver the next batch of the shard whose turn it is."""
        now = self.clock.time()
        for name, lane in self._lanes.items():
            if lane.ready_at <= now and (batch := self._take(lane, now)) is not None:
                self._lanes[name] = self._lanes.pop(name)  # the others are first next time
                return self._deliver(lane, batch)
        return None

    def _next(self) -> float | None:
        return min((lane.ready_at for lane in self._lanes.values() if lane.unread or lane.batches), default=None)

    def _take(self, lane: _Lane, now: float) -> _Batch | None:
        while lane.batches or lane.unread:
            if lane.batches:
                batch = lane.batches.popleft()
            else:
                batch = _Batch([lane.unread.popleft() for _ in range(min(self._batch_size, len(lane.unread)))])
            if self._drop_old(batch, now):
                return batch
        return None

    def _drop_old(self, batch: _Batch, now: float) -> bool:
        """Give up what is too old. Whether something is left."""
        expired = [record for record in batch.records if now - record.sent_at > self._retention]
        old = (
            []
            if self._max_age is None
            else [record for record in batch.records if self._max_age < now - record.sent_at <= self._retention]
        )
        gone = set(map(id, expired + old))
        batch.records = [record for record in batch.records if id(record) not in gone]
        self._remove(expired + old)
        self.expired.extend(expired)
        if old:
            self._give_up(old, "RecordAgeExceeded", batch.retries, None)
        return bool(batch.records)

    def _deliver(self, lane: _Lane, batch: _Batch) -> Call:
        event = self._event(batch.records)
        result, identifiers, began = self._call(batch.records, event)
        again = None if identifiers is None else self._from_checkpoint(batch.records, identifiers)
        failed = batch.records if again is None else again
        call = self._noted(batch.records, event, result, began, failed)
        if failed:
            self._retry(lane, batch, failed, split=again is None, result=result)
        return call

    def _retry(self, lane: _Lane, batch: _Batch, failed: list[Sent], *, split: bool, result: Result) -> None:
        lane.ready_at = self.clock.time() + min(2.0**batch.retries, _LONGEST_WAIT)
        if self._bisects and split and len(failed) > 1:
            middle = len(failed) // 2
            lane.batches.extendleft(_Batch(half, batch.retries) for half in (failed[middle:], failed[:middle]))
        elif self._bisects and not split and len(failed) < len(batch.records):
            lane.batches.appendleft(_Batch(failed, batch.retries))
        elif self._max_retries is not None and batch.retries >= self._max_retries:
            self._remove(failed)
            self._give_up(failed, "RetryAttemptsExhausted", batch.retries, result)
        else:
            lane.batches.appendleft(_Batch(failed, batch.retries + 1))

    def _give_up(self, records: Sequence[Sent], condition: str, retries: int, result: Result | None) -> None:
        self.dead.extend(records)
        failed = None if result is None else {"statusCode": 200, "executedVersion": "$LATEST", "functionError": None}
        if failed is not None and result is not None and result.error is not None:
            failed["functionError"] = "Unhandled"
        told = {
            "requestContext": {
                "requestId": "" if result is None else result.request_id,
                "functionArn": "arn:aws:lambda:us-east-1:123456789012:function:function",
                "condition": condition,
                "approximateInvokeCount": retries + 1,
            },
            "responseContext": failed,
            "version": "1.0",
            "timestamp": stamp(self.clock.time()),
        }
        self.on_failure.append(told | self._batch_info(records))


def stamp(moment: float) -> str:
    """Seconds since the epoch as Lambda writes a time in a message to a destination."""
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
