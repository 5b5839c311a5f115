"""From a batch to its scope and records, and from what became of them to the partial batch answer."""

import base64
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdaframe.errors import MalformedEventError, PoisonRecordError
from lambdaframe.records.record import Record
from lambdaframe_adapters import dynamodb, kinesis, sqs
from lambdaframe_adapters.detection import detect
from lambdaframe_adapters.sources import RecordSource
from tests.adapters.captured import captured


def source_of(event: dict[str, Any]) -> RecordSource:
    source = detect(event)
    assert source.kind == "records"
    return source


def records_of(event: dict[str, Any]) -> list[Record]:
    return list(source_of(event).records(event))


def queue(*ids: str, name: str = "orders", groups: str = "") -> dict[str, Any]:
    attributes = [{"MessageGroupId": group} for group in groups] or [{} for _ in ids]
    arn = f"arn:aws:sqs:us-east-1:123456789012:{name}"
    return {
        "Records": [
            {"messageId": one, "body": "{}", "attributes": own, "eventSource": "aws:sqs", "eventSourceARN": arn}
            for one, own in zip(ids, attributes, strict=True)
        ]
    }


def stream(*numbers: str) -> dict[str, Any]:
    arn = "arn:aws:kinesis:us-east-1:123456789012:stream/clicks"
    return {
        "Records": [
            {"kinesis": {"sequenceNumber": one, "data": ""}, "eventSource": "aws:kinesis", "eventSourceARN": arn}
            for one in numbers
        ]
    }


def table(*numbers: str) -> dict[str, Any]:
    arn = "arn:aws:dynamodb:us-east-1:123456789012:table/orders/stream/2015-06-27T00:48:05.899"
    return {
        "Records": [
            {"dynamodb": {"SequenceNumber": one}, "eventSource": "aws:dynamodb", "eventSourceARN": arn}
            for one in numbers
        ]
    }


# Scopes


@pytest.mark.parametrize(
    ("name", "consumer", "order"),
    [
        ("sqs/standard", "orders", "none"),
        ("sqs/fifo", "orders.fifo", "group"),
        ("kinesis/shared_throughput", "clicks", "checkpoint"),
        ("kinesis/enhanced_fan_out", "clicks", "checkpoint"),
        ("dynamodb/all_types", "orders", "checkpoint"),
        ("empty_batch/no_records", None, "none"),
    ],
)
def test_scope(name: str, consumer: str | None, order: str) -> None:
    event = captured(name)
    scope = source_of(event).scope(event, None)
    assert scope == {
        "type": "records",
        "asgi": {"version": "3.0"},
        "source": name.partition("/")[0],
        "name": consumer,
        "arn": event["Records"][0]["eventSourceARN"] if event["Records"] else None,
        "order": order,
        "extensions": {"lambda": {"event": event, "context": None}},
    }


@pytest.mark.parametrize(
    ("module", "service", "arn", "name"),
    [
        (sqs, "aws:sqs", "arn:aws-cn:sqs:cn-north-1:123456789012:jobs", "jobs"),
        (kinesis, "aws:kinesis", "arn:aws-us-gov:kinesis:us-gov-west-1:123456789012:stream/clicks", "clicks"),
        # what `sam local generate-event kinesis get-records` writes
        (kinesis, "aws:kinesis", "arn:aws:kinesis:EXAMPLE", "EXAMPLE"),
        (
            dynamodb,
            "aws:dynamodb",
            "arn:aws-cn:dynamodb:cn-north-1:1:table/orders/stream/2015-06-27T00:48:05.899",
            "orders",
        ),
    ],
)
def test_the_name_is_read_from_arns_of_every_shape(module: RecordSource, service: str, arn: str, name: str) -> None:
    record = {
        "eventSource": service,
        "eventSourceARN": arn,
        "messageId": "1",
        "kinesis": {"sequenceNumber": "1"},
        "dynamodb": {"SequenceNumber": "1"},
    }
    scope = module.scope({"Records": [record]}, None)
    assert (scope["name"], scope["arn"]) == (name, arn)


# Records


