"""Dead letters: the message that is made of a record, and queues on a real server that take it."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import aioboto3  # type: ignore[import-untyped]  # pyright: ignore[reportMissingTypeStubs]  it has none
import pytest
from blockbuster import BlockBuster
from hypothesis import given, settings
from hypothesis import strategies as st
from moto.server import ThreadedMotoServer

from lambdaframe import App
from lambdaframe.errors import DeadLetterError, PermanentError, PoisonRecordError
from lambdaframe.records.consumer import Consumers
from lambdaframe.records.dead_letter import ATTRIBUTES, SIZE, dead_letter
from lambdaframe.records.queues import Queue, parse_queue
from lambdaframe.records.record import Record, RecordFields
from lambdaframe_adapters import LambdaHandler
from lambdaframe_adapters.testing import LambdaClient, sqs_event
from tests.records.streams import Stream, consumer

BOOM = ValueError("boom")


def letter(body: Any, error: BaseException = BOOM, *, group: str | None = None, fifo: bool = False, **own: Any) -> Any:
    fields = RecordFields("sqs", lambda raw: raw["body"], attributes=lambda raw: own, receive_count=lambda raw: 3)
    return dead_letter(Record("m-1", {"body": body}, fields, group), error, "app.work", fifo=fifo)


def values(message: Any) -> dict[str, Any]:
    return {
        name: attribute.get("StringValue", attribute.get("BinaryValue"))
        for name, attribute in message["MessageAttributes"].items()
    }


# The message


def test_it_holds_the_body_as_it_was_and_says_what_went_wrong() -> None:
    message = letter('{"id": 1,  "é": 2}')
    assert message["MessageBody"] == '{"id": 1,  "é": 2}'
    assert values(message) == {
        "error_type": "ValueError",
        "reason": "boom",
        "consumer": "app.work",
        "source": "sqs",
        "record_id": "m-1",
        "receive_count": "3",
    }


@pytest.mark.parametrize(
    ("body", "sent", "encoding"),
    [
        ("text", "text", None),
        (b"text", "text", None),
        (b"\xff\x00", base64.b64encode(b"\xff\x00").decode(), "base64"),
        (b"nul \x00", base64.b64encode(b"nul \x00").decode(), "base64"),
        ("", '{"body":""}', "raw"),
        ("nul \x00", '{"body":"nul \\u0000"}', "raw"),
        ({"key": [1, 2]}, '{"body":{"key":[1,2]}}', "raw"),
        (b"", '{"body":""}', "raw"),
        (None, '{"body":null}', "raw"),
    ],
)
def test_what_is_no_text_is_encoded_and_says_so(body: Any, sent: str, encoding: str | None) -> None:
    message = letter(body)
    assert message["MessageBody"] == sent
    assert values(message).get("encoding") == encoding


def test_a_body_that_cant_be_read_is_sent_with_its_record() -> None:
    def unreadable(raw: Any) -> Any:
        raise PoisonRecordError("no base64")

    raw = {"kinesis": {"data": "!!!"}}
    message = dead_letter(Record("1", raw, RecordFields("kinesis", unreadable)), PoisonRecordError("no base64"), "work")
    assert json.loads(message["MessageBody"]) == raw
    assert values(message)["encoding"] == "raw"


def test_the_records_own_attributes_follow_while_there_is_room() -> None:
    own: dict[str, Any] = {
        "tenant": "acme",
        "size": 7,
        "blob": b"\x00",
        "reason": "its own",
        "bad name": "x",
        "aws.trace": "x",
        "e": "",
    }
    many: dict[str, Any] = {f"n{number}": number for number in range(20)}
    message = letter("x", **own, **many)
    found = values(message)
    assert len(found) == ATTRIBUTES
    assert (found["tenant"], found["size"], found["blob"]) == ("acme", "7", b"\x00")
    assert found["reason"] == "boom"
    assert not {"bad name", "aws.trace", "e"} & set(found)


def test_a_reason_is_cut_and_cleaned() -> None:
    found = values(letter("x", ValueError("a\x00b" + "é" * 5_000)))
    assert found["reason"].startswith("a\ufffdb")
    assert len(found["reason"]) == 1_000
    assert values(letter("x", ValueError()))["reason"] == "-"


def test_a_record_that_no_message_can_hold_is_an_error() -> None:
    with pytest.raises(DeadLetterError, match=r"bytes larger than a message of SQS, of 1,048,576 bytes"):
        letter("x" * SIZE)


def test_a_fifo_queue_gets_a_group_and_one_message_for_one_record() -> None:
    first, again = letter("x", group="customer-1", fifo=True), letter("x", group="customer-1", fifo=True)
    assert first["MessageGroupId"] == "customer-1"
    assert first["MessageDeduplicationId"] == again["MessageDeduplicationId"]
    assert len(letter("x", group="with space", fifo=True)["MessageGroupId"]) == 64
    assert letter("x", fifo=True)["MessageGroupId"]
    assert "MessageGroupId" not in letter("x", group="customer-1")


text = st.text(st.characters(exclude_categories=()), max_size=40)


@settings(max_examples=200)
@given(
    body=st.one_of(text, st.binary(max_size=40), st.dictionaries(text, st.integers(), max_size=3)),
    reason=text,
    own=st.dictionaries(text, st.one_of(text, st.binary(max_size=9), st.integers(), st.none(), st.booleans())),
    group=st.one_of(st.none(), text),
)
def test_whatever_the_record_the_message_is_one_that_sqs_takes(body: Any, reason: str, own: Any, group: Any) -> None:
    fields = RecordFields("sqs", lambda raw: raw["body"], attributes=lambda raw: own)
    message = dead_letter(Record("m", {"body": body}, fields, group), ValueError(reason), "work", fifo=True)
    attributes = message["MessageAttributes"]
    assert message["MessageBody"]
    assert len(attributes) <= ATTRIBUTES
    size = len(message["MessageBody"].encode())
    for name, attribute in attributes.items():
        value = attribute.get("BinaryValue") or attribute["StringValue"].encode()
        assert value
        size += len(name) + len(value) + len(attribute["DataType"])
    assert size <= SIZE
    assert 1 <= len(message["MessageGroupId"]) <= 128


# Queues


@pytest.mark.parametrize(
    ("written", "queue"),
    [
        ("orders-dead", Queue("orders-dead")),
        ("orders.fifo", Queue("orders.fifo")),
        (
            "https://sqs.eu-west-1.amazonaws.com/123456789012/dead",
            Queue("dead", "https://sqs.eu-west-1.amazonaws.com/123456789012/dead", "eu-west-1"),
        ),
        (
            "sqs.eu-west-1.amazonaws.com/123456789012/dead",
            Queue("dead", "https://sqs.eu-west-1.amazonaws.com/123456789012/dead", "eu-west-1"),
        ),
        (
            "http://127.0.0.1:4566/000000000000/dead",
            Queue("dead", "http://127.0.0.1:4566/000000000000/dead", None, "http://127.0.0.1:4566"),
        ),
        ("a" * 81, None),
        ("a" * 78 + ".fifo", None),
        ("orders dead", None),
        ("orders.fifo.fifo", None),
        ("", None),
        ("ftp://host/queue", None),
        ("https:///queue", None),
        ("http://host:port/queue", None),
        ("https://sqs.eu-west-1.amazonaws.com/", None),
    ],
)
def test_a_queue_is_written_as_a_name_or_a_url(written: str, queue: Queue | None) -> None:
    assert parse_queue(written) == queue


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """A server of SQS's API on the loopback."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")


