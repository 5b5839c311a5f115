"""Polls one SQS queue and feeds its consumer: the stream of each batch is an invocation, as in Lambda.

At most ``concurrency`` messages are in hand at once. Each is acknowledged by itself when it is done, its visibility
time is extended while it is in work, and it is made visible again when it failed; after that the queue's own redrive
policy decides. Of a FIFO queue a batch is what one call has brought of one message group. A group that has failed is
given back as a whole, in one call, so that nothing of it overtakes.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/FIFO-queues-understanding-logic.html
"""

import asyncio
import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias

from lambdaframe.logging import get_logger
from lambdaframe.types import Message as ASGIMessage
from lambdaframe_adapters import sqs
from lambdaframe_adapters.workers.acknowledgements import AT_ONCE, Acknowledgements
from lambdaframe_adapters.workers.aws import code_of, failures
from lambdaframe_adapters.workers.backoff import backoff
from lambdaframe_adapters.workers.hand import Batch, Hand, Message
from lambdaframe_adapters.workers.invocations import Invocations
from lambdaframe_adapters.workers.queue import Queue

Retry: TypeAlias = Literal["backoff", "leave"] | float
"""When a message that failed is visible again: later each time, when its visibility time has run out, or after so many
seconds."""

LINGER = 0.02
"""Seconds that a poll for less than ten messages waits for more of them to be done."""

CAREFUL = 30.0
"""Seconds after the next try of a FIFO group that failed, during which messages are received one by one."""

_GIVE_BACK = 5.0
"""Seconds that the call which makes messages visible again may take."""

_log = get_logger("lambdaframe.worker")


