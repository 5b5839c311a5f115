"""One HTTP event: a scope for the application, and its answer, or ours where it has none."""

import math
import sys
from typing import Any

from lambdaframe.errors import MalformedEventError
from lambdaframe.http.answers.problems import problem
from lambdaframe.http.answers.responses import Answer
from lambdaframe.invocation import Invocation
from lambdaframe.logging import get_logger
from lambdaframe.runtime import DeadlineExceededError
from lambdaframe.types import Event
from lambdaframe_adapters._http import TruncatedBodyError
from lambdaframe_adapters._options import Options
from lambdaframe_adapters.exchange import HTTPExchange
from lambdaframe_adapters.execution import Execution
from lambdaframe_adapters.sources import HTTPSource

_SURELY_FITS = 4096
"""Bytes of a body that are under every source's limit, however they are escaped."""

_log = get_logger("lambdaframe.lambda")


def answer_http(
    execution: Execution, source: HTTPSource, event: Event, invocation: Invocation, remaining: float, options: Options
) -> dict[str, Any]:
    """Lambda's answer to the event. ``remaining``: seconds until the deadline, or infinity.

    400, 413: the application is not asked. 500: it raised, or its answer is incomplete or can't be sent. 504: its time
    was up. Raises what the application raises where that is asked for.
    """
    try:
        scope = source.scope(event, invocation.raw_context, options)
        body = source.body(event)
    except TruncatedBodyError as exc:
        return _encoded(source, event, problem(413, str(exc)), options)
    except MalformedEventError as exc:
        return _encoded(source, event, problem(400, str(exc)), options)
    if options.max_body_size is not None and len(body) > options.max_body_size:
        return _encoded(source, event, problem(413, f"The body is over {options.max_body_size} bytes."), options)
    exchange = HTTPExchange(body)
    soft = remaining - max(0.3, 0.05 * remaining) if remaining < math.inf else remaining
    answer: Answer | None = None
    try:
        execution.run(scope, exchange.receive, exchange.send, invocation, soft=soft, remaining=remaining)
        if not exchange.complete:
            _log.error("The application ended without a complete answer", path=scope["path"])
    except DeadlineExceededError:
        _log.error("Cancelled at the deadline", path=scope["path"], answered=exchange.complete)
        answer = problem(504, "The function's time was up.")
    except Exception:
        if execution.raises:
            raise
        _log.exception("The application raised", path=scope["path"], answered=exchange.complete)
    if exchange.complete:
        answer = Answer(exchange.status, exchange.headers, exchange.body)
    return _encoded(source, event, answer or problem(500), options)


def _encoded(source: HTTPSource, event: Event, answer: Answer, options: Options) -> dict[str, Any]:
    """The answer as its source takes it; a 500 when it can't be sent."""
    headers = answer.headers
    try:
        if options.excluded_headers is not None:
            headers = [pair for pair in headers if not options.excluded_headers.fullmatch(pair[0].lower())]
        encoded = source.response(event, answer.status, headers, answer.body, options)
    except (TypeError, ValueError) as exc:  # UnsafeHeaderError, and headers that are no pairs
        _log.error("The answer can't be sent", reason=str(exc))
        return _encoded(source, event, problem(500), options)
    if len(answer.body) > _SURELY_FITS:
        limit = source.answer_limit(event)
        # Escaped as JSON a byte takes six at most, and there is room for the headers then.
        if len(answer.body) > limit // 8 and (size := _size(encoded)) > limit:
            _log.error("The answer is too large", size=size, limit=limit)
            return _encoded(source, event, problem(500, f"The answer is over the limit of {limit} bytes."), options)
    return encoded


def _size(answer: dict[str, Any]) -> int:
    """Bytes of the answer as the runtime sends it: before Python 3.12 it escapes what is not ASCII."""
    import json

    escaped = sys.version_info < (3, 12)
    return len(json.dumps(answer, ensure_ascii=escaped).encode("utf-8", "surrogatepass"))
