"""Reads all shards of one Kinesis stream and feeds its consumer, one batch of a shard at a time, as Lambda does.

After a failure it goes on from the record that failed, again and again, and does not overtake it. The shards are read
side by side, the children of a resharding after their parents. What is done is written down in checkpoints.

https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html
https://docs.aws.amazon.com/streams/latest/dev/developing-consumers-with-sdk.html
"""

import asyncio
import time
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal, TypeAlias

from lambdaframe.logging import get_logger
from lambdaframe.types import Message
from lambdaframe_adapters import kinesis
from lambdaframe_adapters.exchange import RecordExchange
from lambdaframe_adapters.workers.aws import WorkerError, code_of, failures
from lambdaframe_adapters.workers.backoff import backoff
from lambdaframe_adapters.workers.checkpoints import AT, END, Checkpoints
from lambdaframe_adapters.workers.invocations import Invocations
from lambdaframe_adapters.workers.messages import kinesis_event
from lambdaframe_adapters.workers.shards import Shard, readable, shard

Start: TypeAlias = Literal["latest", "trim_horizon"]
"""Where a shard without a checkpoint is begun: at what is written from now on, or at the oldest record it has."""

BATCH_SIZE = 100
"""How many records one batch has at most: Lambda's own default."""

PAUSE = 0.2
"""Seconds between two reads of a shard: five a second are allowed."""

IDLE = 1.0
"""Seconds until the next read of a shard that had nothing: Lambda's own rate."""

RELIST = 30.0
"""Seconds until the stream is asked for new shards, if none ends before."""

ASK_EVERY = 5
"""After so many reads that had nothing the stream is asked whether the shard is closed."""

_log = get_logger("lambdaframe.worker")


async def open_stream(client: Any, name: str) -> str:
    """The ARN of the stream of this name. Raises WorkerError when it is not there or may not be read."""
    try:
        answer: Any = await client.describe_stream_summary(StreamName=name)
    except failures() as exc:
        raise WorkerError(f"The stream {name} can't be read: {exc}") from exc
    return str(answer["StreamDescriptionSummary"]["StreamARN"])