def test_messages_of_a_standard_queue() -> None:
    first, second = records_of(captured("sqs/standard"))
    assert (first.id, first.body, first.group, first.source) == (
        "19dd0b57-b21e-4ac1-bd88-01bbb068cb01",
        '{"id": 1, "sku": "tee"}',
        None,
        "sqs",
    )
    assert first.attributes == {"trace": "abc", "attempt": 123, "price": Decimal("19.90"), "blob": b"1100"}
    assert first.timestamp == datetime(2018, 4, 9, tzinfo=UTC)
    assert (first.receive_count, second.receive_count) == (1, 3)
    assert first.sequence is None


def test_messages_of_a_fifo_queue_have_their_group() -> None:
    assert [record.group for record in records_of(captured("sqs/fifo"))] == ["a", "a", "b"]


def test_fair_queues_keep_no_order() -> None:
    event = queue("1", "2", groups="ab")
    assert source_of(event).scope(event, None)["order"] == "none"
    assert [record.group for record in records_of(event)] == [None, None]


def test_records_of_a_kinesis_stream() -> None:
    first, second, third = records_of(captured("kinesis/shared_throughput"))
    assert first.id == "49545115243490985018280067714973144582180062593244200961"
    assert first.sequence == int(first.id)
    assert [record.group for record in (first, second, third)] == ["user-0", "user-1", "user-0"]
    assert first.body == b'{"page": "/", "n": 0}'
    assert first.timestamp == datetime(2018, 12, 17, 22, 10, 50, 987000, UTC)


def test_changes_of_a_dynamodb_table() -> None:
    insert, modify, remove = records_of(captured("dynamodb/all_types"))
    assert insert.id == "4421584500000000017450439091"
    assert insert.sequence == 4421584500000000017450439091
    assert insert.timestamp == datetime(2015, 4, 9, tzinfo=UTC)
    assert insert.group == modify.group == remove.group == '{"Id":{"N":"101"}}'
    item: dict[str, Any] = {
        "Message": "New item!",
        "Id": 101,
        "price": Decimal("19.90"),
        "huge": Decimal("1E+30"),
        "debt": -5,
        "photo": b"\x00\x01\xff",
        "paid": True,
        "note": None,
        "tags": {"a", "b"},
        "sizes": {1, Decimal("2.5")},
        "blobs": {b"x", b"\xff"},
        "lines": [{"sku": "tee", "count": 2}, "gift"],
        "empty": {},
    }
    changed = {"Message": "This item has changed", "Id": 101}
    assert insert.body == {"operation": "INSERT", "keys": {"Id": 101}, "old": None, "new": item}
    assert modify.body == {"operation": "MODIFY", "keys": {"Id": 101}, "old": item, "new": changed}
    assert remove.body == {"operation": "REMOVE", "keys": {"Id": 101}, "old": changed, "new": None}
    assert type(insert.body["new"]["Id"]) is int


def test_the_group_of_an_item_does_not_depend_on_the_order_of_its_key() -> None:
    event = table("1", "2", "3")
    for record, keys in zip(
        event["Records"],
        [
            {"id": {"S": "a"}, "at": {"N": "1"}},
            {"at": {"N": "1"}, "id": {"S": "a"}},
            {"at": {"N": "2"}, "id": {"S": "a"}},
        ],
        strict=True,
    ):
        record["dynamodb"]["Keys"] = keys
    one, same, other = (record.group for record in records_of(event))
    assert one == same != other


@pytest.mark.parametrize("data", ["!!!", "YQ", "YQ==YQ==", "ü", None, 5])
def test_invalid_base64_is_poison_and_its_neighbours_are_not(data: Any) -> None:
    event = captured("kinesis/shared_throughput")
    event["Records"][1]["kinesis"]["data"] = data
    source_of(event).scope(event, None)
    first, second, third = records_of(event)
    assert (first.body, third.body) == (b'{"page": "/", "n": 0}', b'{"page": "/", "n": 2}')
    with pytest.raises(PoisonRecordError):
        _ = second.body


@pytest.mark.parametrize(
    "image",
    [
        {"a": {"N": "x"}},
        {"a": {"N": "NaN"}},
        {"a": {"N": 5}},
        {"a": {"B": "!!!"}},
        {"a": {"X": "1"}},
        {"a": {}},
        {"a": "1"},
        {"a": {"S": 5}},
        {"a": {"BOOL": "true"}},
        {"a": {"L": "abc"}},
        {"a": {"M": []}},
        {"a": {"SS": [5]}},
        {"a": {"NS": ["x"]}},
        [],
    ],
)
def test_an_unreadable_image_is_poison(image: Any) -> None:
    event = captured("dynamodb/all_types")
    event["Records"][0]["dynamodb"]["NewImage"] = image
    with pytest.raises(PoisonRecordError):
        _ = records_of(event)[0].body


