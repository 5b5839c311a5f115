"""One span for each request, batch, event and record.

Names and attributes follow OpenTelemetry's semantic conventions for HTTP, messaging and functions:
https://opentelemetry.io/docs/specs/semconv/http/http-spans/
https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/
https://opentelemetry.io/docs/specs/semconv/faas/faas-spans/
"""

import os
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from opentelemetry import trace
from opentelemetry.trace import Link, Span, SpanKind, StatusCode, Tracer, TracerProvider

from lambdaframe.concurrency import in_thread
from lambdaframe.invocation import Correlated, Invocation, current, invocation_of
from lambdaframe.logging import bind, get_logger
from lambdaframe.tracing.parents import context_of, parent_of
from lambdaframe.types import ASGIApp, Message, Receive, Scope, Send

SYSTEMS: Mapping[str, str] = {
    "sqs": "aws_sqs",
    "sns": "aws.sns",
    "kinesis": "aws.kinesis",
    "dynamodb": "aws.dynamodb",
    "firehose": "aws.firehose",
    "eventbridge": "aws.eventbridge",
    "s3": "aws.s3",
    "kafka": "kafka",
}
"""What ``messaging.system`` calls a source."""

FLUSH = 1.0
"""Seconds that the spans of an invocation may take to get out before Lambda freezes the process."""

_log = get_logger("lambdaframe.tracing")


def tracer_of(provider: TracerProvider | None) -> Tracer:
    """Our tracer of this provider, or of the process's."""
    return trace.get_tracer("lambdaframe", tracer_provider=provider)


class Tracing:
    """ASGI middleware: a span around each request and each batch.

    ``provider``: another one than the process's. ``flush``: whether spans are sent before an invocation ends, because
    Lambda freezes the process then; None does it in Lambda, unless a layer that does it itself is at work.
    """

    def __init__(self, app: ASGIApp, *, provider: TracerProvider | None = None, flush: bool | None = None) -> None:
        self.app = app
        self._provider = provider
        self._tracer = tracer_of(provider)
        self._flush = flush

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "records"}:
            await self.app(scope, receive, send)
            return
        invocation = invocation_of(scope) or current.get(None)
        serve = self._request if scope["type"] == "http" else self._batch
        try:
            await serve(scope, receive, send, invocation)
        finally:
            if self._flushes(invocation):
                await self._send_out(invocation)

    async def _request(self, scope: Scope, receive: Receive, send: Send, invocation: Invocation | None) -> None:
        attributes = {
            "http.request.method": scope["method"],
            "url.path": scope["path"],
            "url.scheme": scope.get("scheme", "http"),
            "network.protocol.version": scope.get("http_version", "1.1"),
            **_faas(invocation, "http"),
        }
        parent = parent_of({} if invocation is None else invocation.carrier)
        with self._tracer.start_as_current_span(
            scope["method"], context=parent, kind=SpanKind.SERVER, attributes=attributes
        ) as span:
            _tell_log(span)

            async def watched(message: Message) -> None:
                if message["type"] == "http.response.start":
                    status: int = message["status"]
                    span.set_attribute("http.response.status_code", status)
                    if status >= 500:
                        span.set_status(StatusCode.ERROR)
                await send(message)

            try:
                await self.app(scope, receive, watched)
            finally:
                path = getattr(scope.get("route"), "path", None)
                if path is not None:
                    span.set_attribute("http.route", path)
                    span.update_name(f"{scope['method']} {path}")

    async def _batch(self, scope: Scope, receive: Receive, send: Send, invocation: Invocation | None) -> None:
        source, name = scope["source"], scope.get("name")
        attributes = {**_messaging(source, name), **_faas(invocation, "pubsub")}
        count = 0
        with self._tracer.start_as_current_span(
            _name(source, name), context=parent_of({}), kind=SpanKind.CONSUMER, attributes=attributes
        ) as span:
            _tell_log(span)

            async def pulled() -> Message:
                nonlocal count
                message = await receive()
                if message["type"] == "records.record":
                    count += 1
                    if (producer := context_of(message["record"].carrier)) is not None:
                        span.add_link(producer)
                return message

            async def answered(message: Message) -> None:
                if message["type"] == "records.failed":
                    span.set_status(StatusCode.ERROR, "records failed")
                await send(message)

            try:
                await self.app(scope, pulled, answered)
            finally:
                span.set_attribute("messaging.batch.message_count", count)

    def _flushes(self, invocation: Invocation | None) -> bool:
        if self._flush is not None:
            return self._flush
        in_lambda = invocation is not None and invocation.raw_context is not None
        return in_lambda and "AWS_LAMBDA_EXEC_WRAPPER" not in os.environ

    async def _send_out(self, invocation: Invocation | None) -> None:
        provider: Any = self._provider or trace.get_tracer_provider()
        flush = getattr(provider, "force_flush", None)
        if flush is None:
            return
        left = FLUSH if invocation is None else min(FLUSH, invocation.remaining() / 2)
        try:
            if not await in_thread(flush)(max(round(left * 1_000), 1)):
                _log.warning("Spans are not sent yet", seconds=left)
        except Exception:
            _log.warning("Spans could not be sent", exc_info=True)


def record_spans(
    provider: TracerProvider | None = None,
) -> Callable[[Any, Callable[[Any], Awaitable[Any]]], Awaitable[Any]]:
    """Record middleware: a span for each record, under its batch's and linked to the one that sent it."""
    tracer = tracer_of(provider)

    async def traced(record: Any, call_next: Callable[[Any], Awaitable[Any]]) -> Any:
        with tracer.start_as_current_span(
            f"process {record.source} record",
            kind=SpanKind.CONSUMER,
            attributes={**_messaging(record.source, None), "messaging.message.id": record.id},
            links=_links(record),
        ) as span:
            _tell_log(span)
            return await call_next(record)

    return traced


def _links(record: Correlated) -> list[Link]:
    producer = context_of(record.carrier)
    return [] if producer is None else [Link(producer)]


def _tell_log(span: Span) -> None:
    """Let the lines that are written inside the span name it."""
    about = span.get_span_context()
    if about.is_valid:
        bind(trace_id=trace.format_trace_id(about.trace_id), span_id=trace.format_span_id(about.span_id))


def _name(source: str, name: str | None) -> str:
    return f"process {name or source}"


def _messaging(source: str, name: str | None) -> dict[str, str]:
    known = {"messaging.system": SYSTEMS.get(source, source), "messaging.operation.type": "process"}
    return known if name is None else {**known, "messaging.destination.name": name}


def _faas(invocation: Invocation | None, trigger: str) -> dict[str, Any]:
    if invocation is None or invocation.raw_context is None:
        return {}
    arn = getattr(invocation.raw_context, "invoked_function_arn", None)
    return {
        "faas.trigger": trigger,
        "faas.invocation_id": invocation.request_id,
        "faas.coldstart": invocation.cold_start,
        **({"cloud.resource_id": arn} if arn else {}),
    }
