"""The Lambda entry point: one object for the life of the process, from the init phase to SIGTERM."""

import math
import os
import signal
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Literal, TypeAlias

from lambdaframe.errors import BatchFailedError, ConfigurationError, LifespanError
from lambdaframe.invocation import Invocation
from lambdaframe.logging import capture_stdlib, get_logger
from lambdaframe.runtime import Runtime
from lambdaframe.types import LambdaContext
from lambdaframe_adapters import empty_batch
from lambdaframe_adapters._gateway_id import gateway_id
from lambdaframe_adapters._options import checked
from lambdaframe_adapters.admission import Admission
from lambdaframe_adapters.execution import Execution
from lambdaframe_adapters.http_invocation import answer_http
from lambdaframe_adapters.record_invocation import answer_records

AnyASGIApp: TypeAlias = Callable[[Any, Any, Any], Awaitable[Any]]
"""An ASGI 3 application, by whatever names its framework calls the types of the three words."""

_TERMINATED = 143
"""The exit status of a process that SIGTERM ended, by the shell's convention."""

_log = get_logger("lambdaframe.lambda")


class LambdaHandler:
    """Runs an ASGI application as a Lambda function: ``handler = LambdaHandler(app)``.

    ``app``: an ``App``, or any ASGI 3 application (HTTP only).
    ``sources``: accept events of these sources only, by the names that ``detect`` gives. ``"invoke"`` among them takes
    what is of no source, a direct invocation. Without ``sources`` the application is asked, by its attribute
    ``takes_invocations``: an ``App`` with a handler of ``app.invoke`` takes them.
    ``allow``: accept events from these only: ids of APIs, CloudFront distributions and accounts; ARNs of target groups,
    Lattice services, queues, streams, tables, topics, buckets, clusters and of an event's resources;
    ``log-group:NAME``.
    ``on_error="raise"`` lets an unhandled error of an HTTP request fail the invocation instead of answering 500.
    ``on_failure="raise"`` fails the invocation for a batch of which not all is done: for event source mappings without
    ``ReportBatchItemFailures``, where Lambda ignores the answer and takes failed records for done.
    ``base_path``: the part of the path that a custom domain adds (``/v1``).
    ``max_body_size``: in bytes, decoded; larger requests answer 413.
    ``trusted_hops``: how many proxies stand in front of the gateway; the client is the entry of X-Forwarded-For that
    is so many before the last.
    ``text_mime_types``: further media types that are answered as text. ``exclude_headers``: names of response headers
    that are never sent. In both ``*`` stands for any run of characters, and case does not matter.

    Raises ConfigurationError for an option that makes no sense. Calling it raises UnknownEventError for an event of no
    known source, or one that is not accepted, LifespanError when the application's start-up failed, and any error that
    fails a whole batch.
    """

    def __init__(
        self,
        app: AnyASGIApp,
        *,
        sources: Iterable[str] | None = None,
        allow: Iterable[str] | None = None,
        on_error: Literal["respond", "raise"] = "respond",
        on_failure: Literal["report", "raise"] = "report",
        base_path: str = "",
        max_body_size: int | None = None,
        trusted_hops: int = 0,
        text_mime_types: Iterable[str] = (),
        exclude_headers: Iterable[str] = (),
    ) -> None:
        if on_error not in {"respond", "raise"}:
            raise ConfigurationError(f"on_error is 'respond' or 'raise', not {on_error!r}.")
        if on_failure not in {"report", "raise"}:
            raise ConfigurationError(f"on_failure is 'report' or 'raise', not {on_failure!r}.")
        self._raises = on_failure == "raise"
        self._admission = Admission(sources, allow, lambda: bool(getattr(app, "takes_invocations", False)))
        self._options = checked(
            base_path=base_path,
            max_body_size=max_body_size,
            trusted_hops=trusted_hops,
            text_mime_types=text_mime_types,
            exclude_headers=exclude_headers,
        )
        self._cold = True
        self._leaving = False
        self._runtime = Runtime(app)
        self._execution = Execution(app, self._runtime, on_error)
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
        source = self._admission.source_of(event)
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
            gateway_id=gateway_id,
        )
        self._cold = False
        try:
            self._runtime.start()
            if source.kind == "http":
                return answer_http(self._execution, source, event, invocation, remaining, self._options)
            if source.kind == "records":
                answer = answer_records(self._execution, source, event, invocation, remaining)
                if self._raises and answer["batchItemFailures"]:
                    raise BatchFailedError(source.name, answer)
                return answer
            if source.kind == "events":
                from lambdaframe_adapters.event_invocation import answer_event

                return answer_event(self._execution, source, event, invocation, remaining)
            from lambdaframe_adapters.transform_invocation import answer_transform

            return answer_transform(self._execution, source, event, invocation, remaining)
        finally:
            if self._leaving:
                self._runtime.stop()

    def start(self) -> None:
        """Run the lifespan's start-up now, unless it is up: inside Lambda that is done when the handler is built,
        elsewhere by the first event. Raises LifespanError when it fails."""
        self._runtime.start()

    def close(self) -> None:
        """Run the lifespan's shutdown and close the loop. Happens by itself when the process ends."""
        self._runtime.close()