@pytest.mark.parametrize("operation", [None, "UPSERT", []])
def test_an_unknown_operation_is_poison(operation: Any) -> None:
    event = captured("dynamodb/all_types")
    event["Records"][0]["eventName"] = operation
    with pytest.raises(PoisonRecordError):
        _ = records_of(event)[0].body


def test_a_message_without_a_body_is_poison() -> None:
    event = queue("1")
    del event["Records"][0]["body"]
    with pytest.raises(PoisonRecordError):
        _ = records_of(event)[0].body


attribute_values = st.recursive(
    st.text().map(lambda text: ({"S": text}, text))
    | st.integers(-(10**37), 10**37).map(lambda number: ({"N": str(number)}, number))
    | st.decimals(-1000, 1000, places=3).map(lambda number: ({"N": str(number)}, number))
    | st.binary().map(lambda data: ({"B": base64.b64encode(data).decode()}, data))
    | st.booleans().map(lambda flag: ({"BOOL": flag}, flag))
    | st.just(({"NULL": True}, None))
    | st.sets(st.text()).map(lambda texts: ({"SS": list(texts)}, texts)),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda all_: ({"L": [one for one, _ in all_]}, [one for _, one in all_]))
        | st.dictionaries(st.text(), inner, max_size=3).map(
            lambda all_: (
                {"M": {key: one for key, (one, _) in all_.items()}},
                {key: one for key, (_, one) in all_.items()},
            )
        )
    ),
    max_leaves=8,
)


@given(attribute_values)
def test_attribute_values_are_read_as_python_has_them(pair: tuple[dict[str, Any], Any]) -> None:
    typed, value = pair
    event = table("1")
    event["Records"][0].update(eventName="INSERT")
    event["Records"][0]["dynamodb"]["NewImage"] = {"a": typed}
    assert records_of(event)[0].body["new"] == {"a": value}


def test_records_are_made_one_by_one() -> None:
    event = queue("1", "2")
    batch = source_of(event).records(event)
    assert next(batch).id == "1"
    event["Records"][1]["messageId"] = "changed"
    assert next(batch).id == "changed"


# Batches that must fail as a whole


@pytest.mark.parametrize("missing", [None, "", 5, ["1"]])
@pytest.mark.parametrize(
    ("event", "way"),
    [
        (queue("1", "2", "3"), ("messageId",)),
        (queue("1", "2", "3", name="orders.fifo", groups="abc"), ("messageId",)),
        (stream("1", "2", "3"), ("kinesis", "sequenceNumber")),
        (table("1", "2", "3"), ("dynamodb", "SequenceNumber")),
    ],
    ids=["sqs", "fifo", "kinesis", "dynamodb"],
)
def test_a_record_without_an_id_fails_the_batch(event: dict[str, Any], way: tuple[str, ...], missing: Any) -> None:
    part = event["Records"][1]
    for step in way[:-1]:
        part = part[step]
    if missing is None:
        part.pop(way[-1], None)
    else:
        part[way[-1]] = missing
    with pytest.raises(MalformedEventError, match=rf"Record 1 has no .*{way[-1]}"):
        source_of(event).scope(event, None)


MIXED: list[tuple[tuple[dict[str, Any], ...], str]] = [
    ((queue("1"), stream("1")), "Record 1 is of 'aws:kinesis', the first one of 'aws:sqs'"),
    ((stream("1"), table("1")), "Record 1 is of 'aws:dynamodb', the first one of 'aws:kinesis'"),
    ((table("1"), {"Records": [5]}), "Record 1 is no object"),
    ((queue("1"), {"Records": [{}]}), "Record 1 is of 'None'"),
]


@pytest.mark.parametrize(("events", "said"), MIXED)
def test_a_mixed_batch_fails(events: tuple[dict[str, Any], ...], said: str) -> None:
    event = {"Records": [record for each in events for record in each["Records"]]}
    with pytest.raises(MalformedEventError, match=said):
        source_of(event).scope(event, None)


