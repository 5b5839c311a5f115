"""The sources of single events: which events are theirs, what their records are, and who takes what is nobody's."""

import base64
import copy
import gzip
import json
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdaframe import App
from lambdaframe.errors import (
    MalformedEventError,
    OriginNotAllowedError,
    PoisonRecordError,
    SourceNotAllowedError,
    UnknownEventError,
)
from lambdaframe.events.record import EventRecord
from lambdaframe.records.record import Record
from lambdaframe_adapters import LambdaHandler, direct, eventbridge, logs, s3, sns
from lambdaframe_adapters._json import ARRAY, OBJECT
from lambdaframe_adapters.admission import Admission
from lambdaframe_adapters.detection import HTTP_NAMES, RECORD_NAMES, SOURCES, detect
from lambdaframe_adapters.testing import (
    LambdaClient,
    eventbridge_event,
    logs_event,
    s3_event,
    schedule_event,
    sns_event,
)
from tests.adapters.captured import INVOKED, NAMES, UNKNOWN, captured

ACCOUNT = "123456789012"
EVENT_NAMES = [name for name in NAMES if name.partition("/")[0] in {"eventbridge", "sns", "s3", "logs"}]


def records_of(event: Any) -> list[Any]:
    source = detect(event)
    assert source.kind == "events"
    scope = source.scope(event, None)
    assert (scope["type"], scope["source"], scope["name"], scope["order"]) == ("records", source.name, None, "none")
    assert scope["extensions"]["lambda"]["event"] is event
    return list(source.records(event))


# Detection

telltales: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "source": st.just("a"),
        "detail-type": st.sampled_from(["b", None]),
        "detail": st.just({}),
        "Event": st.just("s3:TestEvent"),
        "Bucket": st.just("a"),
        "awslogs": st.sampled_from([{"data": ""}, {}, None]),
        "invocationId": st.just("a"),
        "deliveryStreamArn": st.just("a"),
        "eventSource": st.sampled_from(["aws:kafka", "SelfManagedKafka"]),
        "records": st.sampled_from([{}, [], None]),
        "requestContext": st.sampled_from([{}, {"elb": {}}, {"http": {}, "domainName": "a"}, None]),
        "rawPath": st.just("/"),
        "version": st.sampled_from(["0", "2.0"]),
        "raw_path": st.just("/"),
        "method": st.just("GET"),
        "httpMethod": st.just("GET"),
        "Records": st.lists(
            st.fixed_dictionaries(
                {},
                optional={
                    "EventSource": st.just("aws:sns"),
                    "eventSource": st.sampled_from(["aws:s3", "aws:sqs", "aws:sns"]),
                    "cf": st.just({"config": {"eventType": "viewer-request"}, "request": {}}),
                },
            ),
            max_size=2,
        ),
    },
)


@given(telltales)
def test_no_event_is_of_two_sources(event: dict[str, Any]) -> None:
    assert sum(source.matches(event) for source in SOURCES.values()) <= 1


json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@pytest.mark.parametrize("name", EVENT_NAMES)
@given(data=st.data())
def test_no_shape_makes_detection_raise(name: str, data: st.DataObject) -> None:
    event = copy.deepcopy(captured(name))
    part: Any = event
    while isinstance(part, OBJECT | ARRAY) and part:
        key: Any = data.draw(st.sampled_from(list(part) if isinstance(part, OBJECT) else list(range(len(part)))))
        if data.draw(st.booleans()):
            part[key] = data.draw(json_values)
            break
        part = part[key]
    assert sum(source.matches(event) for source in SOURCES.values()) <= 1


# Identities

IDENTITIES: dict[str, tuple[str, ...]] = {
    "eventbridge/custom": (ACCOUNT,),
    "eventbridge/ec2_state_change": (
        f"arn:aws:ec2:us-west-1:{ACCOUNT}:instance/i-1234567890abcdef0",
        ACCOUNT,
        "111122223333",
    ),
    "eventbridge/scheduler": (f"arn:aws:scheduler:eu-west-1:{ACCOUNT}:schedule/default/nightly", ACCOUNT),
    "sns/text": (f"arn:aws:sns:us-east-1:{ACCOUNT}:orders", ACCOUNT),
    "s3/put": ("arn:aws:s3:::uploads",),
    "s3/test_event": ("arn:aws:s3:::uploads",),
    "logs/extracted": (ACCOUNT, "log-group:/aws/lambda/orders"),
    "logs/control_message": ("CloudwatchLogs",),
}


