"""The mistakes that lose, repeat or mix up records, and what the rules say of each."""

from collections.abc import Callable
from typing import NamedTuple

import pytest

from tests.pollers import adapter_faults as adapters
from tests.pollers import engine_faults as engine
from tests.pollers.cases import Kind


class Fault(NamedTuple):
    """``plant``: puts it in. ``kind``: the source that shows it. ``broken``: a pattern in what the rules say."""

    plant: Callable[[pytest.MonkeyPatch], None]
    kind: Kind
    broken: str


FAULTS: tuple[Fault, ...] = (
    Fault(adapters.lowest_of_the_failed_only, "kinesis", "not done"),
    Fault(adapters.unanswered_is_done, "sqs", "not done"),
    Fault(adapters.not_received_is_done, "sqs", "not done"),
    Fault(engine.group_goes_on_after_failure, "fifo", "had failed"),
    Fault(engine.stream_goes_on_after_failure, "kinesis", "had failed"),
    Fault(engine.two_of_a_group_at_once, "dynamodb", "of its group was in work|had failed"),
    Fault(engine.last_parked_first, "fifo", "was (not )?started"),
    Fault(adapters.same_id_is_one_record, "sqs", "not done"),
    Fault(engine.cancelled_is_done, "sqs", "not done|another record's result"),
    Fault(engine.swallowed_cancellation_is_done, "sqs", "not done|another record's result"),
    Fault(engine.poison_takes_its_neighbours, "sqs", "was not started"),
    Fault(engine.deadline_is_ignored, "sqs", "the answer comes too late"),
    Fault(engine.slow_records_are_started_late, "sqs", "no time for it"),
    Fault(adapters.failures_are_lost, "dynamodb", "not done"),
    Fault(adapters.everything_comes_again, "sqs", "for no reason"),
    Fault(adapters.misspelt_answer, "fifo", "not done"),
    Fault(adapters.one_partition_is_reported, "kafka", "not done"),
    Fault(adapters.numbers_compared_as_text, "kinesis", "not done"),
    Fault(engine.result_of_another_record, "sqs", "another record's result"),
    Fault(engine.one_more_than_concurrency, "sqs", "in flight"),
    Fault(engine.logged_twice, "sqs", "logged 2 times"),
    Fault(engine.not_logged, "sqs", "logged 0 times"),
    Fault(engine.sink_failure_is_ignored, "sqs", "not done"),
    Fault(engine.permanent_failure_is_dropped, "sqs", "not done"),
    Fault(adapters.last_record_forgotten, "sqs", "was not started"),
)