@pytest.fixture(autouse=True)
def connecting_may_block(blocking_calls_fail: BlockBuster) -> None:
    """botocore reads its descriptions of the service when a client is made: once in a process."""
    for function in blocking_calls_fail.functions.values():
        function.can_block_in("records/queues.py", "_open")


async def with_client(endpoint: str) -> AsyncIterator[Any]:
    session: Any = aioboto3.Session()
    async with session.client("sqs", endpoint_url=endpoint) as client:
        yield client


def create(endpoint: str, name: str, **attributes: str) -> str:
    """The URL of a new queue."""

    async def main() -> str:
        async for client in with_client(endpoint):
            return str((await client.create_queue(QueueName=name, Attributes=attributes))["QueueUrl"])
        raise AssertionError

    return asyncio.run(main())


def messages(endpoint: str, url: str) -> list[Any]:
    async def main() -> list[Any]:
        found: list[Any] = []
        async for client in with_client(endpoint):
            while batch := (
                await client.receive_message(
                    QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"], AttributeNames=["All"]
                )
            ).get("Messages"):
                found += batch
        return found

    return asyncio.run(main())


def failing(target: str) -> App:
    app = App()

    @app.sqs("orders", dead_letter=target)
    async def work(record: Record) -> None:
        raise PermanentError("no such item")

    return app