class SQSWorker:
    """``concurrency``: messages in hand at once. ``visibility``: seconds for which a message is hidden while it is in
    work, extended at every third of it; the queue's own where None, and 30 where that is 0. ``wait``: seconds that a
    poll waits for messages, at most 20."""

    def __init__(
        self,
        client: Any,
        queue: Queue,
        invocations: Invocations,
        *,
        concurrency: int = 10,
        visibility: int | None = None,
        wait: int = 20,
        retry: Retry = "backoff",
    ) -> None:
        self.queue = queue
        self.done = self.failed = 0
        self._client = client
        self._invocations = invocations
        self._shutdown = invocations.shutdown
        self._concurrency = concurrency
        self._visibility = visibility or queue.visibility or 30
        self._wait = wait
        self._retry: Retry = retry
        self._fifo = queue.arn.endswith(".fifo")
        self._hand = Hand(queue.arn)
        self._changed = asyncio.Event()
        self._leaving = asyncio.Event()
        self._careful_until = -math.inf

    async def run(self) -> None:
        """Poll until the way out is asked for, then until nothing is in hand."""
        async with asyncio.TaskGroup() as tasks:
            acknowledgements = Acknowledgements(
                self._client, self.queue.url, self._shutdown, self._settle, tasks.create_task
            )
            tasks.create_task(self._poll(tasks, acknowledgements))
            await self._shutdown.asked.wait()
            self._changed.set()
            while len(self._hand):
                await self._change()
            self._leaving.set()

    async def _poll(self, tasks: asyncio.TaskGroup, acknowledgements: Acknowledgements) -> None:
        clock = asyncio.get_running_loop().time
        refused = empty = 0
        while free := await self._room():
            began = clock()
            try:
                received = await self._receive(1 if clock() < self._careful_until else min(AT_ONCE, free))
            except failures() as exc:
                refused += 1
                pause = backoff(refused, first=0.5, longest=30)
                _log.warning("The queue can't be polled", queue=self.queue.name, reason=str(exc), pause=round(pause, 1))
                await self._shutdown.sleep(pause)
                continue
            refused = 0
            if self._shutdown.asked.is_set():
                await self._show([Message(raw) for raw in received], 0)
                return
            batches, back = self._hand.take(received)
            for batch in batches:
                tasks.create_task(self._work(batch, acknowledgements))
            await self._show(back, 0)
            empty = 0 if received else empty + 1
            if empty and clock() - began < self._wait / 2 + LINGER:  # it did not wait, for whatever reason
                await self._shutdown.sleep(backoff(empty, first=0.1, longest=5))

    async def _room(self) -> int:
        """How many messages may be received now; 0 when the way out is asked for."""
        while not self._shutdown.asked.is_set():
            if 0 < self._concurrency - len(self._hand) < min(AT_ONCE, self._concurrency):
                await self._shutdown.sleep(LINGER)
            free = self._concurrency - len(self._hand)
            if free > 0:
                return 0 if self._shutdown.asked.is_set() else free
            await self._change()
        return 0

    async def _receive(self, at_most: int) -> Sequence[Mapping[str, Any]]:
        """What one poll brings. At the end it is waited for as long as others are in work, because what a cancelled
        poll has taken stays hidden for its visibility time."""
        call = asyncio.ensure_future(
            self._client.receive_message(
                QueueUrl=self.queue.url,
                MaxNumberOfMessages=at_most,
                WaitTimeSeconds=self._wait,
                VisibilityTimeout=self._visibility,
                MessageSystemAttributeNames=["All"],
                MessageAttributeNames=["All"],
            )
        )
        leaving = asyncio.ensure_future(self._leaving.wait())
        try:
            await asyncio.wait((call, leaving), return_when=asyncio.FIRST_COMPLETED)
            return call.result().get("Messages", ()) if call.done() else ()
        finally:
            call.cancel()
            leaving.cancel()

    async def _work(self, batch: Batch, acknowledgements: Acknowledgements) -> None:
        """Run the application for one batch, and see that each of its messages is settled."""

        async def receive() -> ASGIMessage:
            if not self._shutdown.asked.is_set():
                for record in batch.records:
                    return {"type": "records.record", "record": record}
            return {"type": "records.end"}

        async def send(answer: ASGIMessage) -> None:
            message = batch.open.get(answer["id"])
            if message is None or message.id in batch.done:
                return  # it was left behind
            if answer["type"] == "records.done":
                self.done += 1
                batch.done.add(message.id)
                acknowledgements.add(message)
                return
            self.failed += 1
            batch.failed = batch.failed or message.count
            if not self._fifo:  # else with all of its group, when the batch has ended
                await self._give_back(batch, [message], message.count)

        heart = asyncio.create_task(self._extend(batch))
        try:
            await self._invocations.run(sqs.scope(batch.event, None), batch.event, receive, send)
            await self._give_back(batch, batch.undone(), batch.failed)
            await batch.settled.wait()
        finally:
            heart.cancel()

    async def _extend(self, batch: Batch) -> None:
        """The heartbeat: what is open stays hidden."""
        while True:
            await asyncio.sleep(self._visibility / 3)
            async with batch.visibility:
                for message, reason in await self._hide(list(batch.open.values()), self._visibility):
                    if message.id in batch.open and message.id not in batch.done:
                        _log.warning("Its visibility time can't be extended", record_id=message.id, reason=reason)

    async def _give_back(self, batch: Batch, messages: Sequence[Message], failed: int | None) -> None:
        """``failed``: how often the one that failed was received; None when none did."""
        if not messages:
            return
        delay = self._delay(failed)
        if self._fifo and failed is not None:
            hidden = self._visibility if delay is None else delay
            self._careful_until = max(self._careful_until, asyncio.get_running_loop().time() + hidden + CAREFUL)
        async with batch.visibility:
            if delay is None:
                for message in messages:
                    self._settle(message)
            else:
                await self._show(messages, delay)

    def _delay(self, failed: int | None) -> int | None:
        """Whole seconds until a message is visible again. What was not at fault, at the end, is visible at once."""
        if failed is None and self._shutdown.asked.is_set():
            return 0
        if self._retry == "leave":
            return None
        if self._retry == "backoff":
            return math.ceil(backoff(failed or 1, first=1, longest=900))
        return math.ceil(self._retry)

    async def _show(self, messages: Sequence[Message], delay: int) -> None:
        for message in messages:
            self._settle(message)  # before the call, because it may come again before that has returned
        if messages:
            for message, reason in await self._hide(messages, delay):
                _log.warning("It is visible again only when its time is over", record_id=message.id, reason=reason)

    async def _hide(self, messages: Sequence[Message], seconds: int) -> list[tuple[Message, str]]:
        """Hide them for so many seconds from now. Those for which that was refused, and why."""
        entries = [
            {"Id": str(index), "ReceiptHandle": message.receipt, "VisibilityTimeout": seconds}
            for index, message in enumerate(messages)
        ]
        try:
            async with asyncio.timeout(_GIVE_BACK):
                answer: Any = await self._client.change_message_visibility_batch(
                    QueueUrl=self.queue.url, Entries=entries
                )
        except failures() as exc:
            return [(message, code_of(exc)) for message in messages]
        return [(messages[int(entry["Id"])], str(entry.get("Code"))) for entry in answer.get("Failed", ())]

    def _settle(self, message: Message) -> None:
        self._hand.drop(message)
        self._changed.set()

    async def _change(self) -> None:
        """Wait until something is settled, or the way out is asked for."""
        self._changed.clear()
        await self._changed.wait()
