"""The rules of streams and topics: checkpoints, retries in place, bisection, ages, destinations."""

from itertools import pairwise
from typing import Any

import pytest

from lambdaframe_adapters.testing.pollers import DynamoDBPoller, KafkaPoller, KinesisPoller


class Failing:
    """Reports from the first record on whose sequence number is one of these. ``seen``: the numbers of each batch."""

    def __init__(self, *numbers: int, raises: bool = False) -> None:
        self.numbers = set(numbers)
        self.raises = raises
        self.seen: list[list[int]] = []

    def __call__(self, event: Any, context: Any) -> Any:
        numbers = [
            int(record["kinesis"]["sequenceNumber"] if "kinesis" in record else record["dynamodb"]["SequenceNumber"])
            for record in event["Records"]
        ]
        self.seen.append(numbers)
        failed = sorted(self.numbers.intersection(numbers), reverse=True)
        if failed and self.raises:
            raise ValueError(failed)
        return {"batchItemFailures": [{"itemIdentifier": str(number)} for number in failed]}


def stream(handler: Any, records: int, **options: Any) -> KinesisPoller:
    poller = KinesisPoller(handler, first_sequence_number=8, **options)
    for number in range(records):
        poller.send({"number": number})
    return poller


def test_delivery_goes_on_from_the_lowest_number_and_nothing_overtakes() -> None:
    """Numbers are compared as integers: 9 comes before 10. What is reported behind the lowest does not matter."""
    handler = Failing(9, 11)
    poller = stream(handler, 6, batch_size=5)
    poller.run(calls=2)
    handler.numbers.clear()
    poller.run()
    assert handler.seen == [[8, 9, 10, 11, 12], [9, 10, 11, 12], [9, 10, 11, 12], [13]]
    assert [int(sent.id) for sent in poller.delivered] == [8, 9, 10, 11, 12, 13]


def test_retries_back_off() -> None:
    handler = Failing(8)
    poller = stream(handler, 1)
    poller.run(calls=5)
    times = [call.at for call in poller.log]
    waits = [round(late - early, 3) for early, late in pairwise(times)]
    assert waits == [1, 2, 4, 8]


