"""One batch: its records for the application, and the answer that names what is to be delivered again."""

from typing import Any

from lambdaframe.invocation import Invocation
from lambdaframe.logging import get_logger
from lambdaframe.runtime import DeadlineExceededError
from lambdaframe.types import Event
from lambdaframe_adapters.exchange import RecordExchange
from lambdaframe_adapters.execution import ABANDON, Execution
from lambdaframe_adapters.sources import RecordSource

_log = get_logger("lambdaframe.lambda")


def answer_records(
    execution: Execution, source: RecordSource, event: Event, invocation: Invocation, remaining: float
) -> dict[str, Any]:
    """The partial batch answer. ``remaining``: seconds until the deadline, or infinity.

    Raises what fails the whole batch: MalformedEventError, and what the application raises.
    """
    scope = source.scope(event, invocation.raw_context)
    exchange = RecordExchange(source.records(event))
    soft = remaining - 2 * ABANDON
    try:
        execution.run(scope, exchange.receive, exchange.send, invocation, soft=soft, remaining=remaining)
    except DeadlineExceededError:
        _log.error("The batch was cancelled at the deadline", unfinished=len(exchange.unanswered()))
    return source.failures(event, exchange.unanswered(), exchange.received)
