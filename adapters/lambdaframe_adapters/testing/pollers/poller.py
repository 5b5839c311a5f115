"""What all pollers share: what was sent, what became of it, and the calls of the handler in between."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, Literal

from lambdaframe.testing import FakeClock
from lambdaframe_adapters.testing.pollers.answers import reported
from lambdaframe_adapters.testing.pollers.functions import Handler, Result, invoke

_EARLY: Final = 1e-6
"""Seconds that floating point may be off when the clock is moved to a moment."""


@dataclass(eq=False)
class Sent:
    """One record at its source.

    ``id``: what an answer names it by. ``group``: within which its source keeps order, or None. ``body``: as it was
    sent. ``sent_at``: seconds since the epoch. ``receive_count``: how often it has been delivered. ``raw``: the record
    in an event.
    """

    id: Any
    group: str | None
    body: Any
    sent_at: float
    raw: dict[str, Any] = field(repr=False)
    receive_count: int = 0
    visible_at: float = field(default=0.0, repr=False)


@dataclass(frozen=True)
class Call:
    """One invocation of the handler.

    ``at``: seconds since the epoch when it began. ``duration``: seconds. ``records``: its batch. ``again``: which of
    them come again. ``answer``: the handler's; ``error``: why the invocation failed, or None.
    """

    at: float
    duration: float
    records: tuple[Sent, ...]
    event: Mapping[str, Any] = field(repr=False)
    answer: Any
    error: str | None
    again: tuple[Sent, ...]

    @property
    def outcome(self) -> Literal["success", "partial", "failure"]:
        """What Lambda takes it for."""
        return "success" if not self.again else "failure" if len(self.again) == len(self.records) else "partial"


class Poller(ABC):
    """One event source mapping and its source.

    ``log``: the invocations, in their order. ``waiting``: what is still at the source, in its order. ``delivered``:
    what Lambda takes for done. ``dead``: what went to the dead-letter queue or the on-failure destination. ``expired``:
    what the source itself has thrown away, because it was there for too long. ``clock``: moves with every wait.
    """

    def __init__(
        self,
        handler: Handler,
        *,
        batch_size: int,
        report_batch_item_failures: bool,
        timeout: float | timedelta,
        clock: FakeClock | None,
    ) -> None:
        self._handler = handler
        self._batch_size = batch_size
        self._reports = report_batch_item_failures
        self._timeout = seconds(timeout)
        self.clock = clock or FakeClock()
        self.log: list[Call] = []
        self.waiting: list[Sent] = []
        self.delivered: list[Sent] = []
        self.dead: list[Sent] = []
        self.expired: list[Sent] = []

    @abstractmethod
    def poll(self) -> Call | None:
        """Deliver one batch now; None when there is nothing to deliver at this moment."""

    @abstractmethod
    def _next(self) -> float | None:
        """When there will be something to deliver, in seconds since the epoch; None for never."""

    def run(self, *, calls: int = 1000) -> list[Call]:
        """Deliver until nothing is waiting, or until the handler was called ``calls`` times; the clock jumps over
        every wait. Returns this run's invocations."""
        begin = len(self.log)
        while len(self.log) - begin < calls:
            if self.poll() is None:
                following = self._next()
                if following is None:
                    break
                self.clock.advance(max(following - self.clock.time(), _EARLY))
        return self.log[begin:]

    def _call(self, records: Sequence[Sent], event: Mapping[str, Any]) -> tuple[Result, Sequence[Any] | None, float]:
        """The result, the identifiers it reports as ``reported`` gives them, and when the invocation began."""
        for record in records:
            record.receive_count += 1
        began = self.clock.time()
        result = invoke(self._handler, event, self._timeout, self.clock)
        if result.error is not None:
            return result, None, began
        return result, reported(result.answer) if self._reports else (), began

    def _noted(
        self, records: Sequence[Sent], event: Mapping[str, Any], result: Result, began: float, again: Sequence[Sent]
    ) -> Call:
        """Write the invocation down, and let go of what does not come again."""
        kept = set(map(id, again))
        done = [record for record in records if id(record) not in kept]
        self._remove(done)
        self.delivered.extend(done)
        call = Call(
            at=began,
            duration=self.clock.time() - began,
            records=tuple(records),
            event=event,
            answer=result.answer,
            error=result.error,
            again=tuple(again),
        )
        self.log.append(call)
        return call

    def _remove(self, records: Sequence[Sent]) -> None:
        gone = set(map(id, records))
        self.waiting[:] = [record for record in self.waiting if id(record) not in gone]


def known(identifiers: Sequence[Any], records: Sequence[Sent]) -> bool:
    """Whether all of these name a record of the batch."""
    try:
        return {record.id for record in records}.issuperset(identifiers)
    except TypeError:  # an object or a list is no identifier
        return False


def seconds(duration: float | timedelta) -> float:
    """A duration in seconds."""
    return duration.total_seconds() if isinstance(duration, timedelta) else float(duration)


def within(name: str, value: float, low: float, high: float) -> None:
    """Raises ValueError for an option that AWS refuses."""
    if not low <= value <= high:
        raise ValueError(f"{name}={value!r} is out of range: AWS takes {low:g} to {high:g}.")
