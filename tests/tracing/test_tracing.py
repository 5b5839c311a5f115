"""Spans, their parents and their links, as an exporter sees them."""

from collections.abc import Callable, Generator, Mapping
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from lambdaframe import App, HTTPException, Record, logger
from lambdaframe.correlation import outgoing_headers
from lambdaframe.testing import TestClient
from lambdaframe_adapters import LambdaHandler
from lambdaframe_adapters.testing import LambdaContext
from tests.logging.written import Written
from tests.observing.test_correlation import TRACEPARENT, XRAY, sqs

Make = Callable[..., LambdaHandler]

REMOTE_TRACE, REMOTE_SPAN = int(TRACEPARENT[3:35], 16), int(TRACEPARENT[36:52], 16)
XRAY_TRACE, XRAY_SPAN = int("5759e988bd862e3fe1be46a994272793", 16), int("557abcec3ee5a047", 16)


class Spans:
    """A tracer provider of the test's own, and what came out of it."""

    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()
        self.provider = TracerProvider()
        self.provider.add_span_processor(SimpleSpanProcessor(self.exporter))

    @property
    def all(self) -> Mapping[str, ReadableSpan]:
        found = {span.name: span for span in self.exporter.get_finished_spans()}
        assert len(found) == len(self.exporter.get_finished_spans())
        return found

    def app(self, **options: Any) -> App:
        return App(tracing={"provider": self.provider}, **options)


@pytest.fixture
def spans() -> Generator[Spans]:
    made = Spans()
    yield made
    made.provider.shutdown()


def identity(span: ReadableSpan) -> tuple[int, int]:
    context = span.get_span_context()
    assert context is not None
    return context.trace_id, context.span_id


def parent(span: ReadableSpan) -> tuple[int, int] | None:
    return None if span.parent is None else (span.parent.trace_id, span.parent.span_id)


def links(span: ReadableSpan) -> list[tuple[int, int]]:
    return [(link.context.trace_id, link.context.span_id) for link in span.links]


def test_a_request_is_a_span(spans: Spans, written: Written) -> None:
    app = spans.app()

    @app.get("/orders/{order_id}")
    async def read(order_id: int) -> dict[str, str]:
        with trace.get_tracer("test", tracer_provider=spans.provider).start_as_current_span("query"):
            logger.info("in a span")
            return outgoing_headers()

    answer = TestClient(app).get("/orders/7?x=1", headers={"x-request-id": "abc"})
    span, query = spans.all["GET /orders/{order_id}"], spans.all["query"]
    assert (span.kind, parent(span), parent(query)) == (SpanKind.SERVER, None, identity(span))
    assert span.attributes == {
        "http.request.method": "GET",
        "http.route": "/orders/{order_id}",
        "http.response.status_code": 200,
        "url.path": "/orders/7",
        "url.scheme": "http",
        "network.protocol.version": "1.1",
    }
    trace_id, span_id = identity(span)
    assert (written.lines[0]["trace_id"], written.lines[0]["span_id"]) == (f"{trace_id:032x}", f"{span_id:016x}")
    assert answer.json()["traceparent"].startswith(f"00-{trace_id:032x}-{identity(query)[1]:016x}-0")


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"traceparent": TRACEPARENT}, (REMOTE_TRACE, REMOTE_SPAN)),
        ({"x-amzn-trace-id": XRAY}, (XRAY_TRACE, XRAY_SPAN)),
        ({"traceparent": TRACEPARENT, "x-amzn-trace-id": XRAY}, (REMOTE_TRACE, REMOTE_SPAN)),
        ({"traceparent": "nonsense", "x-amzn-trace-id": "Root=1-x;Parent=y"}, None),
        ({"x-amzn-trace-id": "Root=1-5759e988-bd862e3fe1be46a994272793"}, None),
    ],
)
def test_a_request_goes_on_with_the_callers_trace(
    headers: Mapping[str, str], expected: tuple[int, int] | None, spans: Spans
) -> None:
    app = spans.app()
    app.get("/")(_nothing)
    TestClient(app).get("/", headers=headers)
    assert parent(spans.all["GET /"]) == expected


async def _nothing() -> None: ...


