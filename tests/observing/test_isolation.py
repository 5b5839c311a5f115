"""Fifty records in flight, a thousand times over: no line ever has another's key."""

import asyncio
import random
from typing import Any

import anyio
import pytest
from anyio.lowlevel import checkpoint

from lambdaframe import App, Record, bind, bound, get_logger, logger
from lambdaframe.correlation import correlation_id
from lambdaframe.metrics import metrics
from lambdaframe.testing import TestClient
from lambdaframe_adapters import LambdaHandler
from tests.logging.written import Written
from tests.observing.test_correlation import sqs

BATCHES, RECORDS = 1_000, 50


async def leaf(number: str) -> None:
    logger.info("leaf", number=number)
    with bound(inner=number):
        await checkpoint()
        get_logger("child").info("inner", number=number)


async def work(record: Record) -> None:
    bind(mine=record.id)
    logger.info("started", number=record.id)
    await anyio.sleep(random.random() / 5_000)
    await asyncio.gather(*(leaf(record.id) for _ in range(3)))
    bind(**{f"only_{record.id}": 1})
    logger.info("ended", number=record.id)
    assert correlation_id() == record.id


def in_thread(record: Record) -> None:
    bind(mine=record.id)
    logger.info("threaded", number=record.id)
    bind(**{f"only_{record.id}": 1})
    logger.info("ended", number=record.id)


@pytest.mark.parametrize(("consumer", "each", "batches"), [(work, 8, BATCHES), (in_thread, 2, BATCHES // 50)])
def test_records_never_see_each_others_keys(consumer: Any, each: int, batches: int, written: Written) -> None:
    app = App()
    app.sqs("orders", concurrency=RECORDS)(consumer)
    handler = LambdaHandler(app)
    for batch in range(batches):
        answer = handler({"Records": [sqs(f"{batch}_{at}") for at in range(RECORDS)]})
        assert answer == {"batchItemFailures": []}
        lines = written.lines
        written.seek(0)
        written.truncate()
        written.writes.clear()
        assert len(lines) == RECORDS * each
        _check(lines)
    handler.close()


def _check(lines: list[dict[str, Any]]) -> None:
    for line in lines:
        number = line["number"]
        assert line["mine"] == line["correlation_id"] == number
        assert line.get("inner", number) == number
        assert [key for key in line if key.startswith("only_")] == (
            [f"only_{number}"] if line["message"] == "ended" else []
        )


def test_requests_in_threads_never_see_each_others_keys(written: Written) -> None:
    app = App(access_log="canonical", metrics="Test")

    @app.get("/{number}")
    def read(number: int) -> None:
        metrics.bind(tenant=str(number))
        bind(number=number)
        metrics.add("Reads")
        logger.info("read")

    client = TestClient(app)

    async def in_worker(number: int) -> None:
        await anyio.to_thread.run_sync(client.get, f"/{number}")

    async def many() -> None:
        async with anyio.create_task_group() as group:
            for number in range(100):
                group.start_soon(in_worker, number)

    anyio.run(many)
    reads = [line for line in written.lines if "Reads" in line]
    assert sorted(int(line["tenant"]) for line in reads) == list(range(100))
    assert sorted(line["number"] for line in written.lines if line.get("message") == "request") == list(range(100))
