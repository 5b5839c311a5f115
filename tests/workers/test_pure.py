"""The parts of the workers that do no I/O."""

import asyncio
import os
from base64 import b64decode
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdaframe_adapters import detect, kinesis, sqs
from lambdaframe_adapters.workers.aws import WorkerError, place_of_queue
from lambdaframe_adapters.workers.backoff import backoff
from lambdaframe_adapters.workers.checkpoints import Checkpoints, FileCheckpoints, MemoryCheckpoints
from lambdaframe_adapters.workers.hand import Batch, Hand
from lambdaframe_adapters.workers.messages import kinesis_event, sqs_event
from lambdaframe_adapters.workers.shards import Shard, readable, shard
from tests.workers.fake_sqs import ARN, sent


def test_a_message_becomes_the_record_that_lambda_makes_of_it(event: Any) -> None:
    """The other way round: the message that must have been behind the captured event."""
    captured = event("sqs/standard")
    (arn,) = {record["eventSourceARN"] for record in captured["Records"]}
    made = sqs_event([as_received(record) for record in captured["Records"]], arn)
    assert detect(made) is sqs
    keys = {
        "messageId",
        "receiptHandle",
        "body",
        "attributes",
        "md5OfBody",
        "eventSource",
        "eventSourceARN",
        "awsRegion",
    }
    for ours, theirs in zip(made["Records"], captured["Records"], strict=True):
        assert {key: ours[key] for key in keys} == {key: theirs[key] for key in keys}
    assert [record.attributes for record in sqs.records(made)] == [
        record.attributes for record in sqs.records(captured)
    ]


def as_received(record: dict[str, Any]) -> dict[str, Any]:
    attributes: dict[str, Any] = {}
    for name, value in record["messageAttributes"].items():
        attributes[name] = {"DataType": value["dataType"]}
        if "stringValue" in value:
            attributes[name]["StringValue"] = value["stringValue"]
        if "binaryValue" in value:
            attributes[name]["BinaryValue"] = b64decode(value["binaryValue"])
    return {
        "MessageId": record["messageId"],
        "ReceiptHandle": record["receiptHandle"],
        "Body": record["body"],
        "Attributes": record["attributes"],
        "MessageAttributes": attributes,
        "MD5OfBody": record["md5OfBody"],
    }


def test_attributes_of_a_message_are_read_by_their_types() -> None:
    message = {
        **sent("m-1", group="g"),
        "MessageAttributes": {
            "text": {"StringValue": "a", "DataType": "String"},
            "number": {"StringValue": "1.5", "DataType": "Number"},
            "bytes": {"BinaryValue": b"\xff\x00", "DataType": "Binary"},
        },
        "MD5OfMessageAttributes": "0" * 32,
    }
    made = sqs_event([message], f"{ARN}.fifo")
    (record,) = sqs.records(made)
    assert {name: str(value) for name, value in record.attributes.items()} == {
        "text": "a",
        "number": "1.5",
        "bytes": r"b'\xff\x00'",
    }
    assert (record.group, record.receive_count) == ("g", 1)
    assert made["Records"][0]["md5OfMessageAttributes"] == "0" * 32


def test_a_kinesis_record_becomes_the_one_that_lambda_makes_of_it() -> None:
    arrived = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)
    arn = "arn:aws:kinesis:eu-central-1:123456789012:stream/clicks"
    given = {"SequenceNumber": "49", "ApproximateArrivalTimestamp": arrived, "Data": b"\xff{}", "PartitionKey": "p"}
    made = kinesis_event([given], arn=arn, shard="shardId-000000000001")
    assert detect(made) is kinesis
    assert kinesis.scope(made, None)["name"] == "clicks"
    assert made["Records"][0]["eventID"] == "shardId-000000000001:49"
    (record,) = kinesis.records(made)
    assert (record.id, record.group, record.body, record.timestamp, record.sequence) == (
        "49",
        "p",
        b"\xff{}",
        arrived,
        49,
    )


@given(attempt=st.integers(-3, 10_000), chance=st.floats(0, 1))
def test_a_pause_is_between_half_of_it_and_all_of_it_and_never_too_long(attempt: int, chance: float) -> None:
    pause = backoff(attempt, first=0.5, longest=30, chance=lambda: chance)
    whole = backoff(attempt, first=0.5, longest=30, chance=lambda: 1)
    assert whole / 2 <= pause <= whole <= 30
    assert whole == 30 or whole == 0.5 * 2 ** (max(attempt, 1) - 1)


@pytest.mark.parametrize(
    ("url", "endpoint", "region"),
    [
        ("https://sqs.eu-central-1.amazonaws.com/123456789012/orders", None, "eu-central-1"),
        ("https://sqs.cn-north-1.amazonaws.com.cn/123456789012/orders", None, "cn-north-1"),
        ("https://eu-west-1.queue.amazonaws.com/123456789012/orders", None, "eu-west-1"),
        ("http://127.0.0.1:5000/123456789012/orders", "http://127.0.0.1:5000", None),
        ("http://[::1]:5000/123456789012/orders", "http://[::1]:5000", None),
        (
            "https://sqs.eu-central-1.amazonaws.com.example/1/orders",
            "https://sqs.eu-central-1.amazonaws.com.example",
            None,
        ),
    ],
)
def test_what_a_queues_url_tells(url: str, endpoint: str | None, region: str | None) -> None:
    assert place_of_queue(url) == (endpoint, region)