@pytest.mark.parametrize(
    "event", [queue("1", "2"), stream("1", "2"), table("1", "2")], ids=["sqs", "kinesis", "dynamodb"]
)
def test_a_record_of_another_service_fails_the_batch_whatever_its_shape(event: dict[str, Any]) -> None:
    event["Records"][1]["eventSource"] = "aws:s3"
    with pytest.raises(MalformedEventError, match="Record 1 is of 'aws:s3'"):
        source_of(event).scope(event, None)


def test_a_batch_without_an_arn_fails() -> None:
    event = queue("1")
    del event["Records"][0]["eventSourceARN"]
    with pytest.raises(MalformedEventError, match="eventSourceARN"):
        source_of(event).scope(event, None)


# Answers


def ids(answer: dict[str, Any]) -> list[str]:
    assert set(answer) == {"batchItemFailures"}
    assert all(set(entry) == {"itemIdentifier"} for entry in answer["batchItemFailures"])
    return [entry["itemIdentifier"] for entry in answer["batchItemFailures"]]


@pytest.mark.parametrize(
    ("sent", "not_done", "received", "reported"),
    [
        (["a", "b", "c"], [], 3, []),
        (["a", "b", "c"], ["b"], 3, ["b"]),
        (["a", "b", "c"], ["c", "a"], 3, ["a", "c"]),
        (["a", "b", "c"], [], 1, ["b", "c"]),
        (["a", "b", "c"], ["a"], 2, ["a", "c"]),
        (["a", "b", "c"], [], 0, ["a", "b", "c"]),
        (["a", "b", "a"], ["a"], 3, ["a"]),
        (["a", "b", "a"], [], 2, ["a"]),
    ],
)
def test_a_queue_reports_each_message_that_is_not_done_once(
    sent: list[str], not_done: list[str], received: int, reported: list[str]
) -> None:
    assert ids(sqs.failures(queue(*sent), set(not_done), received)) == reported


@pytest.mark.parametrize(
    ("numbers", "not_done", "received", "reported"),
    [
        (["9", "10", "11"], [], 3, []),
        (["9", "10", "11"], ["11", "10"], 3, ["10"]),
        (["9", "10", "11"], ["9", "10"], 3, ["9"]),
        (["9", "10", "11"], [], 1, ["10"]),
        (["9", "10", "11"], ["11"], 3, ["11"]),
        # an earlier one that is unfinished goes before a later one that failed
        (["9", "10", "11"], ["10", "9"], 2, ["9"]),
        (["10", "9", "11"], ["10"], 1, ["9"]),
        (["9", "9", "10"], ["9"], 3, ["9"]),
    ],
)
@pytest.mark.parametrize(("source", "make"), [(kinesis, stream), (dynamodb, table)], ids=["kinesis", "dynamodb"])
def test_a_stream_reports_the_lowest_number_that_is_not_done(
    source: RecordSource, make: Any, numbers: list[str], not_done: list[str], received: int, reported: list[str]
) -> None:
    assert ids(source.failures(make(*numbers), set(not_done), received)) == reported


@given(st.lists(st.integers(0, 30), min_size=1, max_size=12), st.data())
def test_nothing_that_is_not_done_is_lost(numbers: list[int], data: st.DataObject) -> None:
    received = data.draw(st.integers(0, len(numbers)))
    open_ = {str(one) for one in data.draw(st.sets(st.sampled_from(numbers)))} & {
        str(one) for one in numbers[:received]
    }
    lost = {str(one) for at, one in enumerate(numbers) if at >= received} | open_
    texts = [str(one) for one in numbers]
    assert set(ids(sqs.failures(queue(*texts), open_, received))) == lost
    checkpoint = ids(kinesis.failures(stream(*texts), open_, received))
    assert checkpoint == ([str(min(map(int, lost)))] if lost else [])


def test_a_sequence_number_that_is_none_fails_loudly() -> None:
    event = stream("one", "2")
    with pytest.raises(MalformedEventError, match="'one' is no number"):
        kinesis.failures(event, {"one"}, 2)


def test_an_empty_batch_is_a_success() -> None:
    event: dict[str, Any] = {"Records": []}
    source = source_of(event)
    assert list(source.records(event)) == []
    assert source.failures(event, (), 0) == {"batchItemFailures": []}