def test_failed_records_arrive_in_the_queue_and_only_then_are_acknowledged(
    endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", endpoint)
    url = create(endpoint, "by-name")
    handler = LambdaHandler(failing("sqs://by-name"))
    for number in range(3):  # over one client: the loop is kept
        event = sqs_event([{"id": number}], queue="orders")
        assert handler(event) == {"batchItemFailures": []}
    handler.close()
    found = messages(endpoint, url)
    assert sorted(message["Body"] for message in found) == ['{"id": 0}', '{"id": 1}', '{"id": 2}']
    assert {message["MessageAttributes"]["reason"]["StringValue"] for message in found} == {"no such item"}


def test_a_queue_by_its_url_needs_no_endpoint(endpoint: str) -> None:
    url = create(endpoint, "by-url")
    with LambdaClient(failing(f"sqs://{url}")) as client:
        assert client.invoke(sqs_event(["a", "b"], queue="orders")) == {"batchItemFailures": []}
    assert sorted(message["Body"] for message in messages(endpoint, url)) == ["a", "b"]


def test_a_fifo_queue(endpoint: str) -> None:
    url = create(endpoint, "dead.fifo", FifoQueue="true")
    event = sqs_event(["a"], queue="orders")
    with LambdaClient(failing(f"sqs://{url}")) as client:
        for _ in range(2):  # it is one record, sent once more because the first answer was lost, say
            assert client.invoke(event) == {"batchItemFailures": []}
    (message,) = messages(endpoint, url)
    assert message["Body"] == "a"


def test_a_queue_that_is_not_there_leaves_the_records_failed(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", endpoint)
    event = sqs_event(["a"], queue="orders")
    failed = [{"itemIdentifier": event["Records"][0]["messageId"]}]
    with LambdaClient(failing("sqs://nowhere")) as client:
        assert client.invoke(event) == {"batchItemFailures": failed}
        create(endpoint, "nowhere")
        assert client.invoke(event) == {"batchItemFailures": []}, "it is looked up again"


def test_the_connection_is_closed_with_the_application(endpoint: str) -> None:
    """An open one would be a warning of aiohttp's, and so an error."""
    url = create(endpoint, "closing")
    for _ in range(2):
        with LambdaClient(failing(f"sqs://{url}")) as client:
            client.invoke(sqs_event(["a"], queue="orders"))
    assert len(messages(endpoint, url)) == 2


def test_another_loop_gets_another_connection(endpoint: str) -> None:
    url = create(endpoint, "loops")
    consumers = Consumers()
    fields = RecordFields("sqs", lambda raw: raw["body"])

    async def work(record: Record) -> None:
        raise PermanentError("no such item")

    taker = consumer(work, among=consumers, dead_letter=f"sqs://{url}")

    async def main() -> list[str]:
        stream = Stream([Record("1", {"body": "a"}, fields), Record("2", {"body": "b"}, fields)])
        await stream.through(taker)
        await consumers.close()  # there is no lifespan here
        return sorted(stream.done)

    assert asyncio.run(main()) == asyncio.run(main()) == ["1", "2"]