class KinesisWorker:
    """``start``: where the shards that are open now begin, unless there is a checkpoint. Shards that come later are
    read from their beginning."""

    def __init__(
        self,
        client: Any,
        arn: str,
        invocations: Invocations,
        checkpoints: Checkpoints,
        *,
        start: Start = "latest",
        batch_size: int = BATCH_SIZE,
    ) -> None:
        self.arn = arn
        self.name = arn.rpartition("/")[2]
        self.done = self.failed = 0
        self._client = client
        self._invocations = invocations
        self._shutdown = invocations.shutdown
        self._checkpoints = checkpoints
        self._start: Start = start
        self._batch_size = batch_size
        self._finished: set[str] = set()
        self._ended = asyncio.Event()

    async def run(self) -> None:
        """Read until the way out is asked for, then until the batches in work are done."""
        known = await self._checkpoints.load(self.arn)
        self._finished = {key for key, sequence in known.items() if sequence == END}
        start: Start = self._start
        reading: set[str] = set()
        async with asyncio.TaskGroup() as tasks:
            while not self._shutdown.asked.is_set():
                shards = await self._shards()
                for each in self._to_read(shards, known, start):
                    if each.id not in reading:
                        reading.add(each.id)
                        position = known.get(each.id)
                        begin: Start = "trim_horizon" if _continues(each, known) else start
                        tasks.create_task(self._read(each.id, position, begin))
                if shards:
                    start = "trim_horizon"
                await self._next_listing()

    def _to_read(self, shards: Sequence[Shard], known: Collection[str], start: Start) -> list[Shard]:
        """The shards that may be read now. Beginning at the latest, nothing in a closed shard is new."""
        if start == "latest":
            self._finished |= {each.id for each in shards if each.closed and not _continues(each, known)}
        return readable(shards, self._finished)

    async def _next_listing(self) -> None:
        self._ended.clear()
        ended = asyncio.ensure_future(self._ended.wait())
        asked = asyncio.ensure_future(self._shutdown.asked.wait())
        try:
            await asyncio.wait((ended, asked), timeout=RELIST, return_when=asyncio.FIRST_COMPLETED)
        finally:
            ended.cancel()
            asked.cancel()

    async def _shards(self) -> list[Shard]:
        """All shards of the stream; none when the way out is asked for before it has answered."""
        refused = 0
        while not self._shutdown.asked.is_set():
            try:
                page: Any = await self._client.list_shards(StreamName=self.name)
                listed: list[Mapping[str, Any]] = list(page["Shards"])
                while token := page.get("NextToken"):
                    page = await self._client.list_shards(NextToken=token)
                    listed.extend(page["Shards"])
            except failures() as exc:
                refused += 1
                await self._pause("The stream's shards can't be listed", exc, refused)
            else:
                return [shard(each) for each in listed]
        return []

    async def _read(self, key: str, position: str | None, start: Start) -> None:
        """Read one shard to its end, or until the way out is asked for. ``position``: the last that is done."""
        iterator: str | None = None
        refused = empty = 0
        while not self._shutdown.asked.is_set():
            try:
                if iterator is None:
                    iterator, position = await self._iterator(key, position, start)
                answer: Any = await self._client.get_records(ShardIterator=iterator, Limit=self._batch_size)
            except failures() as exc:
                refused += 1
                iterator = None if code_of(exc) == "ExpiredIteratorException" else iterator
                await self._pause(f"The shard {key} can't be read", exc, refused)
                continue
            records: Sequence[Mapping[str, Any]] = answer["Records"]
            refused, empty = 0, 0 if records else empty + 1
            if records:
                position = await self._deliver(key, records) or position
                if self._shutdown.asked.is_set():
                    return
            iterator = answer.get("NextShardIterator")
            if iterator is None or (empty % ASK_EVERY == 1 and await self._is_over(key, answer)):
                await self._checkpoints.save(self.arn, key, END)
                self._finished.add(key)
                self._ended.set()
                return
            await self._shutdown.sleep(PAUSE if records else IDLE)

    async def _iterator(self, key: str, position: str | None, start: Start) -> tuple[str, str | None]:
        """An iterator behind ``position``, and the position: a shard that begins at the latest has the time now as its
        first, so that nothing that is written from now on is missed when it has to be begun again."""
        where: dict[str, Any] = {"ShardIteratorType": start.upper()}
        if position is not None and position.startswith(AT):
            where = {"ShardIteratorType": "AT_TIMESTAMP", "Timestamp": _instant(position)}
        elif position is not None:
            where = {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "StartingSequenceNumber": position}
        elif start == "latest":
            position = f"{AT}{time.time():.3f}"
        answer: Any = await self._client.get_shard_iterator(StreamName=self.name, ShardId=key, **where)
        if position is not None and position.startswith(AT):
            await self._checkpoints.save(self.arn, key, position)
        return str(answer["ShardIterator"]), position

    async def _is_over(self, key: str, answer: Mapping[str, Any]) -> bool:
        """Whether a shard that had nothing more is closed: some servers never end the iterators of such a one."""
        if answer.get("MillisBehindLatest"):
            return False
        return any(each.id == key and each.closed for each in await self._shards())

    async def _deliver(self, key: str, records: Sequence[Mapping[str, Any]]) -> str | None:
        """Run the application until all of them are done, or the way out is asked for. The last that is done."""
        position: str | None = None
        attempt = 0
        while records and not self._shutdown.asked.is_set():
            done = await self._attempt(key, records)
            attempt = 1 if done else attempt + 1
            if done:
                position = str(records[done - 1]["SequenceNumber"])
                await self._checkpoints.save(self.arn, key, position)
            self.done += done
            records = records[done:]
            if records and not self._shutdown.asked.is_set():
                self.failed += 1
                await self._shutdown.sleep(backoff(attempt, first=1, longest=60))
        return position

    async def _attempt(self, key: str, records: Sequence[Mapping[str, Any]]) -> int:
        """One invocation: how many of the records, from the first, are done."""
        event = kinesis_event(records, arn=self.arn, shard=key)
        exchange = RecordExchange(kinesis.records(event))

        async def receive() -> Message:
            return {"type": "records.end"} if self._shutdown.asked.is_set() else await exchange.receive()

        await self._invocations.run(kinesis.scope(event, None), event, receive, exchange.send)
        failed = kinesis.failures(event, exchange.unanswered(), exchange.received)["batchItemFailures"]
        if not failed:
            return len(records)
        numbers = [str(record["SequenceNumber"]) for record in records]
        return numbers.index(failed[0]["itemIdentifier"])

    async def _pause(self, what: str, error: Exception, refused: int) -> None:
        pause = backoff(refused, first=0.5, longest=30)
        _log.warning(what, stream=self.name, reason=str(error), pause=round(pause, 1))
        await self._shutdown.sleep(pause)


def _continues(each: Shard, known: Collection[str]) -> bool:
    """Whether the shard, or one it comes from, was read before: then nothing of it is left out."""
    return each.id in known or any(parent in known for parent in each.parents)


def _instant(position: str) -> datetime:
    return datetime.fromtimestamp(float(position.removeprefix(AT)), UTC)
