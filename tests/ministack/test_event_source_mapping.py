"""End to end: a queue, an event source mapping and the built function, all on ministack."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.ministack.package import package
from tests.ministack.server import REGION, Ministack, unsupported

if reason := unsupported():
    pytest.skip(reason, allow_module_level=True)

TIMEOUT = 40.0
"""Seconds until all must have happened that is waited for."""

HIDDEN = 5
"""The queue's visibility timeout, and the function's timeout: the shortest that AWS would take for both."""


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ministack]:
    with Ministack(tmp_path_factory.mktemp("ministack")) as running:
        yield running


def deploy(cloud: Ministack, seen: Path) -> tuple[str, str]:
    """The queue with the function behind it. The URLs of the queue and of its dead-letter queue."""
    sqs, functions = cloud.client("sqs"), cloud.client("lambda")
    dead = sqs.create_queue(QueueName="orders-dead")["QueueUrl"]
    redrive = {"deadLetterTargetArn": f"arn:aws:sqs:{REGION}:000000000000:orders-dead", "maxReceiveCount": "2"}
    queue = sqs.create_queue(
        QueueName="orders", Attributes={"VisibilityTimeout": str(HIDDEN), "RedrivePolicy": json.dumps(redrive)}
    )["QueueUrl"]
    functions.create_function(
        FunctionName="orders",
        Runtime="python3.12",
        Handler="main.handler",
        Role="arn:aws:iam::000000000000:role/orders",
        Timeout=HIDDEN,
        Environment={"Variables": {"SEEN": str(seen)}},
        Code={"ZipFile": package(Path(__file__).with_name("function.py"))},
    )
    return queue, dead


def attach(cloud: Ministack) -> None:
    cloud.client("lambda").create_event_source_mapping(
        FunctionName="orders",
        EventSourceArn=f"arn:aws:sqs:{REGION}:000000000000:orders",
        BatchSize=10,
        FunctionResponseTypes=["ReportBatchItemFailures"],
    )


def wait_for(what: Callable[[], Any]) -> Any:
    limit = time.monotonic() + TIMEOUT
    while time.monotonic() < limit:
        if found := what():
            return found
        time.sleep(0.1)  # it polls by itself: there is nothing to wait on
    raise AssertionError("it did not happen in time")


def test_only_the_failed_record_comes_back(cloud: Ministack, tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    queue, dead = deploy(cloud, seen)
    sqs = cloud.client("sqs")
    bodies = [{"id": number, "broken": number == 3} for number in range(5)]
    entries = [{"Id": str(number), "MessageBody": json.dumps(body)} for number, body in enumerate(bodies)]
    sqs.send_message_batch(QueueUrl=queue, Entries=[*entries, {"Id": "poison", "MessageBody": "no JSON"}])
    attach(cloud)

    def dead_letters() -> list[str]:
        found = sqs.receive_message(QueueUrl=dead, MaxNumberOfMessages=10, VisibilityTimeout=0).get("Messages", [])
        return [message["Body"] for message in found] if len(found) == 2 else []

    letters = wait_for(dead_letters)

    lines = [line.split() for line in seen.read_text().splitlines()]
    taken = sorted((int(number), int(attempt)) for number, attempt, _ in lines)
    assert taken == [(0, 1), (1, 1), (2, 1), (3, 1), (3, 2), (4, 1)]
    assert sorted(letters) == sorted([json.dumps(bodies[3]), "no JSON"])
    counts = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    left = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=counts)["Attributes"]
    assert [left[count] for count in counts] == ["0", "0"]
    (folder,) = {folder for _, _, folder in lines}
    assert not Path(folder).is_relative_to(Path(__file__).parents[2]), "it did not run what was built"
