"""Kafka topics: from a batch to its scope and records, and from what became of them to the answer."""

import base64
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdaframe import App
from lambdaframe.errors import MalformedEventError, NoConsumerError, PoisonRecordError
from lambdaframe.records.kafka import KafkaRecord
from lambdaframe_adapters import LambdaHandler, kafka
from lambdaframe_adapters.testing.streams import kafka_event
from tests.adapters.captured import captured

Make = Callable[..., LambdaHandler]


def records_of(event: dict[str, Any]) -> list[KafkaRecord]:
    found = list(kafka.records(event))
    assert all(isinstance(record, KafkaRecord) for record in found)
    return [record for record in found if isinstance(record, KafkaRecord)]


def reported(answer: dict[str, Any]) -> dict[str, int]:
    """The checkpoints in an answer, by partition."""
    assert set(answer) == {"batchItemFailures"}
    found: dict[str, int] = {}
    for entry in answer["batchItemFailures"]:
        assert set(entry) == {"itemIdentifier"}
        identifier = entry["itemIdentifier"]
        assert set(identifier) == {"partition", "offset"}
        assert identifier["partition"] not in found, "a partition has one checkpoint"
        found[identifier["partition"]] = identifier["offset"]
    return found


# Scopes


@pytest.mark.parametrize(
    ("name", "topic", "arn"),
    [
        ("kafka/msk", "orders", "arn:aws:kafka:us-east-1:123456789012:cluster/vpc-2priv-2pub/751d2973-a626-431c-9d4e"),
        ("kafka/schema_registry", "orders", "arn:aws:kafka:us-east-1:123456789012:cluster/vpc-2priv-2pub/751d2973"),
        ("kafka/self_managed", "my-topic", None),
    ],
)
def test_scope(name: str, topic: str, arn: str | None) -> None:
    event = captured(name)
    scope = kafka.scope(event, None)
    if arn is None:
        assert scope["arn"] is None
    else:
        assert scope["arn"].startswith(arn)
    del scope["arn"]
    assert scope == {
        "type": "records",
        "asgi": {"version": "3.0"},
        "source": "kafka",
        "name": topic,
        "order": "partition",
        "extensions": {"lambda": {"event": event, "context": None}},
    }


def test_a_batch_of_several_topics_has_no_name_but_names() -> None:
    scope = kafka.scope(captured("kafka/several_topics"), None)
    assert (scope["name"], scope["names"]) == (None, ("orders", "clicks"))


def test_the_batch_tells_where_it_is_from() -> None:
    arn, account = kafka.identities(captured("kafka/msk"))
    assert arn.startswith("arn:aws:kafka:us-east-1:")
    assert account == "123456789012"
    servers = kafka.identities(captured("kafka/self_managed"))
    assert servers == ("broker-1.example.com:9092", "broker-2.example.com:9092")


# Records


def test_records_of_a_topic() -> None:
    first, second, tombstone = records_of(captured("kafka/msk"))
    assert (first.id, first.group, first.sequence) == ("orders-0@15", "orders-0", 15)
    assert (first.topic, first.partition, first.offset) == ("orders", 0, 15)
    assert first.body == b'{"id": 1, "sku": "tee"}'
    assert (first.key, second.key, tombstone.key) == (b"customer-7", None, b"customer-7")
    assert first.timestamp == datetime(2018, 12, 17, 22, 10, 50, 987000, UTC)
    assert (first.timestamp_type, tombstone.timestamp_type) == ("CREATE_TIME", "LOG_APPEND_TIME")
    assert tombstone.body is None


def test_headers_are_bytes_though_the_jvm_writes_them_signed() -> None:
    first, second, _ = records_of(captured("kafka/msk"))
    assert first.headers == {"traceparent": b"00-abc", "signature": b"\xff\x00\x7f\x80"}
    assert second.headers == {}


def test_of_a_header_sent_twice_it_is_the_last() -> None:
    event = kafka_event([1])
    event["records"]["topic-0"][0]["headers"] = [{"a": [49]}, {"b": None}, {"a": [50]}]
    (record,) = records_of(event)
    assert record.headers == {"a": b"2", "b": b""}


def test_attributes() -> None:
    first, second = records_of(captured("kafka/schema_registry"))
    assert dict(first.attributes) == {
        "topic": "orders",
        "partition": 0,
        "offset": 15,
        "key": b"customer-7",
        "headers": {},
        "timestamp_type": "CREATE_TIME",
        "key_schema": {"dataFormat": "JSON", "schemaId": "1233"},
        "value_schema": {"dataFormat": "AVRO", "schemaId": "1234"},
    }
    assert first.body == b'{"id": 1, "sku": "tee"}'
    assert second.body == {"id": 2, "sku": "mug"}, "an object that the registry has made is a Python value"


