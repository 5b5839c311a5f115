"""One id for all lines of one piece of work: where it comes from, source by source, and how it goes on."""

import base64
import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from lambdaframe import App, PlainTextResponse, Record, logger
from lambdaframe.correlation import correlation_id, outgoing_attributes, outgoing_headers, trace_carrier
from lambdaframe.testing import TestClient
from lambdaframe_adapters import LambdaHandler
from lambdaframe_adapters.testing import LambdaContext
from tests.logging.written import Written

Load = Callable[[str], dict[str, Any]]
Make = Callable[..., LambdaHandler]
Path = tuple[str | int, ...]
"""Where something stands in an event."""

TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
XRAY = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=557abcec3ee5a047;Sampled=1"


def service(**options: Any) -> App:
    """Writes a line for whatever comes."""
    app = App(**options)

    @app.get("/{path:path}")
    @app.post("/{path:path}")
    async def any_request(path: str) -> dict[str, Any]:
        logger.info("request served")
        return {"id": correlation_id(), "passed on": outgoing_headers()}

    async def any_record(record: Record) -> None:
        logger.info("record in work", record_id=record.id)

    for register in (app.sqs, app.kinesis, app.dynamodb, app.kafka):
        register()(any_record)
    app.event("com.example.orders")(any_record)
    return app


def ids(written: Written, message: str) -> list[str]:
    return [line["correlation_id"] for line in written.lines if line["message"] == message]


def at(event: Any, path: Path) -> Any:
    for step in path:
        event = event[step]
    return event


def with_headers(event: dict[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
    """The event with these headers, in whichever way its source writes them."""
    if event.get("multiValueHeaders") is not None:
        event["multiValueHeaders"].update({name: [value] for name, value in headers.items()})
    if event.get("headers") is not None:
        event["headers"].update(headers)
    return event


@pytest.mark.parametrize(
    ("event_name", "gateways"),
    [
        ("http_api/no_body", ("requestContext", "requestId")),
        ("http_api_v1/stage", ("requestContext", "requestId")),
        ("function_url/plain", ("requestContext", "requestId")),
        ("edge/viewer_request", ("Records", 0, "cf", "config", "requestId")),
    ],
)
def test_a_gateway_says_the_id_unless_the_client_does(
    event_name: str, gateways: Path, event: Load, make: Make, written: Written
) -> None:
    handler = make(service())
    given = event(event_name)
    handler(given, LambdaContext())
    assert ids(written, "request served") == [at(given, gateways)]


@pytest.mark.parametrize(
    "event_name", ["alb/multi_value", "alb/single_value", "http_api/no_body", "function_url/plain"]
)
def test_a_client_says_the_id(event_name: str, event: Load, make: Make, written: Written) -> None:
    make(service())(with_headers(event(event_name), {"x-request-id": "client-1"}), LambdaContext())
    assert ids(written, "request served") == ["client-1"]


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"x-request-id": "a"}, "a"),
        ({"x-correlation-id": "b"}, "b"),
        ({"x-request-id": "a", "x-correlation-id": "b"}, "a"),
        ({"x-request-id": "", "x-correlation-id": "b"}, "b"),
        ({"x-request-id": "has space", "traceparent": TRACEPARENT}, "4bf92f3577b34da6a3ce929d0e0e4736"),
        ({"x-request-id": "x" * 129, "x-amzn-trace-id": XRAY}, "1-5759e988-bd862e3fe1be46a994272793"),
        ({"x-request-id": "x" * 128}, "x" * 128),
        ({"traceparent": TRACEPARENT, "x-amzn-trace-id": XRAY}, "4bf92f3577b34da6a3ce929d0e0e4736"),
        ({"traceparent": "00-" + "0" * 32 + "-00f067aa0ba902b7-01", "x-amzn-trace-id": XRAY}, XRAY[5:40]),
    ],
)
def test_the_first_id_that_is_well_formed_counts(headers: Mapping[str, str], expected: str) -> None:
    assert TestClient(service()).get("/", headers=headers).json()["id"] == expected


LEFTOVERS = """
import gc, json, sys
from lambdaframe import App, logger
from lambdaframe.invocation import Invocation
from lambdaframe_adapters import LambdaHandler

app = App()

@app.get("/{path:path}")
async def read(path: str) -> None:
    logger.info("served")

handler, event = LambdaHandler(app), json.loads(sys.argv[1])
handler(event)
gc.collect()
gc.disable()
for _ in range(10):
    handler(event)
print(sum(isinstance(it, Invocation) for it in gc.get_objects()))
"""


def test_a_request_leaves_nothing_to_the_garbage_collector(event: Load) -> None:
    command = [sys.executable, "-c", LEFTOVERS, json.dumps(event("http_api/no_body"))]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert int(done.stdout.splitlines()[-1]) <= 1


def test_without_any_it_is_the_invocations_own(written: Written) -> None:
    client = TestClient(service())
    client.get("/")
    client.get("/")
    first, second = (line for line in written.lines if line["message"] == "request served")
    assert first["correlation_id"] == first["function_request_id"] != second["correlation_id"]


