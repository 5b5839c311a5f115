"""A queue with Lambda behind it.

Visibility, redelivery and FIFO groups:
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/FIFO-queues-understanding-logic.html
Dead-letter queues: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html
Lambda's side: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
"""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final
from uuid import UUID, uuid5

from lambdaframe.testing import FakeClock
from lambdaframe_adapters.testing.pollers.functions import Handler
from lambdaframe_adapters.testing.pollers.poller import Call, Poller, Sent, known, seconds, within
from lambdaframe_adapters.testing.records import sqs_event

_NAMESPACE: Final = UUID("8d6b0f0e-52b4-4c1b-9d2e-1f1a54d3a1c7")
_FIRST_SEQUENCE: Final = 18849496460467696128


class SQSPoller(Poller):
    """A queue and its event source mapping. A name that ends with ``.fifo`` makes it a FIFO queue.

    ``visibility_timeout``: six times the function's ``timeout`` unless said otherwise, as AWS advises; it may not be
    shorter than that. ``max_receive_count``: after so many deliveries a message goes to the dead-letter queue,
    ``dead``; None for never. ``report_batch_item_failures=False``: the mapping has no ``ReportBatchItemFailures``, so
    the answer is ignored, and what it names as failed is deleted. ``retention``: four days by default; what is older is
    ``expired``. Durations are in seconds, or a ``timedelta``.

    Of a FIFO queue nothing of a message group is delivered while one of it is in flight. What comes again comes when
    the visibility timeout is over, in its old place. A message that goes to the dead-letter queue makes way for the
    next of its group. Messages are not deduplicated.

    Raises ValueError for options that AWS refuses.
    """

    def __init__(
        self,
        handler: Handler,
        queue: str = "queue",
        *,
        batch_size: int = 10,
        report_batch_item_failures: bool = True,
        visibility_timeout: float | timedelta | None = None,
        max_receive_count: int | None = None,
        retention: float | timedelta = 345_600,
        timeout: float | timedelta = 30.0,
        clock: FakeClock | None = None,
    ) -> None:
        super().__init__(
            handler,
            batch_size=batch_size,
            report_batch_item_failures=report_batch_item_failures,
            timeout=timeout,
            clock=clock,
        )
        self.queue = queue
        self.fifo = queue.endswith(".fifo")
        self._visibility = 6 * self._timeout if visibility_timeout is None else seconds(visibility_timeout)
        self._max_receives = max_receive_count
        self._retention = seconds(retention)
        self._sent = 0
        within("batch_size", batch_size, 1, 10 if self.fifo else 10_000)
        within("visibility_timeout", self._visibility, self._timeout, 43_200)
        if max_receive_count is not None:
            within("max_receive_count", max_receive_count, 1, 1000)

    def send(
        self,
        body: Any,
        *,
        group: str | None = None,
        id: str | None = None,  # noqa: A002  the field's own name
        delay: float | timedelta = 0,
        message_attributes: Mapping[str, Any] | None = None,
    ) -> Sent:
        """Put a message into the queue. A body that is no string is sent as JSON.

        ``group``: the message group, which a FIFO queue needs. ``id``: its message id, made up if it is not given; two
        messages of one id are what a standard queue makes of one when it delivers it twice. ``delay``: seconds until it
        can be delivered. ``message_attributes``: as they stand in an event, ``{"stringValue", "dataType"}``.
        """
        if self.fifo and group is None:
            raise ValueError("A message of a FIFO queue needs a group.")
        text = body if isinstance(body, str) else json.dumps(body)
        name = id or str(uuid5(_NAMESPACE, f"{self.queue}/{self._sent}"))
        raw = sqs_event([text], queue=self.queue, ids=[name], groups=None if group is None else [group])["Records"][0]
        raw["messageAttributes"] = dict(message_attributes or {})
        now = self.clock.time()
        raw["attributes"]["SentTimestamp"] = str(int(now * 1000))
        if self.fifo:
            raw["attributes"]["SequenceNumber"] = str(_FIRST_SEQUENCE + self._sent)
        elif group is not None:
            raw["attributes"]["MessageGroupId"] = group  # a fair queue: a group, but no order
        self._sent += 1
        message = Sent(name, group if self.fifo else None, body, now, raw, visible_at=now + seconds(delay))
        self.waiting.append(message)
        return message

    def poll(self) -> Call | None:
        """Receive a batch, call the handler, and delete what Lambda takes for done."""
        batch = self._receive()
        if not batch:
            return None
        event = {"Records": [message.raw for message in batch]}
        result, identifiers, began = self._call(batch, event)
        if identifiers is None or not known(identifiers, batch):
            again = batch
        else:
            again = [message for message in batch if message.id in identifiers]
        return self._noted(batch, event, result, began, again)

    def _receive(self) -> list[Sent]:
        now = self.clock.time()
        self._expire(now)
        batch: list[Sent] = []
        redriven: list[Sent] = []
        blocked: set[str | None] = set()
        for message in self.waiting:
            if message.group is not None and message.group in blocked:
                continue
            if message.visible_at > now:
                blocked.add(message.group)
            elif self._max_receives is not None and message.receive_count >= self._max_receives:
                redriven.append(message)
            else:
                batch.append(self._in_flight(message, now))
                if len(batch) == self._batch_size:
                    break
        self._remove(redriven)
        self.dead.extend(redriven)
        return batch

    def _in_flight(self, message: Sent, now: float) -> Sent:
        """Hide it, and write what an event says of its delivery."""
        message.visible_at = now + self._visibility
        attributes = message.raw["attributes"]
        if message.receive_count == 0:
            attributes["ApproximateFirstReceiveTimestamp"] = str(int(now * 1000))
        attributes["ApproximateReceiveCount"] = str(message.receive_count + 1)
        message.raw["receiptHandle"] = f"receipt-{message.id}-{message.receive_count + 1}"
        return message

    def _expire(self, now: float) -> None:
        old = [message for message in self.waiting if now - message.sent_at > self._retention]
        self._remove(old)
        self.expired.extend(old)

    def _next(self) -> float | None:
        now = self.clock.time()  # what is visible and was not delivered waits for another one of its group
        return min((message.visible_at for message in self.waiting if message.visible_at > now), default=None)