def test_a_record_without_a_timestamp() -> None:
    event = kafka_event([1])
    event["records"]["topic-0"][0].update(timestamp=-1, timestampType="NO_TIMESTAMP_TYPE")
    (record,) = records_of(event)
    assert record.timestamp is None


@pytest.mark.parametrize("value", ["!!!", "YQ", "ü"])
def test_a_value_that_is_no_base64_is_poison_and_its_neighbours_are_not(value: str) -> None:
    event = kafka_event(["a", "b"])
    event["records"]["topic-0"][0]["value"] = value
    kafka.scope(event, None)
    first, second = records_of(event)
    with pytest.raises(PoisonRecordError, match="base64"):
        _ = first.body
    assert second.body == b"b"


@pytest.mark.parametrize("headers", [[5], ["a"], [{"a": "text"}], [{"a": [None]}], [{"a": 5}], 5])
def test_headers_of_a_wrong_shape_are_poison_for_those_who_read_them(headers: Any) -> None:
    event = kafka_event([1])
    event["records"]["topic-0"][0].update(headers=headers, key="!!!")
    (record,) = records_of(event)
    with pytest.raises(PoisonRecordError, match="headers"):
        _ = record.headers
    with pytest.raises(PoisonRecordError, match="base64"):
        _ = record.key
    assert (record.topic, record.body) == ("topic", b"1")


def test_partitions_take_turns() -> None:
    """Else the records of the first one would keep all others waiting."""
    ids = [record.id for record in records_of(captured("kafka/self_managed"))]
    assert ids == [
        *("my-topic-0@100", "my-topic-1@7", "my-topic-12@0"),
        *("my-topic-0@101", "my-topic-1@8"),
        "my-topic-0@105",
    ]


# Batches that must fail as a whole


@pytest.mark.parametrize(
    "wrong",
    [
        {"topic": None},
        {"topic": ""},
        {"topic": 5},
        {"partition": "0"},
        {"partition": True},
        {"offset": None},
        {"offset": 1.5},
        {"offset": "7"},
    ],
)
def test_a_record_that_no_answer_could_name_fails_the_batch(wrong: dict[str, Any]) -> None:
    event = kafka_event([1, 2])
    event["records"]["topic-0"][1].update(wrong)
    with pytest.raises(MalformedEventError, match="Record 1 of 'topic-0' has no topic, partition and offset"):
        kafka.scope(event, None)


@pytest.mark.parametrize("part", [None, 5, {}, "x"])
def test_a_partition_that_is_no_list_fails_the_batch(part: Any) -> None:
    with pytest.raises(MalformedEventError, match="'topic-0' are no list"):
        kafka.scope({**kafka_event([]), "records": {"topic-0": part}}, None)


# Answers


def test_of_each_partition_the_lowest_offset_that_is_not_done_is_reported() -> None:
    event = captured("kafka/self_managed")
    everything = len(records_of(event))
    assert reported(kafka.failures(event, (), everything)) == {}
    assert reported(kafka.failures(event, {"my-topic-0@105", "my-topic-1@8"}, everything)) == {
        "my-topic-0": 105,
        "my-topic-1": 8,
    }
    assert reported(kafka.failures(event, {"my-topic-0@101", "my-topic-0@105"}, everything)) == {"my-topic-0": 101}


def test_what_was_never_received_is_not_done() -> None:
    event = captured("kafka/self_managed")
    assert reported(kafka.failures(event, (), 0)) == {"my-topic-0": 100, "my-topic-1": 7, "my-topic-12": 0}
    assert reported(kafka.failures(event, {"my-topic-1@7"}, 4)) == {"my-topic-0": 105, "my-topic-1": 7}


@given(
    st.lists(st.tuples(st.sampled_from(["a", "a-1", "b"]), st.integers(0, 2)), max_size=20),
    st.data(),
)
def test_nothing_that_is_not_done_is_lost(places: list[tuple[str, int]], data: st.DataObject) -> None:
    event = kafka_event(places, topic=[topic for topic, _ in places], partitions=[number for _, number in places])
    kafka.scope(event, None)
    records = records_of(event)
    received = data.draw(st.integers(0, len(records)))
    failed = data.draw(st.sets(st.sampled_from(records[:received]))) if received else set[KafkaRecord]()
    open_ = [*failed, *records[received:]]
    expected: dict[str, int] = {}
    for record in open_:
        expected[str(record.group)] = min(record.offset, expected.get(str(record.group), record.offset))
    assert reported(kafka.failures(event, {record.id for record in failed}, received)) == expected
    assert len({record.id for record in records}) == len(places)


