"""Payloads inside envelopes: SNS messages, S3 notifications and EventBridge events that a queue has taken."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

import pydantic
import pytest

from lambdaframe import App
from lambdaframe.errors import ConfigurationError, DropRecordError, PoisonRecordError
from lambdaframe.events.types import EventBridgeEvent, LogEvent, S3Object, SNSMessage
from lambdaframe.records.unwrap import unwrapping_reader
from lambdaframe.signature import EMPTY
from lambdaframe_adapters import LambdaHandler
from lambdaframe_adapters.testing import sqs_event
from tests.records.streams import record

Make = Callable[..., LambdaHandler]


class Order(pydantic.BaseModel):
    id: int
    at: datetime | None = None


class Strict(pydantic.BaseModel, strict=True):
    at: datetime


@dataclass
class Placed:
    kind: Literal["placed"]
    order: int


@dataclass
class Cancelled:
    kind: Literal["cancelled"]
    reason: str


Change = Annotated[Placed | Cancelled, pydantic.Field(discriminator="kind")]


def notification(message: Any, **changed: Any) -> dict[str, Any]:
    """What SNS puts into a queue without raw delivery."""
    return {
        "Type": "Notification",
        "MessageId": "dc1e94d9-56c5-5e96-808d-cc7f68faa162",
        "TopicArn": "arn:aws:sns:us-east-2:111122223333:orders",
        "Subject": "TestSubject",
        "Message": message if isinstance(message, str) else json.dumps(message),
        "Timestamp": "2021-02-16T21:41:19.978Z",
        "SignatureVersion": "1",
        "Signature": "FMG5tlZhJNHLHUXvZgtZzlk24FzVa7oX0T4P03neeXw8ZEXZx6z35j2FOTuNYShn2h0bKNC",
        "SigningCertURL": "https://sns.us-east-2.amazonaws.com/SimpleNotificationService-010a507c1833636cd94bdb98bd93083a.pem",
        "UnsubscribeURL": "https://sns.us-east-2.amazonaws.com/?Action=Unsubscribe",
        "MessageAttributes": {
            "kind": {"Type": "String", "Value": "placed"},
            "price": {"Type": "Number", "Value": "19.90"},
            "blob": {"Type": "Binary", "Value": "AAH/"},
        },
        **changed,
    }


def event(detail: Any, **changed: Any) -> dict[str, Any]:
    """What EventBridge sends to a target."""
    return {
        "version": "0",
        "id": "17793124-05d4-b198-2fde-7ededc63b103",
        "detail-type": "Order Placed",
        "source": "shop.orders",
        "account": "111122223333",
        "time": "2021-11-12T00:00:00Z",
        "region": "ca-central-1",
        "resources": [],
        "detail": detail,
        **changed,
    }


def stored(*keys: str) -> dict[str, Any]:
    """What S3 tells a queue or a topic of."""
    return {
        "Records": [
            {
                "eventVersion": "2.1",
                "eventSource": "aws:s3",
                "awsRegion": "us-west-2",
                "eventTime": "1970-01-01T00:00:00.000Z",
                "eventName": "ObjectCreated:Put",
                "userIdentity": {"principalId": "AIDAJDPLRKLG7UEXAMPLE"},
                "requestParameters": {"sourceIPAddress": "127.0.0.1"},
                "responseElements": {"x-amz-request-id": "C3D13FE58DE4C810"},
                "s3": {
                    "s3SchemaVersion": "1.0",
                    "configurationId": "testConfigRule",
                    "bucket": {
                        "name": "photos",
                        "ownerIdentity": {"principalId": "A3NL1KOZZKExample"},
                        "arn": "arn:aws:s3:::photos",
                    },
                    "object": {
                        "key": key,
                        "size": 1024,
                        "eTag": "d41d8cd98f00b204e9800998ecf8427e",
                        "versionId": "096fKKXTRTtl3on89fVO.nfljtsv6qko",
                        "sequencer": "0055AED6DCD90281E5",
                    },
                },
            }
            for key in keys
        ]
    }


S3_TEST = {
    "Service": "Amazon S3",
    "Event": "s3:TestEvent",
    "Time": "2014-10-13T15:57:02.089Z",
    "Bucket": "photos",
    "RequestId": "5582815E1AEA5ADF",
    "HostId": "8cLeGAmw098X5cv4Zkwcmo8vvZa3eH3eKxsPzbB9wrR+YstdA6Knx4Ip8EXAMPLE",
}

S3_EVENT = event(
    {
        "version": "0",
        "bucket": {"name": "photos"},
        "object": {
            "key": "a b.jpg",
            "size": 5,
            "etag": "b1946ac92492d2347c6235b4d2611184",
            "sequencer": "00617F08299329D189",
        },
        "reason": "PutObject",
    },
    **{"source": "aws.s3", "detail-type": "Object Created"},
)


def read(annotation: Any, body: Any, unwrap: str | None = None) -> Any:
    """A body as the type that a consumer asks for, as a queue has it (text) and as a stream has it (bytes)."""
    text = body if isinstance(body, str) else json.dumps(body)
    reader = unwrapping_reader(annotation, "f: 'payload'", unwrap)
    value = reader(record("1", text))
    assert reader(record("1", text.encode())) == value
    return value


def poison(annotation: Any, body: Any, unwrap: str | None = None) -> str:
    """Why a body is poison."""
    text = body if isinstance(body, str) else json.dumps(body)
    with pytest.raises(PoisonRecordError) as caught:
        unwrapping_reader(annotation, "f: 'payload'", unwrap)(record("1", text))
    reason = str(caught.value)
    assert "secret" not in reason, "a reason goes to the log, a body does not"
    assert len(reason) < 250
    return reason


# SNS


def test_a_message_with_what_is_around_it() -> None:
    message: SNSMessage[Order] = read(SNSMessage[Order], notification({"id": 1}))
    assert message.message == Order(id=1)
    assert (message.topic, message.subject) == ("orders", "TestSubject")
    assert message.attributes == {"kind": "placed", "price": Decimal("19.90"), "blob": b"\x00\x01\xff"}
    assert message.timestamp == datetime(2021, 2, 16, 21, 41, 19, 978000, UTC)


@pytest.mark.parametrize(
    ("annotation", "sent", "expected"),
    [
        (SNSMessage, {"id": 1}, {"id": 1}),
        (SNSMessage[dict[str, Any]], {"id": 1}, {"id": 1}),
        (SNSMessage[str], "plain text", "plain text"),
        (SNSMessage[bytes], "grüße", "grüße".encode()),
        (SNSMessage[list[Order]], [{"id": 1}], [Order(id=1)]),
        (SNSMessage[Change], {"kind": "placed", "order": 7}, Placed("placed", 7)),
        (SNSMessage[Change], {"kind": "cancelled", "reason": "late"}, Cancelled("cancelled", "late")),
        (Annotated[SNSMessage[Order], "noted"], {"id": 1}, Order(id=1)),
    ],
)
def test_messages_of_every_type(annotation: Any, sent: Any, expected: Any) -> None:
    assert read(annotation, notification(sent)).message == expected


@pytest.mark.parametrize("annotation", [Order, EMPTY, dict[str, Any], Any])
def test_the_message_alone_however_it_is_delivered(annotation: Any) -> None:
    expected = Order(id=1) if annotation is Order else {"id": 1}
    assert read(annotation, notification({"id": 1}), "sns") == expected
    assert read(annotation, {"id": 1}, "sns") == expected, "raw delivery"


def test_raw_text_that_is_no_json_is_a_message() -> None:
    assert read(str, "plain text", "sns") == "plain text"
    assert read(str, notification("plain text"), "sns") == "plain text"


@pytest.mark.parametrize(
    ("body", "unwrap", "reason"),
    [
        ({"id": "secret"}, None, "raw messages"),
        ("secret", None, "no SNS notification: it is not JSON"),
        ("[]", None, "no SNS notification: it is a list"),
        ({**notification("secret"), "Type": "SubscriptionConfirmation"}, None, "it is a 'SubscriptionConfirmation'"),
        ({**notification("secret"), "Type": "SubscriptionConfirmation"}, "sns", "it is a 'SubscriptionConfirmation'"),
        ({**notification("secret"), "Message": 5}, "sns", "it has no Message"),
        (notification("secret"), None, "The SNS message is not JSON"),
        (notification({"id": "secret"}), None, "The SNS message does not fit: id: Input should be a valid integer"),
        (notification({"id": "secret"}), "sns", "The SNS message does not fit: id"),
        ({"id": "secret"}, "sns", "The SNS message does not fit: id"),
        (notification({"id": 1}, MessageAttributes={"a": {"Type": "Binary", "Value": "!!!"}}), None, "base64"),
    ],
)
def test_bad_notifications_are_poison(body: Any, unwrap: str | None, reason: str) -> None:
    assert reason in poison(Order if unwrap else SNSMessage[Order], body, unwrap)


# EventBridge


def test_an_event_with_what_is_around_its_detail() -> None:
    found: EventBridgeEvent[Order] = read(EventBridgeEvent[Order], event({"id": 1}))
    assert (found.detail, found.source, found.detail_type) == (Order(id=1), "shop.orders", "Order Placed")
    assert (found.region, found.account, found.time) == (
        "ca-central-1",
        "111122223333",
        datetime(2021, 11, 12, tzinfo=UTC),
    )


def test_the_detail_alone() -> None:
    assert read(Order, event({"id": 1}), "eventbridge") == Order(id=1)
    assert read(EMPTY, event({"id": 1}), "eventbridge") == {"id": 1}
    assert read(EventBridgeEvent, event({"id": 1})).detail == {"id": 1}
    assert read(Change, event({"kind": "placed", "order": 1}), "eventbridge") == Placed("placed", 1)


def test_a_detail_is_validated_as_the_json_it_was() -> None:
    """Strict models take a time as text from JSON, not from Python."""
    at = datetime(2026, 1, 1, tzinfo=UTC)
    assert read(EventBridgeEvent[Strict], event({"at": "2026-01-01T00:00:00Z"})).detail == Strict(at=at)
    assert read(Strict, event({"at": "2026-01-01T00:00:00Z"}), "eventbridge") == Strict(at=at)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"detail": "secret"}, "no EventBridge event: it has no 'detail-type'"),
        ({key: value for key, value in event({}).items() if key != "detail"}, "it has no 'detail'"),
        ("secret", "no EventBridge event: it is not JSON"),
        (event({"id": "secret"}), "The detail does not fit: id"),
        (event({"id": 1}, source=5), "'source' is no text"),
    ],
)
def test_bad_events_are_poison(body: Any, reason: str) -> None:
    assert reason in poison(EventBridgeEvent[Order], body)
    if "source" not in reason:
        assert reason in poison(Order, body, "eventbridge")


# S3


@pytest.mark.parametrize(
    ("annotation", "unwrap"), [(list[S3Object], None), (list[S3Object], "s3"), (EMPTY, "s3"), (list, "s3")]
)
def test_the_objects_of_a_notification(annotation: Any, unwrap: str | None) -> None:
    objects: list[S3Object] = read(annotation, stored("red+flower.jpg", "b%C3%BC.txt"), unwrap)
    assert [(one.bucket, one.key) for one in objects] == [("photos", "red flower.jpg"), ("photos", "bü.txt")]
    assert (objects[0].event, objects[0].size) == ("ObjectCreated:Put", 1024)
    assert objects[0].etag == "d41d8cd98f00b204e9800998ecf8427e"


def test_one_object() -> None:
    assert read(S3Object, stored("a")).key == "a"
    assert read(S3Object, stored("a"), "s3").key == "a"
    assert "tells of 2 objects: take list[S3Object]" in poison(S3Object, stored("a", "b"))


def test_the_records_of_a_notification_as_a_type_of_ones_own() -> None:
    class Mine(pydantic.BaseModel):
        event_name: str = pydantic.Field(alias="eventName")

    assert read(list[Mine], stored("a"), "s3") == [Mine(eventName="ObjectCreated:Put")]


def test_objects_by_way_of_eventbridge() -> None:
    assert read(S3Object, S3_EVENT).key == "a b.jpg"
    assert [one.event for one in read(list[S3Object], S3_EVENT)] == ["Object Created"]


def test_objects_by_way_of_sns() -> None:
    found: SNSMessage[list[S3Object]] = read(SNSMessage[list[S3Object]], notification(stored("a", "b")))
    assert [one.key for one in found.message] == ["a", "b"]
    assert found.topic == "orders"
    assert [one.key for one in read(list[S3Object], notification(stored("a")), "sns")] == ["a"]
    assert read(S3Object, notification(S3_EVENT), "sns").key == "a b.jpg"


def test_events_by_way_of_sns() -> None:
    found: SNSMessage[EventBridgeEvent[Order]] = read(
        SNSMessage[EventBridgeEvent[Order]], notification(event({"id": 1}))
    )
    assert found.message.detail == Order(id=1)
    assert read(EventBridgeEvent[Order], notification(event({"id": 1})), "sns").detail == Order(id=1)


@pytest.mark.parametrize("annotation", [list[S3Object], S3Object])
def test_the_message_by_which_s3_tests_a_queue_needs_nothing_done(annotation: Any) -> None:
    for body, unwrap in [(S3_TEST, None), (S3_TEST, "s3"), (notification(S3_TEST), "sns")]:
        with pytest.raises(DropRecordError, match="S3 tests"):
            read(annotation, body, unwrap)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"id": "secret"}, "no S3 notification: it has no Records"),
        ({"Records": []}, "it has no Records"),
        ({"Records": ["secret"]}, "it has no Records"),
        ({"Records": [{"eventSource": "aws:sqs"}]}, "'s3' is no object"),
        ({"Records": [{"s3": {"bucket": {"name": "a"}, "object": {"key": 5}}}]}, "'key' is no text"),
        ("secret", "no S3 notification: it is not JSON"),
        (notification(stored("secret")), "take SNSMessage[list[S3Object]]"),
    ],
)
def test_bad_notifications_of_s3_are_poison(body: Any, reason: str) -> None:
    assert reason in poison(list[S3Object], body)
    assert reason in poison(list[S3Object], body, "s3")


# Mistakes


@pytest.mark.parametrize(
    ("annotation", "unwrap"),
    [
        (SNSMessage[Order], "sns"),
        (EventBridgeEvent[Order], "eventbridge"),
        (S3Object, "eventbridge"),
        (list[S3Object], "eventbridge"),
        (EventBridgeEvent[Order] | EventBridgeEvent[Strict], None),
        (list[SNSMessage[Order]], None),
        (SNSMessage[list[EventBridgeEvent[Order]]], None),
        (dict[str, S3Object], None),
        (S3Object | None, None),
        (LogEvent, None),
        (list[LogEvent], None),
        (EventBridgeEvent[str], None),
        (bytes, "eventbridge"),
    ],
)
def test_envelopes_that_could_never_be_read_are_refused_at_once(annotation: Any, unwrap: str | None) -> None:
    with pytest.raises(ConfigurationError, match="f: 'payload'"):
        unwrapping_reader(annotation, "f: 'payload'", unwrap)


def test_what_is_inside_is_validated_at_once_too() -> None:
    class Plain: ...

    for annotation in (SNSMessage[Plain], EventBridgeEvent[Plain]):
        with pytest.raises(ConfigurationError, match="can't be validated"):
            unwrapping_reader(annotation, "f: 'payload'")


def test_validators_are_built_by_warm() -> None:
    reader: Any = unwrapping_reader(SNSMessage[EventBridgeEvent[Order]], "f")
    reader.warm()
    assert reader._read._read._validators is not None


# Through the handler


def failed(answer: dict[str, Any]) -> list[str]:
    return [entry["itemIdentifier"] for entry in answer["batchItemFailures"]]


def test_a_queue_of_notifications_through_the_handler(make: Make) -> None:
    app = App()
    seen: list[Any] = []

    @app.sqs("orders")
    async def by_annotation(message: SNSMessage[Change]) -> None:
        seen.append((message.message, message.attributes["kind"]))

    @app.sqs("alone", unwrap="sns")
    async def by_option(change: Change) -> None:
        seen.append(change)

    @app.sqs("uploads")
    async def uploads(objects: list[S3Object]) -> None:
        seen.extend(one.key for one in objects)

    handler = make(app)
    placed = {"kind": "placed", "order": 1}
    bodies = [notification(placed), placed, notification({"kind": "lost"})]
    ids = ["1", "2", "3"]
    assert failed(handler(sqs_event(bodies, queue="orders", ids=ids))) == ["2", "3"]
    assert failed(handler(sqs_event(bodies, queue="alone", ids=ids))) == ["3"]
    assert failed(handler(sqs_event([S3_TEST, stored("a"), S3_EVENT], queue="uploads", ids=ids))) == []
    assert seen == [(Placed("placed", 1), "placed"), Placed("placed", 1), Placed("placed", 1), "a", "a b.jpg"]
