"""What becomes of a record that has failed, and the one log line that says so."""

from collections.abc import Callable
from contextvars import Context
from typing import Any

from lambdaframe.errors import PoisonRecordError
from lambdaframe.logging import get_logger
from lambdaframe.records.consumer import Consumer
from lambdaframe.records.policy import Policy, Sink
from lambdaframe.records.record import Record
from lambdaframe.types import Message

_log = get_logger("lambdaframe.records")


class Failures:
    """The failures of one stream. ``cancelled``: whether the running task has been cancelled from outside."""

    def __init__(self, consumer: Consumer, cancelled: Callable[[], bool]) -> None:
        self._consumer = consumer
        self._cancelled = cancelled
        self.told: BaseException | None = None
        """An error whose trace is in the log already."""

    def sink(self, record: Record, error: BaseException) -> Sink | None:
        """What takes the record, if it has failed for good and there is such."""
        policy = self._policy(record)
        return policy.sink if policy.sink is not None and policy.verdict(error) == "permanent" else None

    def settle(self, record: Record, error: BaseException, context: Context) -> Message:
        """The answer to a record that no sink takes: failed, or done when its error says to drop it."""
        if self._policy(record).verdict(error) == "drop":
            fields = {"outcome": "dropped", "error": type(error).__name__, "reason": str(error)}
            context.run(_log.info, "Record dropped", **self._facts(record), **fields)
            return _gone(record)
        return self._failed(record, error, context)

    async def give_up(self, record: Record, error: BaseException, sink: Sink, context: Context) -> Message:
        """The answer to a record that has failed for good: done if the sink has taken it. Raises when cancelled."""
        try:
            await sink(record, error)
        except BaseException as exc:
            if self._cancelled() or isinstance(exc, GeneratorExit):
                raise
            return self._failed(record, error, context, dead_letter_error=repr(exc))
        self._report(record, error, context, outcome="dead-lettered")
        return _gone(record)

    def lost(self, record: Record, message: str, **fields: Any) -> None:
        """Log what neither failed nor was done."""
        _log.error(message, **self._facts(record), **fields)

    def _failed(self, record: Record, error: BaseException, context: Context, **fields: Any) -> Message:
        self._report(record, error, context, outcome="reported", **fields)
        return {"type": "records.failed", "id": record.id, "error": error}

    def _report(self, record: Record, error: BaseException, context: Context, **fields: Any) -> None:
        facts = {**self._facts(record), **fields}
        if isinstance(error, PoisonRecordError):
            context.run(_log.error, "Poison record", **facts, reason=str(error))
        elif error is self.told:
            context.run(_log.error, "Record failed", **facts, reason=repr(error))
        else:
            context.run(_log.error, "Record failed", **facts, exc_info=error)

    def _policy(self, record: Record) -> Policy:
        consumer = self._consumer
        return consumer.policy if consumer.policy_of is None else consumer.policy_of(record)

    def _facts(self, record: Record) -> dict[str, Any]:
        consumer = self._consumer
        label = consumer.label if consumer.label_of is None else consumer.label_of(record)
        return {"record_id": record.id, "consumer": label, "attempt": attempt(record)}


def _gone(record: Record) -> Message:
    return {"type": "records.done", "id": record.id, "result": None, "dropped": True}


def attempt(record: Record) -> int | None:
    """How often it has been delivered; None where the source's own count can't be read."""
    try:
        return record.receive_count
    except (LookupError, TypeError, ValueError):
        return None
