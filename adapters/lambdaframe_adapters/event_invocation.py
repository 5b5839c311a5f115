"""One event that asks for no answer: it is done when all its records are, and fails when one is not. A direct
invocation is answered with what its handler returned, and raises what that raised.
"""

from collections.abc import Iterator
from typing import Any

from lambdaframe.errors import EventFailedError, NoConsumerError
from lambdaframe.invocation import Invocation
from lambdaframe.logging import get_logger
from lambdaframe.records.record import Record
from lambdaframe.runtime import DeadlineExceededError
from lambdaframe.types import Message
from lambdaframe_adapters import direct
from lambdaframe_adapters.exchange import RecordExchange
from lambdaframe_adapters.execution import ABANDON, Execution
from lambdaframe_adapters.sources import EventSource

_log = get_logger("lambdaframe.lambda")


def answer_event(
    execution: Execution, source: EventSource, event: Any, invocation: Invocation, remaining: float
) -> Any:
    """None, or what the handler of a direct invocation returned. ``remaining``: seconds until the deadline, or
    infinity.

    Raises EventFailedError when a record is not done; NoConsumerError when none has a handler; for a direct invocation
    what its handler raised: its class's name is the ``errorType`` that Step Functions retries and catches by. Raises
    MalformedEventError, and what the application raises.
    """
    scope = source.scope(event, invocation.raw_context)
    exchange = EventExchange(source.records(event))
    soft = remaining - 2 * ABANDON
    try:
        execution.run(scope, exchange.receive, exchange.send, invocation, soft=soft, remaining=remaining)
    except DeadlineExceededError:
        _log.error("The event was cancelled at the deadline", unfinished=len(exchange.unanswered()))
    exchange.pull_all()
    if source is direct:
        _raise_own(exchange.errors)
    _raise_for(source.name, exchange)
    return exchange.result if source is direct else None


class EventExchange(RecordExchange):
    """One event, the errors of its records, by id, and the last result."""

    __slots__ = ("errors", "result")

    def __init__(self, records: Iterator[Record]) -> None:
        super().__init__(records)
        self.errors: list[tuple[str, BaseException]] = []
        self.result: Any = None

    async def send(self, message: Message) -> None:
        await super().send(message)
        if message["type"] == "records.failed":
            self.errors.append((message["id"], message["error"]))
        else:
            self.result = message.get("result")

    def pull_all(self) -> None:
        """Take what the application has not asked for: it is not finished either."""
        self._received.extend(record.id for record in self._records)


def _raise_own(errors: list[tuple[str, BaseException]]) -> None:
    for _, error in errors:
        if isinstance(error, Exception):
            raise error
        # It would end the process, and with it the next invocation's warm start.
        raise RuntimeError(f"The handler raised {type(error).__name__}.") from error


def _raise_for(source: str, exchange: EventExchange) -> None:
    open_ = list(exchange.unanswered())
    if not open_:
        return
    errors = exchange.errors
    for _, error in errors:
        if isinstance(error, NoConsumerError) and len(errors) == exchange.received:
            raise error
    failed = [(key, type(error).__name__) for key, error in errors]
    known = {key for key, _ in failed}
    unfinished = [key for key in open_ if key not in known]
    raise EventFailedError(source, exchange.received, failed, unfinished) from (errors[0][1] if errors else None)
