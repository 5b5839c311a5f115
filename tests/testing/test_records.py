"""The builders of batches: what consumers get of them."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdaframe import App, Change, Record
from lambdaframe.testing import FakeClock
from lambdaframe_adapters.detection import SOURCES, detect
from lambdaframe_adapters.testing import LambdaClient, LambdaContext, dynamodb_event, kinesis_event, sqs_event


def records_of(event: dict[str, Any]) -> list[Record]:
    source = detect(event)
    assert source.kind == "records"
    assert source.scope(event, None)["source"] == source.name
    return list(source.records(event))


@given(st.lists(st.text(max_size=10), max_size=5))
def test_messages_of_a_queue(bodies: list[str]) -> None:
    event = sqs_event(bodies, queue="orders")
    assert [record.body for record in records_of(event)] == bodies
    assert len({record.id for record in records_of(event)}) == len(bodies)
    assert detect(event) is SOURCES["sqs" if bodies else "empty_batch"]


def test_a_body_that_is_no_text_is_json_and_the_rest_can_be_said() -> None:
    [record] = records_of(sqs_event([{"id": 1}], queue="orders", ids=["m-1"], receive_count=3))
    assert (record.body, record.id, record.receive_count, record.group) == ('{"id": 1}', "m-1", 3, None)


def test_a_fifo_queue_keeps_its_groups() -> None:
    event = sqs_event(["a", "b", "c"], queue="orders.fifo", groups=["x", "y", "x"])
    assert [record.group for record in records_of(event)] == ["x", "y", "x"]
    assert SOURCES["sqs"].scope(event, None)["order"] == "group"
    assert {record.group for record in records_of(sqs_event(["a", "b"], queue="orders.fifo"))} == {"group"}


@given(st.lists(st.one_of(st.binary(max_size=8), st.text(max_size=8), st.integers()), min_size=1, max_size=5))
def test_records_of_a_stream(data: list[Any]) -> None:
    records = records_of(kinesis_event(data, stream="clicks", partition_keys=[str(i) for i in range(len(data))]))
    for record, sent in zip(records, data, strict=True):
        assert record.body == (sent if isinstance(sent, bytes) else str(sent).encode())
    sequences = [record.sequence or 0 for record in records]
    assert sequences == sorted(set(sequences))
    assert [record.group for record in records] == [str(i) for i in range(len(data))]


ITEM = {
    "id": "a",
    "n": 1,
    "price": Decimal("9.50"),
    "raw": b"\xff",
    "on": True,
    "off": None,
    "tags": {"b", "a"},
    "sizes": {1, 2},
    "list": ["x", 2, {"deep": False}],
}


def test_changes_of_a_table_reach_a_typed_consumer() -> None:
    app, seen = App(), list[tuple[Any, Any, Any]]()

    @app.dynamodb("orders")
    async def audit(change: Change[dict[str, Any]]) -> None:
        seen.append((change.operation, change.old, change.new))

    old = {"id": "b", "n": 2}
    event = dynamodb_event([(None, ITEM), (old, old | {"n": 3}), (old, None)], table="orders")
    with LambdaClient(app) as client:
        assert client.invoke(event) == {"batchItemFailures": []}
    by_operation = {operation: (before, after) for operation, before, after in seen}
    assert by_operation["INSERT"] == (None, ITEM)
    assert by_operation["MODIFY"] == (old, old | {"n": 3})
    assert by_operation["REMOVE"] == (old, None)


@pytest.mark.parametrize(
    ("build", "error", "says"),
    [
        (lambda: sqs_event(["a"], ids=["1", "2"]), ValueError, "ids has 2 entries for 1 records"),
        (lambda: sqs_event(["a"], queue="q.fifo", groups=[]), ValueError, "groups has 0 entries for 1 records"),
        (lambda: kinesis_event(["a"], partition_keys=[]), ValueError, "partition_keys has 0 entries"),
        (lambda: dynamodb_event([(None, None)]), ValueError, "neither an old nor a new item"),
        (lambda: dynamodb_event([(None, {"n": 1})]), KeyError, "id"),
        (lambda: dynamodb_event([(None, {"id": 1.5})]), TypeError, r"no type for 1\.5"),
        (lambda: dynamodb_event([(None, {"id": 1, "s": set[str]()})]), TypeError, "at least one"),
        (lambda: dynamodb_event([(None, {"id": 1, "d": datetime(2026, 1, 1, tzinfo=UTC)})]), TypeError, "no type for"),
    ],
)
def test_mistakes(build: Any, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        build()


def test_the_context_counts_down() -> None:
    clock = FakeClock()
    context = LambdaContext(timeout=3.0, clock=clock)
    assert context.get_remaining_time_in_millis() == 3000
    clock.advance(2.5)
    assert context.get_remaining_time_in_millis() == 500
    clock.advance(1)
    assert context.get_remaining_time_in_millis() == 0
    assert context.aws_request_id != LambdaContext().aws_request_id
