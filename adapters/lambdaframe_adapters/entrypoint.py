"""The Lambda entry point: the only module that knows all sources."""

import math
import os
import signal
import sys
import threading
import time
from collections.abc import Iterable
from typing import Any, Literal

from lambdaframe.errors import (
    ConfigurationError,
    LifespanError,
    MalformedEventError,
    SourceNotAllowedError,
    UnsafeHeaderError,
)
from lambdaframe.http.problems import problem
from lambdaframe.http.responses import Answer
from lambdaframe.invocation import SCOPE_KEY, Invocation, current
from lambdaframe.logging import capture_stdlib, get_logger
from lambdaframe.logging.context import fresh_keys
from lambdaframe.runtime import DeadlineExceededError, Runtime
from lambdaframe.types import ASGIApp, Event, LambdaContext, Scope
from lambdaframe_adapters import empty_batch
from lambdaframe_adapters.detection import SOURCES, detect
from lambdaframe_adapters.exchange import HTTPExchange, RecordExchange
from lambdaframe_adapters.sources import HTTPSource, RecordSource

ANSWER_LIMIT = 6_291_556
"""Bytes of the whole answer, encoded. https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""

ALB_ANSWER_LIMIT = 1_048_576
"""https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html"""

_ABANDON = 0.1
"""Seconds before the deadline at which work that ignores its cancellation is left behind, for an answer to get out."""

_log = get_logger("lambdaframe.lambda")


class LambdaHandler:
    """Runs an ASGI application as a Lambda function: ``handler = LambdaHandler(app)``.

    ``app``: an ``App``, or any ASGI 3 application (HTTP only). ``sources``: accept events of these sources only, by the
    names that ``detect`` gives. ``on_error="raise"`` lets an unhandled error of an HTTP request fail the invocation
    instead of answering 500. ``base_path``: the part of the path that a custom domain adds (``/v1``).
    ``max_body_size``: in bytes, decoded; larger requests answer 413.

    Calling it raises UnknownEventError for an event of no known or allowed source, LifespanError when the application's
    start-up failed, and any error that fails a whole batch.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        sources: Iterable[str] | None = None,
        on_error: Literal["respond", "raise"] = "respond",
        base_path: str = "",
        max_body_size: int | None = None,
    ) -> None:
        self._app = app
        self._sources = None if sources is None else _with_empty_batches(frozenset(sources))
        self._on_error = on_error
        self._base_path = _checked_base_path(base_path)
        self._max_body_size = max_body_size
        self._cold = True
        self._leaving = False
        if on_error not in {"respond", "raise"}:
            raise ConfigurationError(f"on_error is 'respond' or 'raise', not {on_error!r}.")
        unknown = sorted((self._sources or frozenset()) - set(SOURCES))
        if unknown:
            raise ConfigurationError(f"Unknown sources {unknown}; there are {sorted(SOURCES)}.")
        self._runtime = Runtime(app)
        if "AWS_LAMBDA_RUNTIME_API" in os.environ:
            self._start_inside_lambda()

    def _start_inside_lambda(self) -> None:
        """Use the init phase, which has a full core. A failed start-up is tried again by the first invocation."""
        capture_stdlib()
        if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
            signal.signal(signal.SIGTERM, self._terminate)
        try:
            self._runtime.start()
        except LifespanError as exc:
            _log.error(str(exc))
        if self._leaving:
            sys.exit(_TERMINATED)

    def _terminate(self, signum: int, frame: object) -> None:
        """Exit, and so shut down. In the middle of an invocation that waits for its end: an exception out of nowhere
        would fail a handler that has done nothing wrong."""
        if self._runtime.running:
            self._leaving = True
        else:
            sys.exit(_TERMINATED)

    def __call__(self, event: Any, context: LambdaContext | None = None) -> Any:
        source = detect(event)
        if self._sources is not None and source.name not in self._sources:
            raise SourceNotAllowedError(event, source.name, self._sources)
        if source is empty_batch:
            return empty_batch.failures(event, (), 0)
        remaining = math.inf if context is None else context.get_remaining_time_in_millis() / 1000
        invocation = Invocation(
            request_id=None if context is None else context.aws_request_id,
            source=source.name,
            cold_start=self._cold,
            deadline=None if context is None else time.monotonic() + remaining,
            raw_event=event,
            raw_context=context,
        )
        self._cold = False
        try:
            self._runtime.start()
            if source.kind == "http":
                return self._http(source, event, invocation, remaining)
            return self._records(source, event, invocation, remaining)
        finally:
            if self._leaving:
                self._runtime.stop()

    def close(self) -> None:
        """Run the lifespan's shutdown and close the loop. Happens by itself when the process ends."""
        self._runtime.close()

    # HTTP

    def _http(self, source: HTTPSource, event: Event, invocation: Invocation, remaining: float) -> dict[str, Any]:
        try:
            scope = source.scope(event, invocation.raw_context, base_path=self._base_path)
            body = source.body(event)
        except MalformedEventError as exc:
            return self._encode(source, event, problem(400, str(exc)))
        if self._max_body_size is not None and len(body) > self._max_body_size:
            return self._encode(source, event, problem(413, f"The body is over {self._max_body_size} bytes."))
        exchange = HTTPExchange(body)
        soft = remaining - max(0.3, 0.05 * remaining) if remaining < math.inf else remaining
        answer: Answer | None = None
        try:
            self._run(scope, exchange, invocation, soft, remaining)
            if not exchange.complete:
                _log.error("The application ended without a complete answer", path=scope["path"])
        except DeadlineExceededError:
            _log.error("Cancelled at the deadline", path=scope["path"], answered=exchange.complete)
            answer = problem(504, "The function's time was up.")
        except Exception:
            if self._on_error == "raise":
                raise
            _log.exception("The application raised", path=scope["path"], answered=exchange.complete)
        if exchange.complete:
            answer = Answer(exchange.status, exchange.headers, exchange.body)
        return self._encode(source, event, answer or problem(500))

    def _encode(self, source: HTTPSource, event: Event, answer: Answer) -> dict[str, Any]:
        """The answer as its source takes it; a 500 when it can't be sent."""
        try:
            encoded = source.response(event, answer.status, answer.headers, answer.body)
        except UnsafeHeaderError as exc:
            _log.error("The answer can't be sent", reason=str(exc))
            return self._encode(source, event, problem(500))
        limit = ALB_ANSWER_LIMIT if source.name == "alb" else ANSWER_LIMIT
        if len(answer.body) > limit // 8 and (size := _encoded_size(encoded)) > limit:
            _log.error("The answer is too large", size=size, limit=limit)
            return self._encode(source, event, problem(500, f"The answer is over the limit of {limit} bytes."))
        return encoded

    # Records

    def _records(self, source: RecordSource, event: Event, invocation: Invocation, remaining: float) -> dict[str, Any]:
        scope = source.scope(event, invocation.raw_context)
        exchange = RecordExchange(source.records(event))
        soft = remaining - 2 * _ABANDON
        try:
            self._run(scope, exchange, invocation, soft, remaining)
        except DeadlineExceededError:
            _log.error("The batch was cancelled at the deadline", unfinished=len(exchange.unanswered()))
        return source.failures(event, exchange.unanswered(), exchange.received)

    def _run(
        self,
        scope: Scope,
        exchange: HTTPExchange | RecordExchange,
        invocation: Invocation,
        soft: float,
        remaining: float,
    ) -> None:
        scope[SCOPE_KEY] = invocation
        scope["state"] = self._runtime.state.copy()
        if self._on_error == "raise":
            scope["extensions"]["lambda"]["on_error"] = "raise"
        try:
            self._runtime.run(self._serve(scope, exchange, invocation), soft=soft, hard=remaining - _ABANDON)
        except SystemExit as exc:  # it would end the process, and with it the next invocation's warm start
            raise RuntimeError("The application called sys.exit().") from exc

    async def _serve(self, scope: Scope, exchange: HTTPExchange | RecordExchange, invocation: Invocation) -> None:
        current.set(invocation)
        fresh_keys()
        await self._app(scope, exchange.receive, exchange.send)


_TERMINATED = 143
"""The exit status of a process that SIGTERM ended, by the shell's convention."""


def _with_empty_batches(sources: frozenset[str]) -> frozenset[str]:
    """A batch without records does not say whose it is: whoever takes any records takes it."""
    takes_records = any(name in SOURCES and SOURCES[name].kind == "records" for name in sources)
    return sources | {empty_batch.name} if takes_records else sources


def _encoded_size(answer: dict[str, Any]) -> int:
    """Bytes of the answer as the runtime sends it: before Python 3.12 it escapes what is not ASCII."""
    import json

    escaped = sys.version_info < (3, 12)
    return len(json.dumps(answer, ensure_ascii=escaped).encode("utf-8", "surrogatepass"))


def _checked_base_path(path: str) -> str:
    if path and (not path.startswith("/") or path.endswith("/")):
        raise ConfigurationError(f"base_path starts with '/' and does not end with it, as in '/v1'; not {path!r}.")
    return path
