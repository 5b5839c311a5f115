"""``lambdaframe work`` as users run it: killed, told to stop, told wrongly."""

import json
import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from docs.examples.local_aws import LocalAWS, LocalQueue
from tests.workers.processes import Folder, Process
from tests.workers.running import until_sync

MakeQueue: TypeAlias = Callable[..., LocalQueue]

QUICKLY = ("--wait", "1", "--retry", "0", "--visibility", "2")


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def orders(first: int, last: int) -> list[str]:
    return [json.dumps(n) for n in range(first, last)]


def test_a_worker_that_is_killed_loses_nothing(folder: Folder, make_queue: MakeQueue) -> None:
    queue = make_queue(receives=6)
    queue.send([*orders(0, 20), "poison"])
    with Process(folder, "--sqs", queue.url, *QUICKLY) as first:
        until_sync(lambda: folder.notes("fulfilled").total() >= 5, "the first orders")
        folder.hold()
        queue.send(orders(20, 40))
        until_sync(lambda: len(folder.notes("begun")) > len(folder.notes("fulfilled")), "an order in work")
        first.send(signal.SIGKILL)
        assert first.status() == -signal.SIGKILL
    assert len(folder.notes("fulfilled")) < 40
    folder.release()
    with Process(folder, "--sqs", queue.url, *QUICKLY) as second:
        until_sync(lambda: len(folder.notes("fulfilled")) == 40 and queue.is_empty(), "every order")
        second.send(signal.SIGTERM)
        assert second.status() == 0
    assert queue.dead_letters() == ["poison"]
    assert folder.notes("fulfilled").keys() == set(orders(0, 40))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_drains(number: signal.Signals, folder: Folder, make_queue: MakeQueue) -> None:
    queue = make_queue()
    queue.send(orders(0, 15))
    folder.hold()
    with Process(folder, "--sqs", queue.url, "--concurrency", "5", *QUICKLY) as process:
        until_sync(lambda: len(folder.notes("begun")) == 5, "five orders in work")
        process.send(number)
        until_sync(lambda: "Stopping" in process.log(), "the signal is heard")
        folder.release()
        assert process.status() == 0
    assert folder.notes("fulfilled") == folder.notes("begun") == Counter(folder.notes("begun").keys())
    assert folder.notes("fulfilled").total() == 5
    assert (queue.waiting(), queue.in_flight()) == (10, 0)
    assert folder.notes("down").total() == 1
    assert '"done":5,"failed":0,"cut_off":false' in process.log()


def test_what_is_not_done_in_the_grace_is_visible_again_and_the_status_says_so(
    folder: Folder, make_queue: MakeQueue
) -> None:
    queue = make_queue()
    queue.send(orders(0, 3))
    folder.hold()
    with Process(folder, "--sqs", queue.url, "--grace", "0.1", "--wait", "1", "--visibility", "600") as process:
        until_sync(lambda: len(folder.notes("begun")) == 3, "three orders in work")
        process.send(signal.SIGTERM)
        assert process.status() == 3
    assert not folder.notes("fulfilled")
    until_sync(lambda: queue.waiting() == 3, "the orders are visible")
    assert folder.notes("down").total() == 1


def test_a_thread_that_goes_on_does_not_keep_the_process(folder: Folder, aws: LocalAWS) -> None:
    queue = LocalQueue(aws, "blocking")
    queue.send(orders(0, 1))
    with Process(folder, "--sqs", queue.url, "--grace", "0.1", "--wait", "1") as process:
        until_sync(lambda: "0" in folder.notes("begun"), "an order in work")
        process.send(signal.SIGTERM)
        assert process.status() == 3
    until_sync(lambda: queue.waiting() == 1, "the order is visible")


def test_queues_and_streams_side_by_side(folder: Folder, aws: LocalAWS, make_queue: MakeQueue) -> None:
    queues = [make_queue(), make_queue()]
    kinesis = aws.client("kinesis")
    kinesis.create_stream(StreamName="clicks", ShardCount=1)
    kinesis.put_record(StreamName="clicks", PartitionKey="key", Data=b"1")
    for n, queue in enumerate(queues):
        queue.send([str(n)])
    where = [option for queue in queues for option in ("--sqs", queue.url)]
    more = ("--kinesis", "clicks", "--endpoint-url", aws.url, "--start", "trim_horizon", "--checkpoints", "kept.json")
    with Process(folder, *where, *more, *QUICKLY) as process:
        until_sync(lambda: folder.notes("fulfilled").keys() == {"0", "1"} and "1" in folder.notes("clicked"), "all")
        process.send(signal.SIGTERM)
        assert process.status() == 0
    (kept,) = json.loads((folder.path / "kept.json").read_text()).values()
    assert kept == {"shardId-000000000000": "1"}


@pytest.mark.parametrize(
    ("options", "status", "said"),
    [
        ([], 1, "There is nothing to work on"),
        (["--sqs", "orders"], 1, "--sqs takes the queue's URL"),
        (["--kinesis", "views"], 1, "No consumer for kinesis 'views'; registered are"),
        (["--sqs", "http://127.0.0.1:{port}/1/nowhere"], 1, "can't be read"),
        (
            ["--kinesis", "clicks", "--endpoint-url", "http://127.0.0.1:{port}", "--checkpoints", "main.py"],
            1,
            "main.py",
        ),
        (["--sqs", "http://127.0.0.1:1/1/q", "--retry", "soon"], 1, "--retry is 'backoff', 'leave' or seconds"),
        (["--sqs", "http://127.0.0.1:1/1/q", "--timeout", "0.5"], 1, "--timeout is at least 2 seconds"),
        (["--sqs", "http://127.0.0.1:1/1/q", "--concurrency", "0"], 2, "--concurrency"),
    ],
)
def test_what_can_not_be_started_is_a_sentence(
    options: list[str], status: int, said: str, folder: Folder, aws: LocalAWS
) -> None:
    if "clicks" in options:
        streams = aws.client("kinesis")
        if "clicks" not in streams.list_streams()["StreamNames"]:
            streams.create_stream(StreamName="clicks", ShardCount=1)
    port = aws.url.rpartition(":")[2]
    with Process(folder, *(option.format(port=port) for option in options)) as process:
        assert process.status() == status
        assert said in process.log()
        assert "Traceback" not in process.log()
