"""Batches of SQS messages through LambdaHandler and Powertools, in turn in one run: time, bounds and memory.

python -m benchmarks.batch
"""

import asyncio
import os
import tracemalloc
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Annotated, Any, Unpack

from aws_lambda_powertools.utilities import batch as untyped
from aws_lambda_powertools.utilities.batch import AsyncBatchProcessor, BatchProcessor, EventType
from pydantic import BaseModel

from benchmarks.measure import CONTEXT, Work, in_turn, show
from lambdaframe import App, Depends, Record
from lambdaframe.records.consumer import Consumer, Consumers
from lambdaframe.records.engine import run
from lambdaframe.records.options import ConsumerOptions
from lambdaframe.records.record import RecordFields
from lambdaframe.records.stream import RecordStream
from lambdaframe.types import Message
from lambdaframe_adapters import LambdaHandler

ROUNDS, CALLS = 25, 4
SLOW_ROUNDS = 15
PAUSE = 0.02
"""Seconds that a record waits for its I/O."""

FIELDS = RecordFields("sqs", lambda raw: raw["body"])

Handler = Callable[[Any, Any], Any]

powertools: Any = untyped


class Order(BaseModel):
    """The body of each message."""

    id: int
    sku: str


class InFlight:
    """Waits as I/O would, and keeps how many did so at once."""

    def __init__(self) -> None:
        self.now = self.peak = 0

    async def wait(self) -> None:
        self.now += 1
        self.peak = max(self.peak, self.now)
        await asyncio.sleep(PAUSE)
        self.now -= 1


def event(count: int) -> Any:
    """An event of this many messages."""
    return {
        "Records": [
            {
                "messageId": f"059f36b4-87a3-44ab-83d2-{number:012}",
                "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a",
                "body": f'{{"id": {number}, "sku": "a-{number}"}}',
                "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1545082649183"},
                "messageAttributes": {},
                "md5OfBody": "e4e68fb7bd0e697a0ae8f1bb342846b3",
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:eu-west-1:123456789012:orders",
                "awsRegion": "eu-west-1",
            }
            for number in range(count)
        ]
    }


async def nothing(record: Record) -> None: ...


async def validated(order: Order) -> None: ...


async def session(record: Record) -> AsyncIterator[str]:
    """A dependency that is opened and closed for each record."""
    yield record.id


async def depending(record: Record, session: Annotated[str, Depends(session)]) -> None: ...


async def streamed(stream: RecordStream[bytes]) -> None:
    """Takes the batch as a whole."""
    async for record in stream:
        await stream.done(record)


def ours(function: Callable[..., Any], **options: Unpack[ConsumerOptions]) -> Handler:
    """A Lambda handler with this consumer."""
    app = App()
    app.sqs("orders", **options)(function)
    return LambdaHandler(app)


def bare_engine(function: Callable[..., Any], concurrency: int = 10) -> Handler:
    """The engine alone: a loop that is kept, and the least source that reports failures."""
    consumer = Consumers().add("sqs", "orders", function, concurrency=concurrency)
    loop = asyncio.new_event_loop()
    return lambda batch, context: loop.run_until_complete(from_least_source(consumer, batch))


async def from_least_source(consumer: Consumer, batch: Any) -> Any:
    raws = iter(batch["Records"])
    failed: list[str] = []

    async def receive() -> Message:
        for raw in raws:
            return {"type": "records.record", "record": Record(raw["messageId"], raw, FIELDS)}
        return {"type": "records.end"}

    async def send(message: Message) -> None:
        if message["type"] != "records.done":
            failed.append(message["id"])

    await run(consumer, {"type": "records", "order": "none"}, receive, send)
    return {"batchItemFailures": [{"itemIdentifier": identifier} for identifier in failed]}


def powertools_sync(function: Callable[..., Any], **options: Any) -> Handler:
    processor = BatchProcessor(event_type=EventType.SQS, **options)
    return lambda batch, context: powertools.process_partial_response(batch, function, processor, context)


def powertools_async(function: Callable[..., Any], **options: Any) -> Handler:
    """All records at once: it has no bound."""
    processor = AsyncBatchProcessor(event_type=EventType.SQS, **options)
    return lambda batch, context: powertools.async_process_partial_response(batch, function, processor, context)


def work(handler: Handler, batch: Any, context: Any = None) -> Work:
    assert handler(batch, context) == {"batchItemFailures": []}
    return partial(handler, batch, context)


def quick() -> None:
    """Records that cost nothing: what is left is the framework."""

    async def peer(record: Any) -> None: ...

    def blocking(record: Any) -> None: ...

    batch = event(1_000)
    contestants = {
        "lambdaframe, engine alone": work(bare_engine(nothing), batch),
        "lambdaframe": work(ours(nothing), batch),
        "lambdaframe, with a deadline": work(ours(nothing), batch, CONTEXT),
        "lambdaframe, body validated": work(ours(validated), batch, CONTEXT),
        "lambdaframe, Depends with clean-up": work(ours(depending), batch, CONTEXT),
        "lambdaframe, batch=True": work(ours(streamed, batch=True), batch, CONTEXT),
        "Powertools sync": work(powertools_sync(blocking), batch),
        "Powertools async": work(powertools_async(peer), batch),
    }
    show(
        "1,000 no-op records", in_turn(contestants, rounds=ROUNDS, calls=CALLS), to="Powertools async", unit="ns/record"
    )


def waiting() -> None:
    """Records that wait 20 ms each: what counts is how many do so at once."""
    batch = event(1_000)
    flights: dict[str, InFlight] = {}

    def waits(name: str) -> Callable[..., Any]:
        flights[name] = InFlight()

        async def handle(record: Record) -> None:
            await flights[name].wait()

        return handle

    contestants = {
        name: work(ours(waits(name), concurrency=concurrency), batch, CONTEXT)
        for concurrency in (1_000, 50)
        for name in [f"lambdaframe, concurrency={concurrency}"]
    }
    contestants["Powertools async"] = work(powertools_async(waits("Powertools async")), batch)
    taken = in_turn(contestants, rounds=SLOW_ROUNDS, calls=1)
    show("1,000 records of 20 ms", taken, to="Powertools async", unit="µs/batch")
    for name, flight in flights.items():
        print(f"  {name:42} {flight.peak:9} in flight at most")


def memory() -> None:
    """How much more than the event a batch needs at its peak."""

    async def peer(record: Any) -> None: ...

    def blocking(record: Any) -> None: ...

    batch = event(10_000)
    print(f"\n{'10,000 no-op records, above the event':44} {'MiB':>9}")
    for name, handler in {
        "lambdaframe": ours(nothing),
        "lambdaframe, body validated": ours(validated),
        "lambdaframe, batch=True": ours(streamed, batch=True),
        "Powertools sync": powertools_sync(blocking),
        "Powertools async": powertools_async(peer),
    }.items():
        call = work(handler, batch)
        tracemalloc.start()
        call()
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        print(f"  {name:42} {peak / 2**20:9.2f}")


def main() -> None:
    """Print the three tables."""
    os.environ["POWERTOOLS_TRACE_DISABLED"] = "1"
    quick()
    waiting()
    memory()


if __name__ == "__main__":
    main()