def test_lambdas_own_trace_is_the_parent_of_last_resort(
    spans: Spans, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("_X_AMZN_TRACE_ID", XRAY)
    app = spans.app()
    app.sqs("orders")(_consume)
    make(app)({"Records": [sqs("m1")]}, LambdaContext())
    assert parent(spans.all["process orders"]) == (XRAY_TRACE, XRAY_SPAN)


async def _consume(record: Record) -> None: ...


def test_a_span_that_somebody_outside_has_started_is_the_parent(spans: Spans, make: Make) -> None:
    app = spans.app()
    app.get("/")(_nothing)

    async def outer(scope: Any, receive: Any, send: Any) -> None:
        with trace.get_tracer("layer", tracer_provider=spans.provider).start_as_current_span("layer"):
            await app(scope, receive, send)

    TestClient(outer).get("/", headers={"traceparent": TRACEPARENT})
    assert parent(spans.all["GET /"]) == identity(spans.all["layer"])


@pytest.mark.parametrize(
    ("status", "expected"), [(200, StatusCode.UNSET), (404, StatusCode.UNSET), (503, StatusCode.ERROR)]
)
def test_only_the_servers_own_errors_are_errors(status: int, expected: StatusCode, spans: Spans) -> None:
    app = spans.app()

    @app.get("/")
    async def answer() -> None:
        if status != 200:
            raise HTTPException(status)

    TestClient(app).get("/")
    assert spans.all["GET /"].status.status_code is expected


def test_an_exception_is_in_the_span(spans: Spans) -> None:
    app = spans.app()

    @app.get("/")
    async def fail() -> None:
        raise ValueError("no luck")

    TestClient(app, raise_server_exceptions=False).get("/")
    span = spans.all["GET /"]
    assert span.status.status_code is StatusCode.ERROR


def test_the_records_of_a_batch_are_its_children_and_linked_to_their_senders(spans: Spans, make: Make) -> None:
    app = spans.app()

    @app.sqs("orders", concurrency=10)
    async def work(record: Record) -> None:
        tracer = trace.get_tracer("test", tracer_provider=spans.provider)
        with tracer.start_as_current_span(f"inside {record.id}"):
            if record.id == "m3":
                raise ValueError(record.id)

    batch = [sqs("m1", {"traceparent": TRACEPARENT}), sqs("m2", trace=XRAY), sqs("m3")]
    context = LambdaContext()
    make(app)({"Records": batch}, context)
    finished = spans.exporter.get_finished_spans()
    whole = next(span for span in finished if span.name == "process orders")
    assert whole.attributes is not None
    assert whole.kind is SpanKind.CONSUMER
    assert links(whole) == [(REMOTE_TRACE, REMOTE_SPAN), (XRAY_TRACE, XRAY_SPAN)]
    assert (
        whole.attributes.items()
        >= {
            "messaging.system": "aws_sqs",
            "messaging.destination.name": "orders",
            "messaging.batch.message_count": 3,
            "faas.invocation_id": context.aws_request_id,
        }.items()
    )
    assert whole.status.status_code is StatusCode.ERROR
    records = {
        span.attributes["messaging.message.id"]: span
        for span in finished
        if span.name == "process sqs record" and span.attributes
    }
    assert {name: links(span) for name, span in records.items()} == {
        "m1": [(REMOTE_TRACE, REMOTE_SPAN)],
        "m2": [(XRAY_TRACE, XRAY_SPAN)],
        "m3": [],
    }
    for name, span in records.items():
        assert parent(span) == identity(whole)
        inside = next(each for each in finished if each.name == f"inside {name}")
        assert parent(inside) == identity(span)
        assert (span.status.status_code is StatusCode.ERROR) == (name == "m3")


def test_what_the_store_does_is_in_the_trace(spans: Spans) -> None:
    app = spans.app(idempotency="memory://")

    @app.post("/", idempotent=True)
    async def create() -> int:
        return 1

    client = TestClient(app)
    for _ in range(2):
        client.post("/", headers={"idempotency-key": "a"})
    moves = [span for span in spans.exporter.get_finished_spans() if span.name.startswith("idempotency")]
    said = [(span.name, (span.attributes or {})["idempotency.verdict"]) for span in moves]
    assert said == [
        ("idempotency acquire", "granted"),
        ("idempotency complete", "granted"),
        ("idempotency acquire", "replay"),
    ]
    assert {span.kind for span in moves} == {SpanKind.CLIENT}


class Flushed(TracerProvider):
    """Counts how often it was flushed."""

    flushes = 0

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        self.flushes += 1
        assert timeout_millis <= 1_000
        return True


@pytest.mark.parametrize(
    ("options", "layer", "expected"),
    [({}, False, 1), ({}, True, 0), ({"flush": False}, False, 0), ({"flush": True}, True, 1)],
)
def test_spans_are_sent_before_lambda_freezes_the_process(
    options: dict[str, Any], layer: bool, expected: int, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    if layer:
        monkeypatch.setenv("AWS_LAMBDA_EXEC_WRAPPER", "/opt/otel-instrument")
    provider = Flushed()
    given: Any = {"provider": provider, **options}
    app = App(tracing=given)
    app.sqs("orders")(_consume)
    make(app)({"Records": [sqs("m1")]}, LambdaContext())
    assert provider.flushes == expected


def test_a_local_server_does_not_flush_for_each_request() -> None:
    provider = Flushed()
    app = App(tracing={"provider": provider})
    app.get("/")(_nothing)
    TestClient(app).get("/")
    assert provider.flushes == 0


def test_without_tracing_nothing_is_loaded() -> None:
    import subprocess
    import sys

    code = "import sys; from lambdaframe import App; App(); print([it for it in sys.modules if 'opentelemetry' in it])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