def sqs(identifier: str, attributes: Mapping[str, str] | None = None, trace: str | None = None) -> dict[str, Any]:
    return {
        "messageId": identifier,
        "receiptHandle": "AQEB",
        "body": "{}",
        "attributes": {"ApproximateReceiveCount": "1", **({"AWSTraceHeader": trace} if trace else {})},
        "messageAttributes": {
            name: {"dataType": "String", "stringValue": value} for name, value in (attributes or {}).items()
        },
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:eu-west-1:123456789012:orders",
        "awsRegion": "eu-west-1",
    }


def test_each_record_of_a_batch_has_its_own(make: Make, written: Written) -> None:
    batch = [
        sqs("m1"),
        sqs("m2", {"correlation_id": "order-7"}),
        sqs("m3", {"X-Request-Id": "client-1", "traceparent": TRACEPARENT}),
        sqs("m4", {"traceparent": TRACEPARENT}),
        sqs("m5", trace=XRAY),
        sqs("m6", {"correlation_id": "new\nline"}),
    ]
    make(service())({"Records": batch}, LambdaContext())
    expected = ["m1", "order-7", "client-1", TRACEPARENT[3:35], XRAY[5:40], "m6"]
    assert ids(written, "record in work") == expected


@pytest.mark.parametrize(
    ("event_name", "identifier"),
    [
        ("eventbridge/custom", ("id",)),
        ("kinesis/enhanced_fan_out", ("Records", 0, "kinesis", "sequenceNumber")),
        ("dynamodb/all_types", ("Records", 0, "dynamodb", "SequenceNumber")),
    ],
)
def test_records_without_attributes_go_by_their_id(
    event_name: str, identifier: Path, event: Load, make: Make, written: Written
) -> None:
    given = event(event_name)
    make(service())(given, LambdaContext())
    assert ids(written, "record in work")[0] == at(given, identifier)


def test_kafka_says_it_in_a_header(make: Make, written: Written) -> None:
    record = {
        "topic": "orders",
        "partition": 0,
        "offset": 15,
        "timestamp": 1545084650987,
        "timestampType": "CREATE_TIME",
        "value": base64.b64encode(b"{}").decode(),
        "headers": [{"x-request-id": list(b"client-1")}],
    }
    event = {
        "eventSource": "aws:kafka",
        "eventSourceArn": "arn:aws:kafka:us-east-1:123456789012:cluster/vpc/abcd",
        "bootstrapServers": "b-1:9092",
        "records": {"orders-0": [record]},
    }
    make(service())(event, LambdaContext())
    assert ids(written, "record in work") == ["client-1"]


def test_the_failure_of_a_record_has_its_id_too(make: Make, written: Written) -> None:
    app = App()

    @app.sqs("orders")
    async def fail(record: Record) -> None:
        raise ValueError(record.id)

    make(app)({"Records": [sqs("m1", {"correlation_id": "a"}), sqs("m2", {"correlation_id": "b"})]}, LambdaContext())
    assert ids(written, "Record failed") == ["a", "b"]


def test_the_id_and_the_trace_go_on_to_other_services() -> None:
    headers = {"x-request-id": "abc", "traceparent": TRACEPARENT, "tracestate": "vendor=1", "cookie": "secret"}
    passed = TestClient(service()).get("/", headers=headers).json()["passed on"]
    assert passed == {"x-request-id": "abc", "traceparent": TRACEPARENT, "tracestate": "vendor=1"}


def test_outside_an_invocation_there_is_nothing() -> None:
    assert (correlation_id(), outgoing_headers(), outgoing_attributes(), dict(trace_carrier())) == (None, {}, {}, {})


@pytest.mark.parametrize(("given", "expected"), [("abc", "abc"), ("a b", None)])
def test_the_answer_says_the_id_where_it_is_asked_to(given: str, expected: str | None) -> None:
    client = TestClient(service(correlation_header="x-request-id"))
    for path in ("/", "/"):
        answer = client.get(path, headers={"x-request-id": given})
        assert answer.headers["x-request-id"] == (expected or answer.json()["id"])


def test_what_the_application_says_itself_stays() -> None:
    app = App(correlation_header="x-request-id")

    @app.get("/")
    async def read() -> PlainTextResponse:
        return PlainTextResponse("", headers={"X-Request-Id": "its own"})

    assert TestClient(app).get("/").headers.get_list("x-request-id") == ["its own"]


def test_a_line_before_the_batch_does_not_lend_its_id_to_the_records(make: Make, written: Written) -> None:
    async def first_a_line(scope: Any, receive: Any, send: Any) -> None:
        logger.info("before")
        await app(scope, receive, send)

    app = service()
    make(first_a_line)({"Records": [sqs("m1"), sqs("m2")]}, LambdaContext())
    assert ids(written, "record in work") == ["m1", "m2"]


def test_an_error_says_it_too() -> None:
    app = App(correlation_header="X-Correlation-Id")

    @app.get("/")
    async def fail() -> None:
        raise ValueError("no")

    client = TestClient(app, raise_server_exceptions=False)
    assert client.get("/", headers={"x-request-id": "abc"}).headers["x-correlation-id"] == "abc"
    assert client.get("/nowhere", headers={"x-request-id": "def"}).headers["x-correlation-id"] == "def"
