"""From an event to its handler: which one is called, what it gets, and what is refused at registration."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, get_origin

import pytest
from pydantic import BaseModel, Field

from lambdaframe import App, Depends, Invocation, Record
from lambdaframe.errors import (
    AmbiguousEventError,
    ConfigurationError,
    EventFailedError,
    NoConsumerError,
    PoisonRecordError,
)
from lambdaframe.events.types import EventBridgeEvent, LogEvent, S3Object, SNSMessage
from lambdaframe_adapters import LambdaHandler
from lambdaframe_adapters.testing import eventbridge_event, logs_event, s3_event, schedule_event, sns_event
from tests.adapters.captured import captured


class Order(BaseModel):
    order_id: int


@pytest.fixture
def app() -> App:
    return App(idempotency="memory://")


@pytest.fixture
def handle(app: App, make: Callable[..., LambdaHandler]) -> Callable[[Any], Any]:
    return make(app)


class Called(list[Any]):
    """Writes down who was called with what."""

    def handler(self, name: str, annotation: Any = Any) -> Callable[..., Any]:
        async def handler(payload: Any) -> None:
            self.append((name, payload))

        handler.__annotations__["payload"] = annotation
        handler.__qualname__ = name
        return handler

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self]


@pytest.fixture
def called() -> Called:
    return Called()


# Which handler is called


def above(limit: int) -> dict[str, Any]:
    return {"detail": {"sum": [{"numeric": [">", limit]}]}}


def test_the_most_specific_handler_is_called_whatever_the_order_of_registration(
    make: Callable[..., LambdaHandler], called: Called
) -> None:
    registrations: list[Callable[[App], Any]] = [
        lambda app: app.event()(called.handler("any")),
        lambda app: app.event("shop")(called.handler("source")),
        lambda app: app.event(pattern={"source": [{"prefix": "sho"}]})(called.handler("prefix")),
        lambda app: app.event("shop", "Placed")(called.handler("type")),
        lambda app: app.event("shop", ["Placed", "Paid"])(called.handler("types")),
        lambda app: app.event("shop", "Placed", {"detail": {"sum": [{"numeric": [">", 100]}]}})(
            called.handler("large")
        ),
        lambda app: app.event("shop", "Placed", {"detail": {"sum": [{"numeric": [">", 500]}]}})(called.handler("huge")),
    ]
    expected = {
        "huge": eventbridge_event("shop", "Placed", {"sum": 501}),
        "large": eventbridge_event("shop", "Placed", {"sum": 500}),
        "type": eventbridge_event("shop", "Placed", {"sum": 1}),
        "types": eventbridge_event("shop", "Paid", {}),
        "source": eventbridge_event("shop", "Sent", {}),
        "prefix": eventbridge_event("shoes", "Sent", {}),
        "any": eventbridge_event("other", "Sent", {}),
    }
    for order in (registrations, registrations[::-1], registrations[3:] + registrations[:3]):
        app = App()
        for register in order:
            register(app)
        handler = make(app)
        called.clear()
        for event in expected.values():
            assert handler(event) is None
        assert called.names == list(expected)


@pytest.mark.parametrize(
    ("event", "name"),
    [
        (schedule_event("nightly"), "nightly"),
        (schedule_event("nightly", scheduler=True), "nightly"),
        (schedule_event("reports/nightly", scheduler=True), "reports"),
        (schedule_event("mynightly"), "any"),
        (schedule_event("hourly"), "any"),
        (captured("eventbridge/rule_on_schedule"), "nightly"),
        (captured("eventbridge/scheduler"), "nightly"),
        (eventbridge_event("aws.events", "Something else", {}), "other"),
    ],
)
def test_schedules_are_told_by_their_names(
    app: App, handle: Callable[[Any], Any], called: Called, event: Any, name: str
) -> None:
    app.event()(called.handler("other"))
    app.schedule()(called.handler("any", dict))
    app.schedule("reports/nightly")(called.handler("reports", dict))
    app.schedule("nightly")(called.handler("nightly", dict[str, Any]))
    handle(event)
    assert called == [(name, {})]


@pytest.mark.parametrize(
    ("topic", "attributes", "name"),
    [
        ("orders", {"event": "placed", "price": 200}, "dear"),
        ("orders", {"event": "placed", "price": Decimal("99.5")}, "placed"),
        ("orders", {"event": "placed", "price": "200"}, "placed"),
        ("orders", {"event": "sent"}, "orders"),
        ("orders", {"event": ["x", "sent"]}, "orders"),
        ("orders", {"event": ["x", "placed"]}, "placed"),
        ("orders", {"event": b"placed"}, "orders"),
        ("orders", {}, "orders"),
        ("others", {"event": "placed"}, "any"),
    ],
)
def test_messages_are_told_by_topic_and_attributes(
    app: App, handle: Callable[[Any], Any], called: Called, topic: str, attributes: Any, name: str
) -> None:
    app.sns()(called.handler("any", str))
    app.sns("orders")(called.handler("orders", str))
    app.sns("orders", {"event": ["placed"]})(called.handler("placed", str))
    app.sns("orders", {"event": ["placed"], "price": [{"numeric": [">=", 100]}]})(called.handler("dear", str))
    handle(sns_event("hello", topic=topic, attributes=attributes))
    assert called == [(name, "hello")]


def test_a_topics_arn_is_more_specific_than_its_name(app: App, handle: Callable[[Any], Any], called: Called) -> None:
    app.sns("orders")(called.handler("name", str))
    app.sns("arn:aws:sns:us-east-1:123456789012:orders")(called.handler("arn", str))
    handle(sns_event("a", topic="orders"))
    event = sns_event("b", topic="orders")
    event["Records"][0]["Sns"]["TopicArn"] = "arn:aws:sns:eu-west-1:123456789012:orders"
    handle(event)
    assert called.names == ["arn", "name"]


@pytest.mark.parametrize(
    ("key", "bucket", "event", "name"),
    [
        ("in/a.png", "uploads", "ObjectCreated:Put", "png"),
        ("in/a+b ü%20.png", "uploads", "ObjectCreated:CompleteMultipartUpload", "png"),
        ("in/a.txt", "uploads", "ObjectCreated:Put", "in"),
        ("out/a.png", "uploads", "ObjectCreated:Put", "uploads"),
        ("in/a.png", "uploads", "ObjectRemoved:Delete", "removed"),
        ("in/a.png", "others", "ObjectCreated:Put", "any"),
    ],
)
def test_objects_are_told_by_bucket_event_and_key(
    app: App, handle: Callable[[Any], Any], called: Called, key: str, bucket: str, event: str, name: str
) -> None:
    app.s3()(called.handler("any", S3Object))
    app.s3("uploads")(called.handler("uploads", S3Object))
    app.s3("uploads", prefix="in/")(called.handler("in", S3Object))
    app.s3("uploads", prefix="in/", suffix=".png")(called.handler("png", S3Object))
    app.s3("uploads", events=["s3:ObjectRemoved:Delete", "ObjectRestore:*"])(called.handler("removed", S3Object))
    handle(s3_event(key, bucket=bucket, event=event))
    ((caller, found),) = called
    assert (caller, found.key, found.bucket, found.event) == (name, key, bucket, event)


@pytest.mark.parametrize(
    ("group", "name"),
    [("/aws/lambda/orders", "orders"), ("/aws/lambda/other", "lambda"), ("/ecs/a", "any"), ("/aws/lambda", "any")],
)
def test_log_groups_are_told_by_name_and_wildcard(
    app: App, handle: Callable[[Any], Any], called: Called, group: str, name: str
) -> None:
    app.logs()(called.handler("any", str))
    app.logs("/aws/lambda/*")(called.handler("lambda", str))
    app.logs("/aws/lambda/orders")(called.handler("orders", str))
    handle(logs_event(["a", "b"], group=group))
    assert called == [(name, "a"), (name, "b")]


AMBIGUOUS: list[tuple[Callable[[App], Any], Callable[[App], Any]]] = [
    (lambda app: app.event("a"), lambda app: app.event(None, "b")),
    (lambda app: app.event("a", pattern={"detail": {"x": [1]}}), lambda app: app.event("a", "b")),
    (lambda app: app.event("a", ["b", "c"]), lambda app: app.event("a", ["c", "d"])),
    (lambda app: app.event("aws.events"), lambda app: app.schedule("nightly")),
    (lambda app: app.sns("a", {"x": ["1"]}), lambda app: app.sns("a", {"y": ["1"]})),
    (lambda app: app.sns("a"), lambda app: app.sns(None, {"y": ["1"]})),
    (lambda app: app.s3("a", prefix="in/"), lambda app: app.s3("a", suffix=".png")),
    (lambda app: app.s3("a"), lambda app: app.s3(events=["ObjectCreated:Put", "ObjectRemoved:*"])),
    (lambda app: app.logs("/a/*"), lambda app: app.logs("*/b")),
    (lambda app: app.invoke({"x": [1]}), lambda app: app.invoke({"y": [1]})),
    (lambda app: app.logs("/a/b*"), lambda app: app.logs("*b")),
]


@pytest.mark.parametrize(("first", "second"), AMBIGUOUS)
def test_two_handlers_of_which_neither_is_more_specific_are_refused(
    app: App, called: Called, first: Callable[[App], Any], second: Callable[[App], Any]
) -> None:
    first(app)(called.handler("first"))
    with pytest.raises(ConfigurationError, match="neither is the more specific") as caught:
        second(app)(called.handler("second"))
    assert "first" in str(caught.value)
    assert "second" in str(caught.value)


SAME: list[tuple[Callable[[App], Any], Callable[[App], Any]]] = [
    (lambda app: app.event("a"), lambda app: app.event(pattern={"source": ["a"]})),
    (lambda app: app.event(), lambda app: app.event()),
    (lambda app: app.schedule("a"), lambda app: app.schedule("a")),
    (lambda app: app.sns("a"), lambda app: app.sns("a")),
    (lambda app: app.s3("a"), lambda app: app.s3("a", events="s3:ObjectCreated:*")),
    (lambda app: app.logs("/a*"), lambda app: app.logs("/a*")),
    (lambda app: app.invoke(), lambda app: app.invoke()),
]


@pytest.mark.parametrize(("first", "second"), SAME)
def test_a_second_handler_of_the_same_events_is_refused(
    app: App, called: Called, first: Callable[[App], Any], second: Callable[[App], Any]
) -> None:
    first(app)(called.handler("first"))
    with pytest.raises(ConfigurationError, match=r"second: .* has a handler already, .*first"):
        second(app)(called.handler("second"))


def test_an_event_that_two_take_by_an_array_is_given_to_neither(
    app: App, handle: Callable[[Any], Any], called: Called
) -> None:
    app.event("a", pattern={"detail": {"tags": ["red"]}})(called.handler("red"))
    app.event("a", pattern={"detail": {"tags": ["blue"]}})(called.handler("blue"))
    handle(eventbridge_event("a", "b", {"tags": ["red", "green"]}))
    with pytest.raises(EventFailedError, match="AmbiguousEventError") as caught:
        handle(eventbridge_event("a", "b", {"tags": ["red", "blue"]}))
    assert isinstance(caught.value.__cause__, AmbiguousEventError)
    assert "red" in str(caught.value.__cause__)
    assert called.names == ["red"]


UNHANDLED: list[tuple[Any, str]] = [
    (eventbridge_event("b", "c", {"secret": "s3cr3t"}), "No consumer for eventbridge 'b c'"),
    (sns_event("s3cr3t", topic="b"), "No consumer for sns 'b'"),
    (s3_event("s3cr3t", bucket="b"), "No consumer for s3 'b ObjectCreated:Put'"),
    (logs_event(["s3cr3t"], group="/b"), "No consumer for logs '/b'"),
]


@pytest.mark.parametrize(("event", "said"), UNHANDLED)
def test_an_event_without_a_handler_fails_the_invocation(
    app: App, handle: Callable[[Any], Any], called: Called, event: Any, said: str
) -> None:
    with pytest.raises(NoConsumerError, match=rf"{said}; registered are none"):
        handle(event)
    app.event("a")(called.handler("one"))
    app.sns("a")(called.handler("two"))
    app.s3("a")(called.handler("three", S3Object))
    app.logs("/a")(called.handler("four"))
    with pytest.raises(NoConsumerError, match=rf"{said}; registered are .*bucket a") as caught:
        handle(event)
    assert "s3cr3t" not in str(caught.value)
    assert called == []


# What a handler gets


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        (Order, Order(order_id=7)),
        (dict, {"order_id": 7}),
        (Any, {"order_id": 7}),
        (EventBridgeEvent[Order], Order(order_id=7)),
        (EventBridgeEvent, {"order_id": 7}),
    ],
)
def test_of_an_event_a_handler_gets_the_detail_or_all_of_it(
    app: App, handle: Callable[[Any], Any], called: Called, annotation: Any, expected: Any
) -> None:
    app.event("com.example.orders")(called.handler("x", annotation))
    event = captured("eventbridge/custom")
    event["detail"] = {"order_id": 7}
    handle(event)
    ((_, found),) = called
    if get_origin(annotation) is EventBridgeEvent or annotation is EventBridgeEvent:
        assert (found.source, found.detail_type, found.region) == ("com.example.orders", "Order Placed", "eu-west-1")
        assert (found.account, found.id, found.resources) == ("123456789012", event["id"], ())
        assert found.time is not None
        assert found.time.isoformat() == "2026-01-31T18:43:48+00:00"
        found = found.detail
    assert found == expected


class Strict(BaseModel, strict=True):
    at: datetime
    sum: Decimal
    kind: Literal["a", "b"]


def test_a_detail_is_validated_as_json_not_as_python_values(app: App, handle: Callable[[Any], Any]) -> None:
    found: list[Strict] = []

    @app.event("a")
    async def handler(detail: Strict) -> None:
        found.append(detail)

    handle(eventbridge_event("a", "b", {"at": "2026-01-31T00:00:00Z", "sum": "12.50", "kind": "a"}))
    assert (found[0].sum, found[0].at) == (Decimal("12.50"), datetime(2026, 1, 31, tzinfo=UTC))


def test_of_s3_a_handler_gets_the_object_with_its_key_decoded(
    app: App, handle: Callable[[Any], Any], called: Called
) -> None:
    app.s3("uploads")(called.handler("direct", S3Object))
    app.s3("uploads", events="ObjectRemoved:*")(called.handler("removed", S3Object))
    app.event("aws.s3")(called.handler("bridge", S3Object))
    assert handle(captured("s3/put")) is None
    assert handle(captured("s3/delete_marker")) is None
    assert handle(captured("eventbridge/s3_object_created")) is None
    assert handle(captured("s3/test_event")) is None
    direct, removed, bridge = (found for _, found in called)
    assert (direct.key, direct.size, direct.version_id) == (
        "in/a+b c%20ü.txt",
        1024,
        "096fKKXTRTtl3on89fVO.nfljtsv6qko",
    )
    assert (direct.etag, direct.sequencer, direct.event) == (
        "0123456789abcdef0123456789abcdef",
        "0A1B2C3D4E5F678901",
        "ObjectCreated:Put",
    )
    assert (removed.size, removed.event) == (None, "ObjectRemoved:DeleteMarkerCreated")
    # through EventBridge the key is not encoded
    assert (bridge.key, bridge.event, bridge.size) == ("in/a+b c%20.txt", "Object Created", 5)
    assert (bridge.version_id, bridge.sequencer) == ("IYV3p45BT0ac8hjHg1houSdS1a.Mro8e", "617f08299329d189")


def test_of_sns_a_handler_gets_the_message_or_all_of_it(app: App, handle: Callable[[Any], Any], called: Called) -> None:
    app.sns("orders")(called.handler("order", Order))
    app.sns("greetings")(called.handler("all", SNSMessage[str]))
    handle(sns_event({"order_id": 7}, topic="orders"))
    handle(sns_event("hello", topic="greetings", subject="hi", attributes={"n": 5, "b": b"\0", "l": ["a", 1]}))
    (_, order), (_, message) = called
    assert order == Order(order_id=7)
    assert (message.message, message.subject, message.topic) == ("hello", "hi", "greetings")
    assert message.topic_arn == "arn:aws:sns:us-east-1:123456789012:greetings"
    assert message.attributes == {"n": 5, "b": b"\0", "l": ["a", 1]}
    assert message.timestamp.isoformat() == "2026-01-01T00:00:00+00:00"


def test_a_notification_of_s3_may_be_in_a_message(app: App, handle: Callable[[Any], Any], called: Called) -> None:
    app.sns("uploads")(called.handler("objects", list[S3Object]))
    handle(sns_event(s3_event("a b", "c"), topic="uploads"))
    ((_, objects),) = called
    assert [one.key for one in objects] == ["a b", "c"]


class Line(BaseModel):
    level: str


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        (str, ['{"level": "A"}', '{"level": "B"}']),
        (Line, [Line(level="A"), Line(level="B")]),
        (dict, [{"level": "A"}, {"level": "B"}]),
        (list[str], [['{"level": "A"}', '{"level": "B"}']]),
        (list[Line], [[Line(level="A"), Line(level="B")]]),
    ],
)
def test_lines_of_logs_come_one_by_one_or_together(
    app: App, handle: Callable[[Any], Any], called: Called, annotation: Any, expected: Any
) -> None:
    app.logs("/aws/lambda/function", concurrency=1)(called.handler("x", annotation))
    handle(logs_event([{"level": "A"}, {"level": "B"}]))
    assert [found for _, found in called] == expected


@pytest.mark.parametrize("annotation", [list, list[LogEvent]])
def test_a_log_event_says_where_it_is_from(
    app: App, handle: Callable[[Any], Any], called: Called, annotation: Any
) -> None:
    app.logs("testLogGroup")(called.handler("one", LogEvent))
    app.logs("/aws/lambda/orders")(called.handler("all", annotation))
    handle(captured("logs/two_lines"))
    handle(captured("logs/extracted"))
    handle(captured("logs/control_message"))
    (_, first), (_, second), (_, (third,)) = called
    assert {first.message, second.message} == {"[ERROR] First test message", "[ERROR] Second test message"}
    assert (first.log_group, first.log_stream, first.owner) == ("testLogGroup", "testLogStream", "123456789123")
    assert first.subscription_filters == ("testFilter",)
    assert third.fields == {"level": "ERROR", "$.order_id": "7"}
    assert third.timestamp.isoformat() == "2015-05-28T15:27:35+00:00"


def test_a_handler_may_take_the_record_the_invocation_and_dependencies(app: App, handle: Callable[[Any], Any]) -> None:
    seen: list[Any] = []

    def told(record: Record) -> str:
        return record.source

    @app.event("a", timeout=5, concurrency=2)
    async def handler(
        detail: Order, record: Record, invocation: Invocation, source: Annotated[str, Depends(told)]
    ) -> None:
        seen.append((detail, record.id, record.body, invocation.source, source))

    handle(eventbridge_event("a", "b", {"order_id": 7}, id="one"))
    assert seen == [(Order(order_id=7), "one", {"order_id": 7}, "eventbridge", "eventbridge")]


def test_a_sync_handler_runs_in_a_thread(app: App, handle: Callable[[Any], Any]) -> None:
    import threading

    threads: list[str] = []

    @app.sns("a")
    def handler(message: str) -> None:
        threads.append(threading.current_thread().name)

    handle(sns_event("x", topic="a"))
    assert threads != [threading.main_thread().name]


IDEMPOTENT: list[tuple[Any, Callable[[App], Any]]] = [
    (eventbridge_event("a", "b", {}, id="one"), lambda app: app.event("a", idempotent=True)),
    (sns_event("x", topic="a"), lambda app: app.sns("a", idempotent=True)),
    (s3_event("x", bucket="a"), lambda app: app.s3("a", idempotent=True)),
    (logs_event(["x"], group="a"), lambda app: app.logs("a", idempotent=True)),
]


@pytest.mark.parametrize(("event", "verb"), IDEMPOTENT)
def test_an_idempotent_handler_skips_what_it_has_done(
    app: App, handle: Callable[[Any], Any], event: Any, verb: Callable[[App], Any]
) -> None:
    times: list[int] = []

    async def handler(record: Record) -> None:
        times.append(len(times))
        if len(times) == 1:
            raise OSError("try again")

    verb(app)(handler)
    with pytest.raises(EventFailedError):
        handle(event)
    handle(event)
    handle(event)
    assert len(times) == 2


def test_an_input_without_an_id_is_never_taken_for_another(app: App, handle: Callable[[Any], Any]) -> None:
    times: list[str] = []

    @app.schedule("nightly", idempotent=True)
    async def handler(record: Record) -> None:
        times.append(record.id)

    event = schedule_event("nightly")
    del event["id"]
    handle(event)
    handle(event)
    assert len(set(times)) == 2


def test_two_notifications_of_one_key_are_two_records(app: App, handle: Callable[[Any], Any]) -> None:
    ids: list[str] = []

    @app.s3("a", events=["ObjectCreated:*", "ObjectRemoved:*"])
    async def handler(record: Record) -> None:
        ids.append(record.id)

    event = s3_event("key", "key", bucket="a")
    event["Records"].append(s3_event("key", bucket="a", event="ObjectRemoved:Delete")["Records"][0])
    event["Records"].append(s3_event("key", bucket="a", version="2")["Records"][0])
    handle(event)
    handle(event)
    assert len(set(ids)) == 4


# What fails


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_failure_fails_the_invocation_after_all_records_were_tried(
    app: App, handle: Callable[[Any], Any], capsys: pytest.CaptureFixture[str]
) -> None:
    tried: list[str] = []

    @app.s3("a", concurrency=1)
    async def handler(found: S3Object) -> None:
        tried.append(found.key)
        if found.key != "good":
            raise ValueError("the password is s3cr3t")

    with pytest.raises(EventFailedError) as caught:
        handle(s3_event("bad", "good", "worse", bucket="a"))
    assert tried == ["bad", "good", "worse"]
    error = caught.value
    assert "2 of 3 records of this s3 event are not done" in str(error)
    assert "ValueError" in str(error)
    assert "s3cr3t" not in str(error)
    assert [kind for _, kind in error.failed] == ["ValueError", "ValueError"]
    assert all("a/bad" in key or "a/worse" in key for key, _ in error.failed)
    assert error.unfinished == ()
    assert isinstance(error.__cause__, ValueError)
    logged = [line for line in lines(capsys) if line["message"] == "Record failed"]
    assert [line["consumer"].rpartition(".")[2] for line in logged] == ["handler", "handler"]


def test_one_record_without_a_handler_does_not_keep_the_others(
    app: App, handle: Callable[[Any], Any], called: Called
) -> None:
    app.s3("a", prefix="in/")(called.handler("in", S3Object))
    with pytest.raises(EventFailedError, match=r"1 of 2 .*\(NoConsumerError\)"):
        handle(s3_event("out/1", "in/1", bucket="a"))
    assert called.names == ["in"]


def test_a_detail_that_does_not_fit_is_a_failure(app: App, handle: Callable[[Any], Any], called: Called) -> None:
    app.event("a")(called.handler("x", Order))
    with pytest.raises(EventFailedError, match="PoisonRecordError"):
        handle(eventbridge_event("a", "b", {"order_id": "s3cr3t"}))
    assert called == []


def test_each_handler_has_its_own_policy(app: App, handle: Callable[[Any], Any]) -> None:
    dead: list[tuple[str, str]] = []

    async def keep(record: Record, error: BaseException) -> None:
        dead.append((record.id, type(error).__name__))

    @app.event("drops", drop=KeyError)
    async def drops(record: Record) -> None:
        raise KeyError

    @app.event("buries", permanent=KeyError, dead_letter=keep)
    async def buries(record: Record) -> None:
        raise KeyError

    @app.event("retries")
    async def retries(record: Record) -> None:
        raise KeyError

    assert handle(eventbridge_event("drops", "x", {})) is None
    assert handle(eventbridge_event("buries", "x", {}, id="b")) is None
    assert dead == [("b", "KeyError")]
    with pytest.raises(EventFailedError, match="KeyError"):
        handle(eventbridge_event("retries", "x", {}))


def test_of_lines_taken_together_each_is_not_done(app: App, handle: Callable[[Any], Any]) -> None:
    @app.logs("a")
    async def handler(lines: list[str]) -> None:
        raise ValueError

    with pytest.raises(EventFailedError, match="2 of 2 records of this logs event") as caught:
        handle(logs_event(["x", "y"], group="a"))
    assert len(caught.value.failed) == 2


def test_a_handler_that_the_time_is_too_short_for_fails_the_invocation(
    app: App, make: Callable[..., LambdaHandler]
) -> None:
    from lambdaframe_adapters.testing import LambdaContext

    @app.s3("a")
    async def handler(found: S3Object) -> None:
        pytest.fail("started")

    with pytest.raises(EventFailedError, match=r"2 of 2 .*not finished") as caught:
        make(app)(s3_event("x", "y", bucket="a"), LambdaContext(0.9))
    assert len(caught.value.unfinished) == 2


# Mistakes


MISTAKES: list[tuple[Callable[[Any], Any], Any, str]] = [
    (lambda app: app.event(5), Any, "source is a text or a list of texts"),
    (lambda app: app.event([]), Any, "source is a text or a list of texts"),
    (lambda app: app.event("a", ""), Any, "detail_type is a text or a list of texts"),
    (lambda app: app.event("a", pattern={"source": ["b"]}), Any, "'source' is said twice"),
    (lambda app: app.event("a", pattern={}), Any, "pattern is an object of fields"),
    (lambda app: app.event("a", pattern={"detail": {"x": 5}}), Any, r"at 'detail.x' is a list, as in \[5\]"),
    (lambda app: app.schedule(""), Any, "name is a text"),
    (lambda app: app.sns("a", {}), Any, "attributes is a filter policy"),
    (lambda app: app.sns("a", {"x": {"y": ["z"]}}), Any, "'x' of the filter policy is an object"),
    (lambda app: app.sns(5), Any, "topic is a text"),
    (lambda app: app.s3("a", events="Put"), Any, "events are such as 'ObjectCreated:\\*'"),
    (lambda app: app.s3("a", events="Object*:Put"), Any, "events are such as 'ObjectCreated:\\*'"),
    (lambda app: app.s3("a", prefix=5), Any, "prefix is a text"),
    (lambda app: app.logs(5), Any, "group is a text"),
    (lambda app: app.logs("/a/**"), Any, "one '\\*' after another"),
    (lambda app: app.invoke({}), Any, "pattern is an object of fields"),
    (lambda app: app.event("a", batch=True), Any, "has no option 'batch'; its options are concurrency"),
    (lambda app: app.event("a", concurrency=0), Any, "must be an int of 1 or more"),
    (lambda app: app.event("a", key="payload"), Any, "write idempotent=True"),
    (lambda app: app.event("a"), SNSMessage[Order], "is SNSMessage: that is in an event of sns"),
    (lambda app: app.event("a"), LogEvent, "is LogEvent: that is in an event of logs"),
    (lambda app: app.sns("a"), S3Object, "is S3Object: that is in an event of s3 and eventbridge"),
    (lambda app: app.s3("a"), str, "is str: take S3Object"),
    (lambda app: app.s3("a"), EventBridgeEvent, "is EventBridgeEvent: that is in an event of eventbridge"),
]


@pytest.mark.parametrize(("verb", "annotation", "said"), MISTAKES)
def test_a_mistake_is_found_at_registration(
    app: App, called: Called, verb: Callable[[App], Any], annotation: Any, said: str
) -> None:
    with pytest.raises(ConfigurationError, match=said):
        verb(app)(called.handler("handler", annotation))


# Direct invocation


class Refund(BaseModel):
    action: Literal["refund"]
    amount: Decimal


class Charge(BaseModel):
    action: Literal["charge"] = "charge"
    amount: Decimal


@dataclass
class Receipt:
    done: str
    amount: Decimal


def test_an_invocation_is_answered_with_what_its_handler_returned(app: App, handle: Callable[[Any], Any]) -> None:
    @app.invoke()
    async def refund(event: Refund) -> Receipt:
        return Receipt("refunded", event.amount)

    assert handle(captured("invoke/step_functions_task")) == {"done": "refunded", "amount": "12.50"}


def test_handlers_of_invocations_are_told_apart_by_type_and_pattern(app: App, handle: Callable[[Any], Any]) -> None:
    @app.invoke()
    async def refund(event: Refund) -> str:
        return "refund"

    @app.invoke()
    async def charge(event: Charge) -> str:
        return "charge"

    @app.invoke({"action": [{"exists": False}], "job": [{"exists": True}]})
    async def job(event: dict[str, Any]) -> str:
        return "job"

    @app.invoke({"action": [{"exists": False}], "job": ["vacuum"]})
    async def vacuum(event: dict[str, Any]) -> str:
        return "vacuum"

    assert handle({"action": "refund", "amount": "1"}) == "refund"
    assert handle({"action": "charge", "amount": "1"}) == "charge"
    assert handle({"job": "other"}) == "job"
    assert handle(captured("invoke/scheduler_input")) == "vacuum"
    with pytest.raises(NoConsumerError, match=r"\['action'\]"):
        handle({"action": "steal"})


def test_a_union_takes_what_its_members_take(app: App, handle: Callable[[Any], Any]) -> None:
    @app.invoke()
    async def either(event: Annotated[Refund | Charge, Field(discriminator="action")]) -> str:
        return type(event).__name__

    @app.invoke({"action": ["other"]})
    async def other(event: dict[str, Any]) -> str:
        return "other"

    assert [handle({"action": one, "amount": 1}) for one in ("refund", "charge", "other")] == [
        "Refund",
        "Charge",
        "other",
    ]


def test_an_only_handler_says_what_is_wrong_with_an_event(app: App, handle: Callable[[Any], Any]) -> None:
    @app.invoke()
    async def charge(event: Charge) -> str:
        return event.action

    assert handle({"amount": 1}) == "charge"
    with pytest.raises(PoisonRecordError, match="action: Input should be 'charge'"):
        handle({"action": "refund", "amount": 1})


class Declined(Exception):  # noqa: N818  as Step Functions would catch it
    pass


def test_an_error_of_a_handler_is_raised_as_it_is(app: App, handle: Callable[[Any], Any]) -> None:
    @app.invoke()
    async def charge(event: dict[str, Any]) -> None:
        raise SystemExit if "exit" in event else Declined("no funds")

    with pytest.raises(Declined, match="no funds"):
        handle({})
    with pytest.raises(RuntimeError, match="The handler raised SystemExit"):
        handle({"exit": True})


@pytest.mark.parametrize("name", ["invoke/list", "invoke/text", "invoke/null", "invoke/scheduler_input"])
def test_any_json_value_may_be_an_invocation(app: App, handle: Callable[[Any], Any], name: str) -> None:
    @app.invoke()
    async def echo(event: Any) -> Any:
        return event

    assert handle(captured(name)) == captured(name)


@pytest.mark.parametrize(
    ("annotation", "event", "answer"),
    [
        (str, "hello", "hello"),
        (Annotated[str, Field(max_length=5)], "hello", "hello"),
        (int, 5, 5),
        (list[int], [1, 2], [1, 2]),
        (Order, {"order_id": 1}, {"order_id": 1}),
        (Order | None, None, None),
    ],
)
def test_an_invocation_is_validated_as_the_type_that_is_asked_for(
    app: App, handle: Callable[[Any], Any], annotation: Any, event: Any, answer: Any
) -> None:
    async def echo(event: Any) -> Any:
        return event

    echo.__annotations__["event"] = annotation
    app.invoke()(echo)
    assert handle(event) == answer


@pytest.mark.parametrize("event", [5, {"order_id": "x"}, "text", [], None])
def test_an_invocation_that_does_not_fit_fails(app: App, handle: Callable[[Any], Any], event: Any) -> None:
    @app.invoke()
    async def read(event: Order) -> None: ...

    with pytest.raises(PoisonRecordError):
        handle(event)


def test_warm_builds_the_validators_of_handlers(app: App) -> None:
    class Incomplete(BaseModel):
        other: "Nowhere"  # type: ignore[name-defined]  # noqa: F821  that is what is tested

    @app.event("a")
    async def handler(detail: EventBridgeEvent[Incomplete]) -> None: ...

    with pytest.raises(ConfigurationError, match="can't be validated"):
        app.warm()