@pytest.mark.parametrize("name", IDENTITIES)
def test_where_an_event_says_that_it_is_from(name: str) -> None:
    event = captured(name)
    assert tuple(detect(event).identities(event)) == IDENTITIES[name]


@pytest.mark.parametrize("event", [sns_event("a"), s3_event("a")])
def test_records_from_two_places_are_from_neither(event: dict[str, Any]) -> None:
    other = json.loads(json.dumps(event).replace(":topic", ":other").replace(":::bucket", ":::other"))
    event["Records"] += other["Records"]
    assert tuple(detect(event).identities(event)) == ()


# Records


def test_an_eventbridge_record_is_the_event_with_its_detail_as_body() -> None:
    event = captured("eventbridge/custom")
    (record,) = records_of(event)
    assert (record.id, record.source, record.body) == (event["id"], "eventbridge", event["detail"])
    assert record.facts is event
    assert record.timestamp.isoformat() == "2026-01-31T18:43:48+00:00"


def test_an_sns_record_is_the_message() -> None:
    (record,) = records_of(captured("sns/attributes"))
    assert (record.id, record.body) == ("95df01b4-ee98-5cb9-9903-4c221d41eb5e", '{"order_id": 7}')
    assert record.attributes["price_usd"] == Decimal("210.75")
    assert record.attributes["customer_interests"] == ["soccer", "rugby", None, 5]
    assert record.attributes["token"] == b"hello"
    assert record.timestamp.isoformat() == "2026-01-31T18:43:48.123000+00:00"
    # what is binary is not compared with filter policies
    assert set(record.facts["attributes"]) == {"event", "price_usd", "customer_interests"}


def test_an_s3_record_tells_the_key_as_it_is() -> None:
    (record,) = records_of(captured("s3/put"))
    assert record.facts == {
        "bucket": "uploads",
        "event": "ObjectCreated:Put",
        "key": "in/a+b c%20ü.txt",
        "key end": "in/a+b c%20ü.txt",
    }
    assert record.body is record.raw
    assert records_of(captured("s3/test_event")) == []


def test_records_of_logs_are_the_lines() -> None:
    first, second = records_of(captured("logs/two_lines"))
    assert (first.id, first.body, second.body) == (
        "eventId1",
        "[ERROR] First test message",
        "[ERROR] Second test message",
    )
    assert first.attributes == {"log_group": "testLogGroup", "log_stream": "testLogStream"}
    assert records_of(captured("logs/control_message")) == []


# What is malformed fails the invocation


def gzipped(content: bytes) -> dict[str, Any]:
    return {"awslogs": {"data": base64.b64encode(content).decode()}}


def log_data(**changed: Any) -> dict[str, Any]:
    whole: dict[str, Any] = {
        "messageType": "DATA_MESSAGE",
        "logGroup": "a",
        "logStream": "b",
        "owner": "c",
        "logEvents": [],
    }
    return gzipped(gzip.compress(json.dumps({**whole, **changed}).encode()))


MALFORMED: list[tuple[Any, str]] = [
    ({"Records": [{"EventSource": "aws:sns"}]}, "Record 0 is no message of SNS"),
    ({"Records": [*sns_event("a")["Records"], 5]}, "Record 1 is no message of SNS"),
    ({"Records": [{"EventSource": "aws:sns", "Sns": {"Message": "a"}}]}, "Record 0 has no MessageId"),
    ({"Records": [{"eventSource": "aws:s3"}]}, "Record 0 is no notification of S3"),
    ({"Records": [*s3_event("a")["Records"], {"eventSource": "aws:sqs"}]}, "Record 1 is no notification of S3"),
    ({"awslogs": {"data": "!!!"}}, "no base64 of compressed JSON"),
    (gzipped(b"plain text"), "not compressed with gzip"),
    (gzipped(gzip.compress(b"not json")), "no base64 of compressed JSON"),
    (gzipped(gzip.compress(b"[" * 200_000)), "no base64 of compressed JSON"),
    (gzipped(gzip.compress(b"[1]")), "no JSON object"),
    (gzipped(gzip.compress(b'{"a": 1}')[:-9]), "cut off"),
    (gzipped(b""), "cut off"),
    (log_data(messageType="OTHER"), "no messageType that is known"),
    (log_data(logEvents=None), "no messageType that is known, or no logEvents"),
    (log_data(logEvents=[{"id": "1", "message": "a"}, {"message": "b"}]), "Log event 1 has no id"),
    (log_data(logEvents=[5]), "Log event 0 has no id"),
]


