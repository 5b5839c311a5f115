"""The worker on a real SQS server: what is acknowledged, what comes back, what ends in the dead-letter queue."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from typing import Any, TypeAlias

import pytest

from docs.examples.local_aws import LocalAWS, LocalQueue
from lambdaframe import App, Record, current_invocation
from tests.workers.running import running_sqs, until

MakeQueue: TypeAlias = Callable[..., LocalQueue]


def numbers(count: int) -> list[str]:
    return [json.dumps({"n": n}) for n in range(count)]


async def test_messages_are_done_and_deleted_and_a_poison_one_ends_in_the_dead_letter_queue(
    aws: LocalAWS, make_queue: MakeQueue
) -> None:
    queue = make_queue(receives=3)
    queue.send([*numbers(20), "no JSON", *numbers(5)])
    app, seen = App(), Counter[int]()

    @app.sqs(queue.name)
    async def take(body: dict[str, int]) -> None:
        seen[body["n"]] += 1

    async with running_sqs(app, aws, queue) as (worker, _):
        await until(queue.is_empty)
    assert seen == Counter([*range(20), *range(5)])
    assert queue.dead_letters() == ["no JSON"]
    assert (worker.done, worker.failed) == (25, 3)


async def test_a_message_that_failed_comes_again_and_counts_its_receives(aws: LocalAWS, make_queue: MakeQueue) -> None:
    queue = make_queue(receives=5)
    queue.send(["{}"])
    app, attempts = App(), list[int]()

    @app.sqs(queue.name)
    async def take(record: Record) -> None:
        attempts.append(record.receive_count)
        if len(attempts) < 3:
            raise RuntimeError("not yet")

    async with running_sqs(app, aws, queue):
        await until(queue.is_empty)
    assert attempts == [1, 2, 3]
    assert queue.dead_letters() == []


async def test_a_record_is_as_in_lambda(aws: LocalAWS, make_queue: MakeQueue) -> None:
    queue = make_queue()
    attributes = {
        "price": {"DataType": "Number", "StringValue": "12"},
        "seal": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
    }
    queue.send(["hello"], MessageAttributes=attributes)
    app, seen = App(), list[Any]()

    @app.sqs(queue.name)
    async def take(body: str, record: Record) -> None:
        invocation = current_invocation()
        seen.append((body, dict(record.attributes), record.timestamp, invocation, record.raw))

    async with running_sqs(app, aws, queue):
        await until(queue.is_empty)
    ((body, attributes_seen, timestamp, invocation, raw),) = seen
    assert (body, attributes_seen) == ("hello", {"price": 12, "seal": b"\x00\xff"})
    assert timestamp is not None
    assert (invocation.source, invocation.cold_start, invocation.deadline) == ("sqs", True, None)
    assert invocation.raw_event["Records"][0] == raw
    assert raw["eventSourceARN"].endswith(f":{queue.name}")


async def test_what_takes_longer_than_the_visibility_time_is_done_once(aws: LocalAWS, make_queue: MakeQueue) -> None:
    queue = make_queue(visibility=1)
    queue.send(["slow"])
    queue.send(["three seconds later"], DelaySeconds=3)
    app, starts, later = App(), list[tuple[str, int]](), asyncio.Event()

    @app.sqs(queue.name)
    async def take(body: str, record: Record) -> None:
        starts.append((body, record.receive_count))
        if body == "slow":
            await later.wait()
        later.set()

    async with running_sqs(app, aws, queue):
        await until(queue.is_empty)
    assert starts == [("slow", 1), ("three seconds later", 1)]


async def test_a_batch_that_takes_longer_than_its_timeout_is_cancelled_and_comes_again(
    aws: LocalAWS, make_queue: MakeQueue
) -> None:
    queue = make_queue(receives=9)
    queue.send(["{}"])
    app, starts = App(), list[float]()

    @app.sqs(queue.name)
    async def take() -> None:
        starts.append(current_invocation().remaining())
        if len(starts) == 1:
            await asyncio.Event().wait()

    async with running_sqs(app, aws, queue, timeout=2):
        await until(queue.is_empty)
    assert len(starts) == 2
    assert 1 < starts[0] <= 2


async def test_at_the_end_what_is_in_work_is_finished_and_nothing_more_is_started(
    aws: LocalAWS, make_queue: MakeQueue
) -> None:
    queue = make_queue()
    queue.send(numbers(12))
    app, started, go = App(), list[int](), asyncio.Event()

    @app.sqs(queue.name)
    async def take(body: dict[str, int]) -> None:
        started.append(body["n"])
        await go.wait()

    async with running_sqs(app, aws, queue, concurrency=4) as (worker, shutdown):
        await until(lambda: len(started) == 4)
        shutdown.ask()
        go.set()
    assert (worker.done, len(started)) == (4, 4)
    assert queue.waiting() == 8
    assert queue.in_flight() == 0


async def test_what_is_not_finished_in_time_is_cut_off_and_visible_at_once(
    aws: LocalAWS, make_queue: MakeQueue
) -> None:
    queue = make_queue(visibility=600)
    queue.send(numbers(3))
    app, cleaned = App(), list[int]()
    started = asyncio.Semaphore(0)

    @app.sqs(queue.name)
    async def take(body: dict[str, int]) -> None:
        started.release()
        try:
            await asyncio.Event().wait()
        finally:
            cleaned.append(body["n"])

    async with running_sqs(app, aws, queue, grace=0.05) as (worker, _):
        for _ in range(3):
            await started.acquire()
    assert sorted(cleaned) == [0, 1, 2]
    assert worker.done == 0
    await until(lambda: queue.waiting() == 3)


async def test_a_batch_without_a_consumer_is_a_failure_that_loses_nothing(
    aws: LocalAWS, make_queue: MakeQueue, capsys: pytest.CaptureFixture[str]
) -> None:
    queue = make_queue(receives=2)
    queue.send(["{}"])
    async with running_sqs(App(), aws, queue):
        await until(queue.is_empty)
    assert queue.dead_letters() == ["{}"]
    assert "NoConsumerError" in capsys.readouterr().out


class TestFIFO:
    async def test_groups_are_in_order_side_by_side(self, aws: LocalAWS, make_queue: MakeQueue) -> None:
        queue = make_queue(fifo=True)
        for n in range(15):
            for group in "abc":
                queue.send([json.dumps([group, n])], MessageGroupId=group)
        app, seen = App(), {group: list[int]() for group in "abc"}
        working, together = Counter[str](), set[frozenset[str]]()

        @app.sqs(queue.name)
        async def take(body: list[Any]) -> None:
            group, n = body
            working[group] += 1
            together.add(frozenset(+working))
            assert working[group] == 1
            await asyncio.sleep(0)
            working[group] -= 1
            seen[group].append(n)

        async with running_sqs(app, aws, queue, concurrency=20):
            await until(queue.is_empty)
        assert seen == {group: list(range(15)) for group in "abc"}
        assert max(map(len, together)) > 1

    async def test_nothing_overtakes_a_message_that_failed(self, aws: LocalAWS, make_queue: MakeQueue) -> None:
        queue = make_queue(fifo=True, receives=9)
        for n in range(6):
            queue.send([json.dumps(["a", n])], MessageGroupId="a")
            queue.send([json.dumps(["b", n])], MessageGroupId="b")
        app, seen, attempts = App(), {"a": list[int](), "b": list[int]()}, Counter[int]()

        @app.sqs(queue.name)
        async def take(body: list[Any]) -> None:
            group, n = body
            if group == "a":
                attempts[n] += 1
                if n == 2 and attempts[n] < 4:
                    raise RuntimeError("not yet")
            seen[group].append(n)

        async with running_sqs(app, aws, queue, concurrency=20):
            await until(queue.is_empty)
        assert seen == {"a": list(range(6)), "b": list(range(6))}
        assert attempts[2] == 4

    async def test_a_poison_message_does_not_take_its_group_along_to_the_dead_letter_queue(
        self, aws: LocalAWS, make_queue: MakeQueue
    ) -> None:
        queue = make_queue(fifo=True, receives=3)
        queue.send(["0", "no JSON", "1", "2", "3"], MessageGroupId="a")
        app, seen = App(), list[int]()

        @app.sqs(queue.name)
        async def take(body: int) -> None:
            seen.append(body)

        async with running_sqs(app, aws, queue):
            await until(queue.is_empty)
        assert seen == [0, 1, 2, 3]
        assert queue.dead_letters() == ["no JSON"]
