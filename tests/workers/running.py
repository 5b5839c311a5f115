"""A worker that runs inside a test, and the wait for what it should bring about."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio

from docs.examples.local_aws import REGION, LocalAWS, LocalQueue
from lambdaframe import App
from lambdaframe_adapters.workers.aws import connect
from lambdaframe_adapters.workers.checkpoints import Checkpoints, MemoryCheckpoints
from lambdaframe_adapters.workers.invocations import Invocations
from lambdaframe_adapters.workers.kinesis import KinesisWorker, open_stream
from lambdaframe_adapters.workers.queue import open_queue
from lambdaframe_adapters.workers.shutdown import Shutdown
from lambdaframe_adapters.workers.sqs import SQSWorker

LIMIT = 30.0
"""Seconds after which what is waited for will never come."""


@asynccontextmanager
async def running_sqs(
    app: App, aws: LocalAWS, queue: LocalQueue, *, grace: float = 10, **options: Any
) -> AsyncGenerator[tuple[SQSWorker, Shutdown]]:
    """The worker, polling until the block ends; then it finishes what is in work."""
    shutdown = Shutdown(grace)
    options = {"wait": 1, "retry": 0, **options}
    invocations = Invocations(app, shutdown, timeout=options.pop("timeout", None))
    async with connect("sqs", endpoint_url=aws.url, region=REGION) as client:
        worker = SQSWorker(client, await open_queue(client, queue.url), invocations, **options)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(worker.run())
            yield worker, shutdown
            if not shutdown.asked.is_set():
                shutdown.ask()


@asynccontextmanager
async def running_kinesis(
    app: App, aws: LocalAWS, stream: str, checkpoints: Checkpoints | None = None, **options: Any
) -> AsyncGenerator[KinesisWorker]:
    shutdown = Shutdown(10)
    async with connect("kinesis", endpoint_url=aws.url, region=REGION) as client:
        arn = await open_stream(client, stream)
        invocations = Invocations(app, shutdown)
        worker = KinesisWorker(client, arn, invocations, checkpoints or MemoryCheckpoints(), **options)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(worker.run())
            yield worker
            shutdown.ask()


async def until(condition: Callable[[], bool], what: str = "it") -> None:
    """Wait for a condition that may ask a server. Raises AssertionError when it takes too long."""
    limit = time.monotonic() + LIMIT
    while not await anyio.to_thread.run_sync(condition):
        assert time.monotonic() < limit, f"{what} did not happen within {LIMIT} s"
        await anyio.sleep(0.02)


def until_sync(condition: Callable[[], bool], what: str = "it") -> None:
    """``until`` for a test that runs no loop."""
    limit = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < limit, f"{what} did not happen within {LIMIT} s"
        time.sleep(0.02)