# Through the handler


def test_a_failed_record_is_the_checkpoint_of_its_partition(make: Make) -> None:
    app = App()
    seen: list[Any] = []

    @app.kafka("orders")
    async def take(order: dict[str, Any]) -> None:
        seen.append(order["n"])
        if order["n"] in {1, 2}:
            raise ValueError

    event = kafka_event([{"n": n} for n in range(6)], topic="orders", partitions=[0, 1, 0, 1, 0, 1], first_offset=40)
    assert reported(make(app)(event)) == {"orders-0": 41, "orders-1": 40}
    assert sorted(seen) == [0, 1, 2], "behind a failure nothing of its partition is started"


def test_a_poison_value_is_the_checkpoint(make: Make) -> None:
    app = App()

    @app.kafka("topic")
    async def take(order: dict[str, Any]) -> None: ...

    assert reported(make(app)(kafka_event([{}, "no JSON", {}]))) == {"topic-0": 1}


def test_tombstones_are_none_for_those_who_take_none(make: Make) -> None:
    app = App()
    seen: list[Any] = []

    @app.kafka("topic")
    async def take(order: dict[str, int] | None) -> None:
        seen.append(order)

    @app.kafka("strict")
    async def take_orders(order: dict[str, int]) -> None:
        seen.append(order)

    handler = make(app)
    assert reported(handler(kafka_event([{"id": 1}, None]))) == {}
    assert seen == [{"id": 1}, None]
    assert reported(handler(kafka_event([{"id": 1}, None], topic="strict"))) == {"strict-0": 1}


@pytest.mark.parametrize(("kind", "value"), [(str | None, "text"), (bytes | None, b"\xff")])
def test_text_and_bytes_may_be_tombstones_too(make: Make, kind: Any, value: Any) -> None:
    app = App()
    seen: list[Any] = []

    async def take(value: Any) -> None:
        seen.append(value)

    take.__annotations__["value"] = kind
    app.kafka("topic")(take)
    assert reported(make(app)(kafka_event([value, None]))) == {}
    assert seen == [value, None]


def test_a_consumer_may_take_the_typed_record(make: Make) -> None:
    app = App()
    seen: list[Any] = []

    @app.kafka()
    async def take(order: dict[str, Any], record: KafkaRecord) -> None:
        seen.append((order, record.topic, record.key, record.headers))

    event = kafka_event([{"id": 1}], topic="any", keys=["k"], headers=[{"trace": b"\x80"}], self_managed=True)
    assert reported(make(app)(event)) == {}
    assert seen == [({"id": 1}, "any", b"k", {"trace": b"\x80"})]


def test_an_empty_batch_is_a_success(make: Make) -> None:
    assert reported(make(App())(kafka_event([]))) == {}
    assert reported(make(App())({**kafka_event([]), "records": {"topic-0": []}})) == {}


def test_each_topic_of_a_batch_goes_to_its_own_consumer(make: Make) -> None:
    app = App()
    seen: list[Any] = []

    @app.kafka("orders")
    async def orders(order: dict[str, Any]) -> None:
        seen.append(order)

    @app.kafka()
    async def others(record: KafkaRecord) -> None:
        seen.append(record.id)
        raise ValueError

    assert reported(make(app)(captured("kafka/several_topics"))) == {"clicks-3": 900}
    assert sorted(map(str, seen)) == ["clicks-3@900", "{'id': 1}", "{'id': 2}"]


def test_a_topic_without_a_consumer_fails_the_batch_before_anything_is_done(make: Make) -> None:
    app = App()
    seen: list[Any] = []

    @app.kafka("orders")
    async def orders(order: dict[str, Any]) -> None:
        seen.append(order)

    with pytest.raises(NoConsumerError, match=r"No consumer for kafka 'clicks'; registered are .*orders"):
        make(app)(captured("kafka/several_topics"))
    assert seen == []


def test_the_builder_says_what_is_missing() -> None:
    with pytest.raises(ValueError, match="keys has 1 entries for 2 records"):
        kafka_event([1, 2], keys=["a"])
    (raw,) = kafka_event([b"\xff"])["records"]["topic-0"]
    assert base64.b64decode(raw["value"]) == b"\xff"
