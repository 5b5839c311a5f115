"""A handler called as Lambda calls it: the event and the answer travel as JSON, and time runs out."""

import json
from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

from lambdaframe.testing import FakeClock
from lambdaframe_adapters.testing.context import LambdaContext

Handler: TypeAlias = Callable[[Any, Any], Any]
"""``handler(event, context) -> answer``, as the runtime calls it: a ``LambdaHandler``, or any function."""


class Result(NamedTuple):
    """``answer``: decoded JSON. ``error``: why the invocation failed, or None."""

    answer: Any
    error: str | None
    request_id: str


def invoke(handler: Handler, event: Any, timeout: float, clock: FakeClock) -> Result:
    """One invocation. It fails when the handler raises, when its answer can't be JSON, and when ``clock`` has moved
    on by more than ``timeout`` seconds until it returns: Lambda would have killed it by then."""
    context = LambdaContext(timeout=timeout, clock=clock)
    deadline = clock.monotonic() + timeout
    answer: Any = None
    error: str | None = None
    try:
        answer = json.loads(json.dumps(handler(json.loads(json.dumps(event)), context)))
    except (Exception, SystemExit) as exc:
        error = f"{type(exc).__name__}: {exc}"
    if clock.monotonic() > deadline:
        answer, error = None, f"Task timed out after {timeout:.2f} seconds"
    return Result(answer, error, context.aws_request_id)