@pytest.mark.parametrize(("event", "said"), MALFORMED)
def test_what_is_malformed_fails_the_invocation(event: Any, said: str, make: Callable[..., LambdaHandler]) -> None:
    with pytest.raises(MalformedEventError, match=said):
        make(App())(event)


def test_log_data_is_decompressed_up_to_a_limit() -> None:
    """A small event that is a large one when it is decompressed takes no more memory than the limit."""
    import tracemalloc
    import zlib

    packer = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    block = b" " * 1024 * 1024
    data = b"".join([packer.compress(block) for _ in range(logs.LIMIT // len(block) + 1)]) + packer.flush()
    event = gzipped(data)
    assert len(data) < 200_000
    tracemalloc.start()
    try:
        with pytest.raises(MalformedEventError, match=f"over {logs.LIMIT} bytes"):
            logs.records(event)
        assert tracemalloc.get_traced_memory()[1] < 3 * logs.LIMIT
    finally:
        tracemalloc.stop()


POISON: list[Any] = [
    {"Records": [{"EventSource": "aws:sns", "Sns": {"MessageId": "1", "Message": None}}]},
    log_data(logEvents=[{"id": "1", "message": 5}]),
]


@pytest.mark.parametrize("event", POISON)
def test_a_record_without_a_body_is_poison(event: Any) -> None:
    (record,) = records_of(event)
    with pytest.raises(PoisonRecordError):
        _ = record.body
    with pytest.raises(PoisonRecordError):
        record.whole(None)


# Builders make what AWS sends


def shape(value: Any) -> Any:
    if isinstance(value, OBJECT):
        return {key: shape(one) for key, one in value.items()}
    if isinstance(value, ARRAY):
        return [shape(one) for one in value]
    return type(value).__name__


OBJECT_CREATED = captured("eventbridge/s3_object_created")["detail"]
BUILT: list[tuple[dict[str, Any], str]] = [
    (eventbridge_event("aws.s3", "Object Created", OBJECT_CREATED, resources=["a"]), "eventbridge/s3_object_created"),
    (schedule_event("nightly", scheduler=True), "eventbridge/scheduler"),
    (sns_event("hello", subject="greeting"), "sns/text"),
    (s3_event("a", version="1"), "s3/put"),
    (s3_event("a", version="1", event="ObjectRemoved:DeleteMarkerCreated"), "s3/delete_marker"),
    (logs_event(["a", "b"]), "logs/two_lines"),
]


@pytest.mark.parametrize(("built", "name"), BUILT)
def test_what_is_built_has_the_shape_of_what_was_captured(built: dict[str, Any], name: str) -> None:
    expected = shape(captured(name))
    if name == "s3/delete_marker":
        del expected["Records"][0]["s3"]["object"]["eTag"]
    assert shape(built) == expected
    assert detect(built) is detect(captured(name))


def test_the_key_of_a_built_notification_is_encoded() -> None:
    event = s3_event("in/a+b c%20ü.txt")
    assert event["Records"][0]["s3"]["object"]["key"] == captured("s3/put")["Records"][0]["s3"]["object"]["key"]


# Direct invocation: only for those who ask for it


@pytest.mark.parametrize("name", INVOKED)
def test_no_source_takes_what_was_invoked_directly(name: str) -> None:
    event = captured(name)
    assert [source.name for source in SOURCES.values() if source.matches(event)] == []
    assert direct.matches(event)
    (record,) = direct.records(event)
    assert isinstance(record, EventRecord)
    assert record.body == record.facts == event


@pytest.mark.parametrize("name", [*INVOKED, *UNKNOWN])
def test_an_unknown_event_stays_unknown_where_nobody_takes_invocations(
    name: str, make: Callable[..., LambdaHandler]
) -> None:
    app = App()

    @app.event()
    async def handler(record: Record) -> None:
        pytest.fail("called")

    async def asgi(scope: Any, receive: Any, send: Any) -> None:
        pytest.fail("called")

    for options in ({}, {"sources": ["eventbridge", "http_api"]}):
        for application in (app, asgi):
            with pytest.raises(UnknownEventError):
                make(application, **options)(captured(name))


def invoked(app: App) -> list[Any]:
    seen: list[Any] = []

    @app.invoke()
    async def handler(event: Any) -> Any:
        seen.append(event)
        return event

    return seen


@pytest.mark.parametrize("name", INVOKED)
def test_who_has_a_handler_for_invocations_takes_them(name: str, make: Callable[..., LambdaHandler]) -> None:
    app = App()
    handler = make(app)  # it is asked at each event, not once
    with pytest.raises(UnknownEventError):
        handler(captured(name))
    seen = invoked(app)
    assert handler(captured(name)) == captured(name)
    assert LambdaClient(app).invoke(captured(name)) == captured(name)
    assert seen == [captured(name)] * 2


@pytest.mark.parametrize(
    "name", ["unknown/payload_version_9", "unknown/websocket_connect", "unknown/websocket_message"]
)
def test_a_request_that_is_not_served_is_no_invocation(name: str, make: Callable[..., LambdaHandler]) -> None:
    app = App()
    seen = invoked(app)
    with pytest.raises(UnknownEventError):
        make(app)(captured(name))
    with pytest.raises(UnknownEventError):
        make(app, sources=["invoke"])(captured(name))
    assert seen == []


@pytest.mark.parametrize("name", NAMES)
def test_an_event_of_a_source_is_never_taken_for_an_invocation(name: str) -> None:
    event = captured(name)
    assert Admission(None, None, lambda: True).source_of(event) is detect(event)


def test_sources_decide_over_invocations(make: Callable[..., LambdaHandler]) -> None:
    app = App()
    seen = invoked(app)
    with pytest.raises(UnknownEventError):
        make(app, sources=["sqs"])({"a": 1})
    assert make(app, sources=["sqs", "invoke"])({"a": 1}) == {"a": 1}
    with pytest.raises(SourceNotAllowedError):
        make(app, sources=["invoke"])(captured("sns/text"))
    with pytest.raises(OriginNotAllowedError, match="does not say where it is from"):
        make(app, allow=[ACCOUNT])({"a": 1})
    assert seen == [{"a": 1}]


def test_sources_may_name_invocations_for_any_application(make: Callable[..., LambdaHandler]) -> None:
    """Middleware around an App hides that it takes them."""
    app = App()
    invoked(app)

    async def around(scope: Any, receive: Any, send: Any) -> None:
        await app(scope, receive, send)

    with pytest.raises(UnknownEventError):
        make(around)({"a": 1})
    assert make(around, sources=["invoke"])({"a": 1}) == {"a": 1}


def test_the_modules_are_sources() -> None:
    assert [SOURCES[one.name] for one in (eventbridge, sns, s3, logs)] == [eventbridge, sns, s3, logs]
    assert direct.name not in SOURCES
    assert set(SOURCES) == HTTP_NAMES | RECORD_NAMES
    assert {source.name for source in SOURCES.values() if source.kind == "http"} == HTTP_NAMES


def test_a_function_for_http_does_not_load_them() -> None:
    script = """
import json, sys
from lambdaframe import App
from lambdaframe_adapters import LambdaHandler
app = App()
@app.get("/")
async def read() -> str:
    return "read"
handler = LambdaHandler(app, sources=["http_api"])
assert handler(json.loads(sys.stdin.read()))["statusCode"] == 404
print(sorted(name for name in sys.modules if name.startswith(("lambdaframe.events.", "lambdaframe_adapters."))))
"""
    event = json.dumps(captured("http_api/no_body"))
    done = subprocess.run([sys.executable, "-c", script], input=event, capture_output=True, text=True, check=True)
    loaded = done.stdout.splitlines()[-1]
    assert "http_api" in loaded
    assert [one for one in ("eventbridge", "sns", "s3", "logs", "direct", "_events", "patterns") if one in loaded] == []