class TestShards:
    SPLIT = (Shard("0", closed=True), Shard("1"), Shard("2", ("0",)), Shard("3", ("0",)))
    MERGED = (Shard("0", closed=True), Shard("1", closed=True), Shard("2", ("0", "1")))

    @pytest.mark.parametrize(
        ("shards", "finished", "expected"),
        [
            (SPLIT, [], ["0", "1"]),
            (SPLIT, ["0"], ["1", "2", "3"]),
            (MERGED, ["0"], ["1"]),
            (MERGED, ["0", "1"], ["2"]),
            (SPLIT[1:], [], ["1", "2", "3"]),  # the parent is gone: its records have expired
            ((), ["0"], []),
        ],
    )
    def test_children_are_read_after_their_parents(
        self, shards: tuple[Shard, ...], finished: list[str], expected: list[str]
    ) -> None:
        assert [each.id for each in readable(shards, finished)] == expected

    def test_a_shard_is_closed_when_it_has_an_end(self) -> None:
        opened = {"ShardId": "s", "SequenceNumberRange": {"StartingSequenceNumber": "1"}}
        assert shard(opened) == Shard("s")
        numbers = {"StartingSequenceNumber": "1", "EndingSequenceNumber": "2"}
        merged = {**opened, "ParentShardId": "a", "AdjacentParentShardId": "b", "SequenceNumberRange": numbers}
        assert shard(merged) == Shard("s", ("a", "b"), closed=True)


class TestHand:
    async def test_a_standard_queue_makes_one_batch_of_a_receive(self) -> None:
        hand = Hand(ARN)
        (batch,), back = hand.take([sent("a", group="x"), sent("b", group="y")])
        assert ids(batch) == ["a", "b"]
        assert (back, len(hand)) == ([], 2)

    async def test_a_fifo_queue_makes_a_batch_of_each_group(self) -> None:
        hand = Hand(f"{ARN}.fifo")
        batches, back = hand.take([sent("1", group="x"), sent("2", group="y"), sent("3", group="x")])
        assert [ids(batch) for batch in batches] == [["1", "3"], ["2"]]
        assert back == []

    async def test_a_batch_is_settled_with_its_last_message(self) -> None:
        hand = Hand(ARN)
        (batch,), _ = hand.take([sent("a"), sent("b")])
        first, second = batch.open.values()
        hand.drop(first)
        hand.drop(first)
        assert not batch.settled.is_set()
        hand.drop(second)
        assert batch.settled.is_set()
        assert len(hand) == 0

    async def test_what_was_given_back_and_has_come_again_is_another_message(self) -> None:
        hand = Hand(ARN)
        (old,), _ = hand.take([sent("a")])
        (message,) = old.open.values()
        hand.drop(message)
        (new,), _ = hand.take([sent("a", count=2)])
        hand.drop(message)
        assert ids(new) == ["a"]
        assert len(hand) == 1

    async def test_a_message_that_stands_twice_in_a_receive_is_one(self) -> None:
        hand = Hand(ARN)
        (batch,), _ = hand.take([sent("a"), sent("a", count=2)])
        assert [message.receipt for message in batch.open.values()] == ["a-2"]
        assert len(list(batch.records)) == 1


def ids(batch: Batch) -> list[str]:
    return list(batch.open)


class TestCheckpoints:
    @pytest.mark.parametrize("kind", ["memory", "file"])
    async def test_each_shard_of_each_stream_has_its_own(self, kind: str, tmp_path: Path) -> None:
        kept: Checkpoints = MemoryCheckpoints() if kind == "memory" else FileCheckpoints(tmp_path / "kept.json")
        assert await kept.load("a") == {}
        await asyncio.gather(kept.save("a", "0", "17"), kept.save("a", "1", "18"), kept.save("b", "0", "19"))
        await kept.save("a", "0", "20")
        assert await kept.load("a") == {"0": "20", "1": "18"}
        assert await kept.load("b") == {"0": "19"}

    async def test_a_file_outlives_the_process_and_leaves_nothing_beside_it(self, tmp_path: Path) -> None:
        path = tmp_path / "kept.json"
        await FileCheckpoints(path).save("a", "0", "17")
        assert await FileCheckpoints(path).load("a") == {"0": "17"}
        assert os.listdir(tmp_path) == [path.name]

    @pytest.mark.parametrize("text", ["checkpoints", "[]", '{"a": "17"}'])
    async def test_a_file_that_is_none_is_an_error_and_stays_as_it_is(self, text: str, tmp_path: Path) -> None:
        path = tmp_path / "kept.json"
        path.write_text(text)
        with pytest.raises(WorkerError, match="holds something else than checkpoints"):
            await FileCheckpoints(path).load("a")
        with pytest.raises(WorkerError):
            await FileCheckpoints(path).save("a", "0", "17")
        assert path.read_text() == text
