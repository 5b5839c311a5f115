"""The worker on a real Kinesis server: order, retries from the record that failed, checkpoints."""

import asyncio
import json
from collections import defaultdict
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from docs.examples.local_aws import LocalAWS
from lambdaframe import App, Record
from lambdaframe_adapters.workers.checkpoints import MemoryCheckpoints
from tests.workers.running import running_kinesis, until

_numbers = count(1)


class Stream:
    def __init__(self, aws: LocalAWS, shards: int) -> None:
        self.name = f"stream-{next(_numbers)}"
        self._kinesis = aws.client("kinesis")
        self._kinesis.create_stream(StreamName=self.name, ShardCount=shards)
        self.arn: str = self._kinesis.describe_stream_summary(StreamName=self.name)["StreamDescriptionSummary"][
            "StreamARN"
        ]

    def put(self, *records: tuple[str, Any]) -> None:
        """Pairs of partition key and JSON value."""
        for key, value in records:
            self._kinesis.put_record(StreamName=self.name, PartitionKey=key, Data=json.dumps(value).encode())


@pytest.fixture
def make_stream(aws: LocalAWS) -> Callable[..., Stream]:
    """``make_stream(shards=2)``: a stream of a new name."""

    def make(shards: int = 2) -> Stream:
        return Stream(aws, shards)

    return make


class ToldCheckpoints(MemoryCheckpoints):
    """``saved``: set with the first."""

    def __init__(self) -> None:
        super().__init__()
        self.saved = asyncio.Event()

    async def save(self, stream: str, shard: str, sequence: str) -> None:
        await super().save(stream, shard, sequence)
        self.saved.set()


def collector(stream: Stream) -> tuple[App, dict[str, list[Any]]]:
    app, seen = App(), defaultdict[str, list[Any]](list)

    @app.kinesis(stream.name)
    async def take(value: Any, record: Record) -> None:
        seen[record.group or ""].append(value)

    return app, seen


def amount(seen: dict[str, list[Any]]) -> int:
    return sum(map(len, list(seen.values())))


async def test_all_shards_are_read_in_the_order_of_each_key(aws: LocalAWS, make_stream: Callable[..., Stream]) -> None:
    stream = make_stream(shards=3)
    stream.put(*((key, n) for n in range(20) for key in "abcdef"))
    app, seen = collector(stream)
    async with running_kinesis(app, aws, stream.name, start="trim_horizon", batch_size=7) as worker:
        await until(lambda: amount(seen) == 120)
    assert seen == {key: list(range(20)) for key in "abcdef"}
    assert worker.done == 120


async def test_it_goes_on_from_the_record_that_failed(aws: LocalAWS, make_stream: Callable[..., Stream]) -> None:
    stream = make_stream(shards=1)
    stream.put(*(("key", n) for n in range(6)))
    app, done, attempts = App(), list[int](), 0

    @app.kinesis(stream.name)
    async def take(value: int) -> None:
        nonlocal attempts
        if value == 3:
            attempts += 1
            if attempts < 3:
                raise RuntimeError("not yet")
        done.append(value)

    async with running_kinesis(app, aws, stream.name, start="trim_horizon") as worker:
        await until(lambda: len(done) == 6)
    assert done == list(range(6))
    assert worker.failed == 2


async def test_latest_begins_with_what_is_written_from_now_on(
    aws: LocalAWS, make_stream: Callable[..., Stream]
) -> None:
    stream = make_stream(shards=1)
    stream.put(("key", "old"))
    app, seen = collector(stream)
    checkpoints = ToldCheckpoints()
    async with running_kinesis(app, aws, stream.name, checkpoints, start="latest"):
        await checkpoints.saved.wait()  # that is, when the shard has been begun
        await asyncio.to_thread(stream.put, ("key", "new"))
        await until(lambda: amount(seen) == 1)
    assert seen == {"key": ["new"]}


async def test_a_second_worker_goes_on_where_the_first_has_ended(
    aws: LocalAWS, make_stream: Callable[..., Stream]
) -> None:
    stream = make_stream(shards=2)
    checkpoints = MemoryCheckpoints()
    app, seen = collector(stream)
    stream.put(*((key, 1) for key in "abcd"))
    async with running_kinesis(app, aws, stream.name, checkpoints, start="trim_horizon"):
        await until(lambda: amount(seen) == 4)
    stream.put(*((key, 2) for key in "abcd"))
    async with running_kinesis(app, aws, stream.name, checkpoints, start="latest"):
        await until(lambda: amount(seen) == 8)
    assert seen == {key: [1, 2] for key in "abcd"}


async def test_at_the_end_the_checkpoint_is_behind_what_is_done(
    aws: LocalAWS, make_stream: Callable[..., Stream]
) -> None:
    stream = make_stream(shards=1)
    stream.put(*(("key", n) for n in range(5)))
    app, seen, end = App(), list[int](), asyncio.Event()

    @app.kinesis(stream.name, concurrency=1)
    async def take(value: int) -> None:
        seen.append(value)
        if value == 2:
            await end.wait()

    checkpoints = MemoryCheckpoints()
    async with running_kinesis(app, aws, stream.name, checkpoints, start="trim_horizon"):
        await until(lambda: len(seen) == 3)
        asyncio.get_running_loop().call_later(0.01, end.set)  # when the way out has been asked for
    assert seen == [0, 1, 2]
    app, again = collector(stream)
    async with running_kinesis(app, aws, stream.name, checkpoints):
        await until(lambda: amount(again) == 2)
    assert again == {"key": [3, 4]}
