"""The queue's own rules: visibility, redrive, FIFO groups."""

from datetime import timedelta
from typing import Any

import pytest

from lambdaframe_adapters.testing.pollers import SQSPoller


class Failing:
    """Reports messages with these bodies. ``seen``: the bodies of each batch."""

    def __init__(self, *bodies: str) -> None:
        self.bodies = set(bodies)
        self.seen: list[list[str]] = []

    def __call__(self, event: Any, context: Any) -> Any:
        records = event["Records"]
        self.seen.append([record["body"] for record in records])
        failed = [record["messageId"] for record in records if record["body"] in self.bodies]
        return {"batchItemFailures": [{"itemIdentifier": name} for name in failed]}


def test_only_what_failed_comes_again_after_the_visibility_timeout() -> None:
    handler = Failing("b")
    poller = SQSPoller(handler, visibility_timeout=timedelta(minutes=2))
    for body in "abc":
        poller.send(body)
    begin = poller.clock.time()
    poller.run(calls=2)
    assert handler.seen == [["a", "b", "c"], ["b"]]
    assert [call.outcome for call in poller.log] == ["partial", "failure"]
    assert poller.log[1].at - begin == pytest.approx(120)
    attributes = poller.log[1].event["Records"][0]["attributes"]
    assert attributes["ApproximateReceiveCount"] == "2"


def test_nothing_is_delivered_while_it_is_hidden() -> None:
    poller = SQSPoller(Failing("a"))
    poller.send("a")
    assert poller.poll() is not None
    assert poller.poll() is None
    poller.clock.advance(180)
    assert poller.poll() is not None


def test_after_so_many_deliveries_a_message_goes_to_the_dead_letter_queue() -> None:
    handler = Failing("a")
    poller = SQSPoller(handler, max_receive_count=3)
    sent = poller.send("a")
    poller.run()
    assert len(handler.seen) == 3
    assert poller.dead == [sent]
    assert poller.waiting == []


def test_a_delay_and_the_batch_size() -> None:
    handler = Failing()
    poller = SQSPoller(handler, batch_size=2)
    poller.send("late", delay=60)
    for body in "abc":
        poller.send(body)
    poller.run()
    assert handler.seen == [["a", "b"], ["c"], ["late"]]


def test_a_message_is_kept_for_so_long() -> None:
    poller = SQSPoller(Failing("a"), retention=3600, visibility_timeout=900)
    sent = poller.send("a")
    poller.run()
    assert len(poller.log) == 5
    assert poller.expired == [sent]


def test_a_fifo_group_waits_for_its_message_in_flight_and_others_do_not() -> None:
    handler = Failing("a1")
    poller = SQSPoller(handler, "q.fifo", batch_size=1, max_receive_count=2)
    for body in ("a1", "a2", "b1", "b2"):
        poller.send(body, group=body[0])
    poller.run()
    assert handler.seen == [["a1"], ["b1"], ["b2"], ["a1"], ["a2"]]
    assert [sent.body for sent in poller.dead] == ["a1"]


def test_the_rest_of_a_group_comes_again_in_its_order() -> None:
    """The answer names the failed message and those behind it, as a function does that stops there."""
    handler = Failing("a2", "a3")
    poller = SQSPoller(handler, "q.fifo")
    for body in ("a1", "a2", "b1", "a3"):
        poller.send(body, group=body[0])
    poller.poll()
    poller.send("a4", group="a")
    handler.bodies.clear()
    poller.run()
    assert handler.seen == [["a1", "a2", "b1", "a3"], ["a2", "a3", "a4"]]
    assert poller.waiting == []


def test_two_deliveries_of_one_id_end_together() -> None:
    poller = SQSPoller(Failing("first"))
    first = poller.send("first", id="m")
    second = poller.send("second", id="m")
    poller.poll()
    assert poller.log[0].again == (first, second)


@pytest.mark.parametrize(
    ("queue", "options", "said"),
    [
        ("q", {"visibility_timeout": 29}, "visibility_timeout=29"),
        ("q.fifo", {"batch_size": 11}, "batch_size=11"),
        ("q", {"batch_size": 0}, "batch_size=0"),
        ("q", {"max_receive_count": 0}, "max_receive_count=0"),
    ],
)
def test_what_aws_refuses_is_refused(queue: str, options: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        SQSPoller(Failing(), queue, **options)


def test_a_fifo_message_needs_a_group() -> None:
    with pytest.raises(ValueError, match="needs a group"):
        SQSPoller(Failing(), "q.fifo").send("a")
