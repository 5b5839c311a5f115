"""Which record of a stream may start now: the rules of order, without any waiting.

``group``: one at a time within a group, and none of a group after one of it has failed (SQS FIFO queues).
``partition``: the same, for the partitions of topics (Kafka: Lambda delivers again from the lowest offset not done).
``checkpoint``: the same, and nothing at all behind the lowest sequence number that has failed (Kinesis and DynamoDB
streams: Lambda delivers again from there). Records without a group have no order among themselves.

https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html
https://docs.aws.amazon.com/lambda/latest/dg/kafka-retry-configurations.html
"""

from collections import deque
from typing import Literal, TypeAlias

from lambdaframe.records.record import Record

OrderKind: TypeAlias = Literal["none", "group", "checkpoint", "partition"]
"""What a source's order is."""


class Order:
    """The order of one stream. Records are admitted as they are pulled, and each that starts is ended, in any order.

    ``limit``: how many records may be parked behind others of their group. The stream is not to be pulled while
    ``full``, so that memory stays bounded on an endless stream that one group dominates.
    ``serial=False``: records of one group start side by side; what follows a failure is the same. ``whole``: after a
    failure nothing more starts, of any group.
    ``closed``: nothing that is still to come may start.
    """

    __slots__ = (
        "_checkpoint",
        "_failed",
        "_failed_at",
        "_limit",
        "_over",
        "_parked",
        "_serial",
        "_whole",
        "_working",
        "closed",
    )

    def __init__(self, kind: OrderKind, limit: int, *, serial: bool = True, whole: bool = False) -> None:
        self.closed = False
        self._checkpoint = kind == "checkpoint"
        self._serial = serial and kind != "none"
        self._whole = whole
        self._over = False
        self._limit = limit
        self._parked = 0
        self._working: dict[str, deque[Record]] = {}
        self._failed: set[str] = set()
        self._failed_at: int | None = None

    @property
    def full(self) -> bool:
        """Whether as many records are parked as may be."""
        return self._parked >= self._limit

    def admit(self, record: Record) -> bool:
        """Whether a record that was just pulled starts now. If not, it is parked or will never start."""
        if self._behind(record):
            self.closed = True  # a stream with checkpoints comes in order: so is all that follows
            return False
        group = record.group
        if group in self._failed:
            return False
        if group is None or not self._serial:
            return True
        parked = self._working.get(group)
        if parked is None:
            self._working[group] = deque()
            return True
        parked.append(record)
        self._parked += 1
        return False

    def fail(self, record: Record) -> None:
        """A running record has failed. Say so at once; ``ended`` is due when nothing is left to do for it."""
        if record.group is not None:
            self._failed.add(record.group)
        if self._checkpoint:
            sequence = _sequence(record)
            self._failed_at = sequence if self._failed_at is None else min(sequence, self._failed_at)
        if self._whole:
            self._over = self.closed = True

    def ended(self, record: Record) -> Record | None:
        """The parked record that starts now that this one has ended."""
        if record.group is None or not self._serial:
            return None
        parked = self._working[record.group]
        while parked:
            self._parked -= 1
            following = parked.popleft()
            if record.group not in self._failed and not self._behind(following):
                return following
        del self._working[record.group]
        return None

    def _behind(self, record: Record) -> bool:
        """Whether it comes after the checkpoint."""
        return self._over or (self._failed_at is not None and _sequence(record) > self._failed_at)


def order_of(kind: OrderKind, wanted: str | None, limit: int, *, batch: bool = False) -> Order | None:
    """The order of a stream of this kind, as its consumer wants it: ``"batch"``, ``"group"``, ``"none"`` or None for
    the source's own. None where there is nothing to keep.

    ``batch``: whether the consumer takes the stream as a whole, so that nothing is parked.
    """
    whole = wanted == "batch"
    if kind == "none" and not whole:
        return None
    return Order(kind, limit, serial=not batch and wanted != "none", whole=whole)


def _sequence(record: Record) -> int:
    sequence = record.sequence
    if sequence is None:
        raise ValueError(f"{record!r} has no sequence number, and its stream is ordered by them")
    return sequence
