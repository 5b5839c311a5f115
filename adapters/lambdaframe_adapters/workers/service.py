"""Runs the workers of one application side by side, until a signal asks them to stop.

The lifespan and the event loop are the runtime's. SIGTERM and SIGINT begin the grace; a second one ends it.
"""

import asyncio
import signal
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from typing import Any, NamedTuple, Protocol

from lambdaframe.logging import get_logger
from lambdaframe.runtime import Runtime
from lambdaframe.types import ASGIApp
from lambdaframe_adapters.workers.aws import connect, place_of_queue
from lambdaframe_adapters.workers.checkpoints import Checkpoints, FileCheckpoints, MemoryCheckpoints
from lambdaframe_adapters.workers.invocations import Invocations
from lambdaframe_adapters.workers.kinesis import KinesisWorker, Start, open_stream
from lambdaframe_adapters.workers.queue import open_queue
from lambdaframe_adapters.workers.shutdown import Shutdown
from lambdaframe_adapters.workers.sqs import Retry, SQSWorker

_log = get_logger("lambdaframe.worker")


class QueueSource(NamedTuple):
    """A queue to poll; see ``SQSWorker``."""

    url: str
    concurrency: int = 10


class StreamSource(NamedTuple):
    """A Kinesis stream to read; see ``KinesisWorker``."""

    name: str


class Settings(NamedTuple):
    """What holds for all workers. Times are in seconds.

    ``grace``: what is in work may take so long after SIGTERM. ``timeout``: so long may one batch take, if it is not
    None. ``checkpoints``: the file in which the streams' are kept, or None for memory.
    """

    endpoint_url: str | None = None
    region: str | None = None
    grace: float = 30.0
    timeout: float | None = None
    visibility: int | None = None
    wait: int = 20
    retry: Retry = "backoff"
    start: Start = "latest"
    checkpoints: str | None = None


class Worker(Protocol):
    """What polls one source."""

    done: int
    failed: int

    async def run(self) -> None: ...


def work(app: ASGIApp, sources: Sequence[QueueSource | StreamSource], settings: Settings) -> bool:
    """Run the lifespan and the workers until SIGTERM or SIGINT. Whether all that was in work could be finished.

    It is called from the main thread, outside of any event loop. Raises LifespanError, ConfigurationError, and
    WorkerError when a queue or stream is not there.
    """
    runtime = Runtime(app)
    try:
        runtime.start()
        return runtime.run(_work(app, runtime, sources, settings))
    finally:
        runtime.close()


async def _work(
    app: ASGIApp, runtime: Runtime, sources: Sequence[QueueSource | StreamSource], settings: Settings
) -> bool:
    shutdown = Shutdown(settings.grace)
    invocations = Invocations(app, shutdown, state=runtime.state, timeout=settings.timeout)
    async with AsyncExitStack() as clients:
        workers = [await _open(clients, source, settings, invocations) for source in sources]
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, _stopper(shutdown, number, settings.grace))
        try:
            async with asyncio.TaskGroup() as tasks:
                for worker in workers:
                    tasks.create_task(worker.run())
        finally:
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(number)
        done, failed = sum(worker.done for worker in workers), sum(worker.failed for worker in workers)
        _log.info("Stopped", done=done, failed=failed, cut_off=invocations.cut_off)
    return not invocations.cut_off


def _stopper(shutdown: Shutdown, number: signal.Signals, grace: float) -> Callable[[], None]:
    def stop() -> None:
        _log.info("Stopping: what is in work is finished", signal=number.name, grace=grace)
        shutdown.ask()

    return stop


async def _open(
    clients: AsyncExitStack, source: QueueSource | StreamSource, settings: Settings, invocations: Invocations
) -> Worker:
    endpoint_url, region = settings.endpoint_url, settings.region
    if isinstance(source, QueueSource):
        told = place_of_queue(source.url)
        client: Any = await clients.enter_async_context(
            connect("sqs", endpoint_url=endpoint_url or told[0], region=region or told[1])
        )
        return await _open_queue(client, source, settings, invocations)
    client = await clients.enter_async_context(connect("kinesis", endpoint_url=endpoint_url, region=region))
    arn = await open_stream(client, source.name)
    checkpoints: Checkpoints = MemoryCheckpoints()
    if settings.checkpoints is not None:
        checkpoints = FileCheckpoints(settings.checkpoints)
        await checkpoints.load(arn)  # a file that is none is found now
    _log.info("Reading a stream", stream=arn, start=settings.start, checkpoints=settings.checkpoints or "in memory")
    return KinesisWorker(client, arn, invocations, checkpoints, start=settings.start)


async def _open_queue(client: Any, source: QueueSource, settings: Settings, invocations: Invocations) -> SQSWorker:
    queue = await open_queue(client, source.url)
    if not queue.redrive:
        _log.warning(
            "The queue has no dead-letter queue: what always fails comes back until it expires", queue=queue.name
        )
    worker = SQSWorker(
        client,
        queue,
        invocations,
        concurrency=source.concurrency,
        visibility=settings.visibility,
        wait=settings.wait,
        retry=settings.retry,
    )
    _log.info("Polling a queue", queue=queue.arn, concurrency=source.concurrency)
    return worker
