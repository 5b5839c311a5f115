"""What a worker has taken from a queue and neither acknowledged nor given back: pure bookkeeping.

A message that comes again while it is in hand has outlived its visibility time. It is not started a second time: its
new receipt takes the place of the old one, which SQS may not accept any more.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/using-messagegroupid-property.html
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from lambdaframe_adapters import sqs
from lambdaframe_adapters.workers.messages import sqs_event


class Message:
    """One message in hand. ``receipt``: the latest. ``count``: how often it was received, this time included."""

    __slots__ = ("count", "group", "id", "receipt")

    def __init__(self, raw: Mapping[str, Any]) -> None:
        attributes: Mapping[str, Any] = raw.get("Attributes") or {}
        self.id: str = raw["MessageId"]
        self.receipt: str = raw["ReceiptHandle"]
        self.group: str = attributes.get("MessageGroupId", "")
        self.count = int(attributes.get("ApproximateReceiveCount", 1))


class Batch:
    """The messages of one run of the application. ``open``: by id, those neither acknowledged nor given back.

    ``done``: ids that the application is done with. ``failed``: how often the first one that failed was received.
    ``visibility``: held while the time of visibility of its messages is changed. ``settled``: nothing is open.
    """

    __slots__ = ("done", "event", "failed", "open", "records", "settled", "visibility")

    def __init__(self, raws: Sequence[Mapping[str, Any]], messages: Sequence[Message], arn: str) -> None:
        self.event = sqs_event(raws, arn)
        self.records = sqs.records(self.event)
        self.open = {message.id: message for message in messages}
        self.done: set[str] = set()
        self.failed: int | None = None
        self.visibility = asyncio.Lock()
        self.settled = asyncio.Event()

    def settle(self, message: Message) -> None:
        """Nothing more is to be done for this message."""
        self.open.pop(message.id, None)
        if not self.open:
            self.settled.set()

    def undone(self) -> list[Message]:
        """What is open and not done, in the order it came."""
        return [message for key, message in self.open.items() if key not in self.done]


class Hand:
    """All messages of one queue that are in hand. A batch of a FIFO queue holds messages of one group: while it is in
    hand no other batch of that group is made, so that nothing overtakes."""

    def __init__(self, arn: str) -> None:
        self._arn = arn
        self._fifo = arn.endswith(".fifo")
        self._held: dict[str, tuple[Message, Batch]] = {}

    def __len__(self) -> int:
        return len(self._held)

    def take(self, received: Sequence[Mapping[str, Any]]) -> tuple[list[Batch], list[Message]]:
        """The batches to run, and the messages to give back: their group is in work from an earlier time."""
        busy = {message.group for message, _ in self._held.values()} if self._fifo else set[str]()
        known = {key: message for key, (message, _) in self._held.items()}
        chosen: dict[str, list[tuple[Mapping[str, Any], Message]]] = {}
        back: list[Message] = []
        for raw in received:
            message = Message(raw)
            if message.id in known:
                known[message.id].receipt = message.receipt
            elif self._fifo and message.group in busy:
                back.append(message)
            else:
                known[message.id] = message
                chosen.setdefault(message.group if self._fifo else "", []).append((raw, message))
        batches: list[Batch] = []
        for pairs in chosen.values():
            batch = Batch([raw for raw, _ in pairs], [message for _, message in pairs], self._arn)
            self._held.update({message.id: (message, batch) for _, message in pairs})
            batches.append(batch)
        return batches, back

    def drop(self, message: Message) -> None:
        """It is acknowledged, or given back. The like of it that has come since is another message."""
        held = self._held.get(message.id)
        if held is not None and held[0] is message:
            del self._held[message.id]
            held[1].settle(message)
