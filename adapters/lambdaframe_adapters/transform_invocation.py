"""One batch to be transformed: its records for the application, and the answer with what became of each."""

from collections.abc import Iterator
from typing import Any

from lambdaframe.errors import ResponseValidationError
from lambdaframe.invocation import Invocation
from lambdaframe.logging import get_logger
from lambdaframe.records.firehose import Dropped, FirehoseResult
from lambdaframe.records.record import Record
from lambdaframe.records.transforming import result_of
from lambdaframe.runtime import DeadlineExceededError
from lambdaframe.types import Event, Message
from lambdaframe_adapters.exchange import RecordExchange
from lambdaframe_adapters.execution import ABANDON, Execution
from lambdaframe_adapters.firehose import LIMIT
from lambdaframe_adapters.sources import TransformSource

_log = get_logger("lambdaframe.lambda")


def answer_transform(
    execution: Execution, source: TransformSource, event: Event, invocation: Invocation, remaining: float
) -> dict[str, Any]:
    """The answer with every record. ``remaining``: seconds until the deadline, or infinity.

    Raises what fails the whole batch: MalformedEventError, and what the application raises.
    """
    scope = source.scope(event, invocation.raw_context)
    exchange = TransformExchange(source.records(event))
    soft = remaining - 2 * ABANDON
    try:
        execution.run(scope, exchange.receive, exchange.send, invocation, soft=soft, remaining=remaining)
    except DeadlineExceededError:
        _log.error("The batch was cancelled at the deadline", unfinished=len(exchange.unanswered()))
    answer = source.answer(event, exchange.results)
    if answer.too_large:
        _log.error("The answer is too large: records have failed for it", limit=LIMIT, record_ids=answer.too_large)
    return answer.event


class TransformExchange(RecordExchange):
    """One batch and the results of its records, by id."""

    __slots__ = ("results",)

    def __init__(self, records: Iterator[Record]) -> None:
        super().__init__(records)
        self.results: dict[str, FirehoseResult] = {}

    async def send(self, message: Message) -> None:
        await super().send(message)
        if message["type"] != "records.done":
            return
        identifier = message["id"]
        if message.get("dropped"):
            self.results[identifier] = Dropped()
            return
        try:
            self.results[identifier] = result_of(message.get("result"))
        except ResponseValidationError as exc:
            _log.error("Record failed", record_id=identifier, reason=str(exc))
