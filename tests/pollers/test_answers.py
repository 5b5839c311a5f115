"""What Lambda makes of an answer: AWS's lists of whole successes and whole failures, at every poller."""

from collections.abc import Callable
from typing import Any

import pytest

from lambdaframe.testing import FakeClock
from lambdaframe_adapters.testing.pollers import DynamoDBPoller, Handler, KafkaPoller, KinesisPoller, Poller, SQSPoller

MISSPELT = {"batchItemFailure": [{"itemIdentifier": "whatever"}]}

WHOLE_SUCCESS: dict[str, Any] = {
    "empty list": {"batchItemFailures": []},
    "null list": {"batchItemFailures": None},
    "empty response": {},
    "null response": None,
    "empty text": "",
    "wrong top-level key": MISSPELT,
    "an HTTP answer": {"statusCode": 500},
}
WHOLE_FAILURE: dict[str, Any] = {
    "empty identifier": {"batchItemFailures": [{"itemIdentifier": ""}]},
    "null identifier": {"batchItemFailures": [{"itemIdentifier": None}]},
    "wrong key name": {"batchItemFailures": [{"itemId": "1"}]},
    "item is no object": {"batchItemFailures": ["1"]},
    "unknown identifier": {"batchItemFailures": [{"itemIdentifier": "unheard-of"}]},
    "identifier of another kind": {"batchItemFailures": [{"itemIdentifier": {"a": [1]}}]},
    "list is no list": {"batchItemFailures": {"itemIdentifier": "1"}},
    "no object": ["1"],
    "text": "done",
}


def sqs(handler: Handler) -> Poller:
    poller = SQSPoller(handler)
    for number in range(3):
        poller.send({"number": number})
    return poller


def kinesis(handler: Handler) -> Poller:
    poller = KinesisPoller(handler)
    for number in range(3):
        poller.send({"number": number})
    return poller


def dynamodb(handler: Handler) -> Poller:
    poller = DynamoDBPoller(handler)
    for number in range(3):
        poller.send({"id": "a", "number": number})
    return poller


def kafka(handler: Handler) -> Poller:
    poller = KafkaPoller(handler)
    for number in range(3):
        poller.send({"number": number})
    return poller


pollers = pytest.mark.parametrize("make", [sqs, kinesis, dynamodb, kafka])
Make = Callable[[Handler], Poller]


def answering(answer: Any) -> Handler:
    return lambda event, context: answer


@pollers
@pytest.mark.parametrize("answer", WHOLE_SUCCESS.values(), ids=WHOLE_SUCCESS)
def test_whole_success(make: Make, answer: Any) -> None:
    poller = make(answering(answer))
    call = poller.poll()
    assert call is not None
    assert (call.outcome, call.error) == ("success", None)
    assert [sent.receive_count for sent in poller.delivered] == [1, 1, 1]
    assert poller.waiting == []


@pollers
@pytest.mark.parametrize("answer", WHOLE_FAILURE.values(), ids=WHOLE_FAILURE)
def test_whole_failure(make: Make, answer: Any) -> None:
    poller = make(answering(answer))
    call = poller.poll()
    assert call is not None
    assert call.outcome == "failure"
    assert len(poller.waiting) == 3
    assert poller.delivered == []


@pollers
def test_an_error_and_an_answer_that_is_no_json_fail_the_batch(make: Make) -> None:
    def broken(event: Any, context: Any) -> Any:
        raise ValueError("no")

    poller = make(broken)
    assert (call := poller.poll()) is not None
    assert (call.outcome, call.error) == ("failure", "ValueError: no")
    poller = make(answering({1, 2}))
    assert (call := poller.poll()) is not None
    assert call.outcome == "failure"
    assert call.error is not None
    assert "set is not JSON serializable" in call.error


@pollers
def test_a_function_that_takes_too_long_was_killed(make: Make) -> None:
    clock = FakeClock()

    def slow(event: Any, context: Any) -> Any:
        poller.clock.advance(context.get_remaining_time_in_millis() / 1000 + 0.01)

    poller = make(slow)
    assert (call := poller.poll()) is not None
    assert (call.outcome, call.error) == ("failure", "Task timed out after 30.00 seconds")
    assert poller.clock.time() == pytest.approx(clock.time() + 30.01)


def test_without_reporting_the_answer_is_ignored_and_failed_records_are_deleted() -> None:
    """The trap of a mapping without ReportBatchItemFailures."""
    poller = SQSPoller(
        lambda event, context: {"batchItemFailures": [{"itemIdentifier": event["Records"][0]["messageId"]}]},
        report_batch_item_failures=False,
    )
    sent = poller.send("a")
    poller.run()
    assert poller.delivered == [sent]
    assert [call.outcome for call in poller.log] == ["success"]


def test_the_handler_gets_a_copy() -> None:
    def vandal(event: Any, context: Any) -> Any:
        event["Records"].clear()
        raise ValueError

    poller = SQSPoller(vandal)
    poller.send("a")
    poller.run(calls=2)
    assert [len(call.event["Records"]) for call in poller.log] == [1, 1]