def test_after_the_retries_a_batch_is_given_up_and_the_stream_goes_on() -> None:
    handler = Failing(9)
    poller = stream(handler, 4, batch_size=3, maximum_retry_attempts=2)
    poller.run()
    assert handler.seen == [[8, 9, 10], [9, 10], [9, 10], [11]]
    assert [sent.id for sent in poller.dead] == ["9", "10"]
    (told,) = poller.on_failure
    assert told["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert told["requestContext"]["approximateInvokeCount"] == 3
    info = told["KinesisBatchInfo"]
    assert (info["startSequenceNumber"], info["endSequenceNumber"], info["batchSize"]) == ("9", "10", 2)
    assert info["streamArn"] == "arn:aws:kinesis:us-east-1:123456789012:stream/stream"


def test_bisection_finds_the_bad_record_and_does_not_count_as_a_retry() -> None:
    handler = Failing(10, raises=True)
    poller = stream(handler, 4, bisect_batch_on_function_error=True, maximum_retry_attempts=1)
    poller.run()
    assert handler.seen == [[8, 9, 10, 11], [8, 9], [10, 11], [10], [10], [11]]
    assert [sent.id for sent in poller.dead] == ["10"]


def test_with_a_report_the_batch_is_split_at_the_checkpoint() -> None:
    handler = Failing(10)
    poller = stream(handler, 4, bisect_batch_on_function_error=True, maximum_retry_attempts=0)
    poller.run()
    assert handler.seen == [[8, 9, 10, 11], [10, 11]]
    assert [sent.id for sent in poller.dead] == ["10", "11"]


def test_what_is_too_old_is_not_delivered() -> None:
    handler = Failing(8)
    poller = stream(handler, 1, maximum_record_age=60)
    poller.run()
    assert len(handler.seen) == 6
    assert [sent.id for sent in poller.dead] == ["8"]
    assert poller.on_failure[0]["requestContext"]["condition"] == "RecordAgeExceeded"
    assert poller.log[-1].at - poller.log[0].at < 60


def test_without_a_limit_a_record_is_retried_until_the_stream_forgets_it() -> None:
    poller = stream(Failing(8), 1, retention=600)
    poller.run()
    assert [sent.id for sent in poller.expired] == ["8"]


def test_shards_do_not_wait_for_each_other() -> None:
    handler = Failing(8)
    poller = KinesisPoller(handler, shards=2, first_sequence_number=8, maximum_retry_attempts=3)
    keys = ["a", "d", "a", "d"]
    for key in keys:
        poller.send(key, partition_key=key)
    poller.run()
    assert handler.seen[:2] == [[8, 10], [9, 11]]
    assert sorted(sent.id for sent in poller.delivered) == ["11", "9"]


def test_changes_of_a_table() -> None:
    handler = Failing(9)
    poller = DynamoDBPoller(handler, "orders", keys=("pk",), first_sequence_number=8, maximum_retry_attempts=0)
    poller.send({"pk": "1", "n": 1})
    poller.send({"pk": "1", "n": 2}, old={"pk": "1", "n": 1})
    poller.send(old={"pk": "1", "n": 2})
    poller.run()
    events = [record["eventName"] for record in poller.log[0].event["Records"]]
    assert events == ["INSERT", "MODIFY", "REMOVE"]
    assert {sent.group for sent in poller.dead} == {'{"pk": {"S": "1"}}'}
    assert poller.on_failure[0]["DDBStreamBatchInfo"]["batchSize"] == 2


# Kafka


class Topic:
    """Reports these offsets of partitions."""

    def __init__(self, *failures: tuple[str, int]) -> None:
        self.failures = list(failures)
        self.seen: list[dict[str, list[int]]] = []

    def __call__(self, event: Any, context: Any) -> Any:
        batch = {name: [record["offset"] for record in part] for name, part in event["records"].items()}
        self.seen.append(batch)
        named = [(name, offset) for name, offset in self.failures if offset in batch.get(name, ())]
        items = [{"itemIdentifier": {"partition": name, "offset": offset}} for name, offset in named]
        return {"batchItemFailures": items}


def test_each_partition_goes_on_from_its_own_offset() -> None:
    handler = Topic(("t-0", 2), ("t-0", 1), ("t-1", 1))
    poller = KafkaPoller(handler, "t", partitions=3)
    for place in (0, 1, 2, 0, 1, 0, 2):
        poller.send({}, partition=place)
    poller.run(calls=1)
    handler.failures.clear()
    poller.run()
    assert handler.seen == [{"t-0": [0, 1, 2], "t-1": [0, 1], "t-2": [0, 1]}, {"t-0": [1, 2], "t-1": [1]}]
    assert poller.waiting == []


def test_a_key_keeps_its_partition_and_records_look_like_kafkas() -> None:
    handler = Topic()
    poller = KafkaPoller(handler, "t", partitions=4, self_managed=True)
    sent = [poller.send(value, key="k", headers=[("h", b"v")]) for value in ("text", None, {"a": 1})]
    poller.run()
    assert len({one.group for one in sent}) == 1
    event = poller.log[0].event
    assert event["eventSource"] == "SelfManagedKafka"
    assert "eventSourceArn" not in event
    (records,) = event["records"].values()
    assert [record.get("value") for record in records] == ["dGV4dA==", None, "eyJhIjogMX0="]
    assert records[0]["key"] == "aw=="
    assert records[0]["headers"] == [{"h": [118]}]


def test_a_batch_that_is_given_up_names_its_offsets() -> None:
    handler = Topic(("t-0", 1))
    poller = KafkaPoller(handler, "t", maximum_retry_attempts=1)
    for _ in range(3):
        poller.send("x")
    poller.run()
    assert [sent.id for sent in poller.dead] == [("t-0", 1), ("t-0", 2)]
    (told,) = poller.on_failure
    info = told["KafkaBatchInfo"]["recordsInfo"]["t-0"]
    assert (info["firstRecordOffset"], info["lastRecordOffset"]) == (1, 2)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"batch_size": 0}, "batch_size=0"),
        ({"maximum_retry_attempts": -1}, "maximum_retry_attempts=-1"),
        ({"maximum_record_age": 59}, "maximum_record_age=59"),
    ],
)
def test_what_aws_refuses_is_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        KinesisPoller(Failing(), **options)
