"""Faults to plant in the adapters, each in one of their real functions. Each takes pytest's ``monkeypatch``."""

from collections.abc import Collection, Iterator
from typing import Any

import pytest

from lambdaframe.records.record import Record
from lambdaframe.types import Message
from lambdaframe_adapters import _records, dynamodb, kafka, kinesis, sqs
from lambdaframe_adapters.exchange import RecordExchange
from tests.pollers.engine_faults import always

Exchange: Any = RecordExchange


def lowest_of_the_failed_only(patch: pytest.MonkeyPatch) -> None:
    """The checkpoint moves past records that are unfinished or were not started, if a later one has failed."""
    count_failed_only(patch)
    checkpoint = _records.checkpoint

    def lower(records: Any, sequence: Any, not_done: Collection[str], received: int) -> dict[str, Any]:
        return checkpoint(records, sequence, not_done, len(records) if not_done else received)

    patch.setattr(_records, "checkpoint", lower)


def unanswered_is_done(patch: pytest.MonkeyPatch) -> None:
    """Only what was said to have failed is reported."""
    count_failed_only(patch)


def count_failed_only(patch: pytest.MonkeyPatch) -> None:
    failed: dict[int, list[str]] = {}
    send = Exchange.send

    async def remember(self: Any, message: Message) -> None:
        if message["type"] == "records.failed":
            failed.setdefault(id(self), []).append(message["id"])
        await send(self, message)

    def unanswered(self: Any) -> Collection[str]:
        return failed.pop(id(self), ())

    patch.setattr(Exchange, "send", remember)
    patch.setattr(Exchange, "unanswered", unanswered)


def not_received_is_done(patch: pytest.MonkeyPatch) -> None:
    """What the application never took from the event counts as done."""
    patch.setattr(Exchange, "received", property(always(10**6)))


def same_id_is_one_record(patch: pytest.MonkeyPatch) -> None:
    """One of two records with the same id is done, so both are."""

    def unanswered(self: Any) -> Collection[str]:
        return set(self._received) - set(self._done)

    patch.setattr(Exchange, "unanswered", unanswered)


def failures_are_lost(patch: pytest.MonkeyPatch) -> None:
    for source in (sqs, kinesis, dynamodb):
        patch.setattr(source, "failures", always({"batchItemFailures": []}))


def everything_comes_again(patch: pytest.MonkeyPatch) -> None:
    """One failure, and the whole batch is reported."""

    def all_of_them(event: Any, not_done: Collection[str], received: int) -> dict[str, Any]:
        names = [raw["messageId"] for raw in event["Records"]] if not_done else []
        return {"batchItemFailures": [{"itemIdentifier": name} for name in names]}

    patch.setattr(sqs, "failures", all_of_them)


def misspelt_answer(patch: pytest.MonkeyPatch) -> None:
    """Lambda takes an answer under another key for the whole success."""
    failures = sqs.failures

    def misspelt(event: Any, not_done: Collection[str], received: int) -> dict[str, Any]:
        return {"batchItemFailure": failures(event, not_done, received)["batchItemFailures"]}

    patch.setattr(sqs, "failures", misspelt)


def one_partition_is_reported(patch: pytest.MonkeyPatch) -> None:
    """Where records of two partitions have failed, Lambda hears of one."""
    failures = kafka.failures

    def first(event: Any, not_done: Collection[str], received: int) -> dict[str, Any]:
        return {"batchItemFailures": failures(event, not_done, received)["batchItemFailures"][:1]}

    patch.setattr(kafka, "failures", first)


def numbers_compared_as_text(patch: pytest.MonkeyPatch) -> None:
    def checkpoint(records: Any, sequence: Any, not_done: Collection[str], received: int) -> dict[str, Any]:
        numbers: list[str] = [sequence(raw) for raw in records]
        open_ = [one for index, one in enumerate(numbers) if index >= received or one in not_done]
        return {"batchItemFailures": [{"itemIdentifier": min(open_)}] if open_ else []}

    patch.setattr(_records, "checkpoint", checkpoint)


def last_record_forgotten(patch: pytest.MonkeyPatch) -> None:
    """A record is dropped on its way in, and nobody notices."""
    records = sqs.records

    def fewer(event: Any) -> Iterator[Record]:
        found = list(records(event))
        return iter(found[:-1] if len(found) > 1 else found)

    patch.setattr(sqs, "records", fewer)
