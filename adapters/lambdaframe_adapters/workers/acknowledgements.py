"""Deletes what is done: one by one in effect, up to ten in a call.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteMessageBatch.html
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from lambdaframe.logging import get_logger
from lambdaframe_adapters.workers.aws import code_of, failures
from lambdaframe_adapters.workers.backoff import backoff
from lambdaframe_adapters.workers.hand import Message
from lambdaframe_adapters.workers.shutdown import Shutdown

AT_ONCE = 10
"""How many messages one call may name."""

WINDOW = 0.02
"""Seconds that the first of them waits for others."""

ATTEMPTS = 8
"""How often it is tried: for about half a minute. What then fails comes again."""

_log = get_logger("lambdaframe.worker")


class Acknowledgements:
    """``add`` a message that is done; ``settled`` is called with it when it is deleted, or given up.

    ``spawn`` starts a coroutine as a task that somebody waits for.
    """

    def __init__(
        self,
        client: Any,
        url: str,
        shutdown: Shutdown,
        settled: Callable[[Message], None],
        spawn: Callable[[Coroutine[Any, Any, None]], object],
    ) -> None:
        self._client = client
        self._url = url
        self._shutdown = shutdown
        self._settled = settled
        self._spawn = spawn
        self._waiting: list[Message] = []
        self._timer: asyncio.TimerHandle | None = None

    def add(self, message: Message) -> None:
        self._waiting.append(message)
        if len(self._waiting) == AT_ONCE:
            self._flush()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(WINDOW, self._flush)

    def _flush(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        messages, self._waiting = self._waiting, []
        self._spawn(self._delete(messages))

    async def _delete(self, messages: Sequence[Message]) -> None:
        for attempt in range(1, ATTEMPTS + 1):
            messages, reason = await self._try(messages)
            if not messages:
                return
            _log.warning("Not acknowledged yet", queue=self._url, messages=len(messages), reason=reason)
            if attempt == ATTEMPTS or self._shutdown.over.is_set():
                break
            await asyncio.sleep(backoff(attempt, first=0.2, longest=10))
        for message in messages:
            _log.error("Done, but it could not be acknowledged: it will come again", record_id=message.id)
            self._settled(message)

    async def _try(self, messages: Sequence[Message]) -> tuple[list[Message], str]:
        """One call: the messages to try again, and why."""
        receipts = [message.receipt for message in messages]
        entries = [{"Id": str(index), "ReceiptHandle": receipt} for index, receipt in enumerate(receipts)]
        try:
            answer: Any = await self._client.delete_message_batch(QueueUrl=self._url, Entries=entries)
        except failures() as exc:
            return list(messages), code_of(exc)
        refused: dict[int, Any] = {int(entry["Id"]): entry for entry in answer.get("Failed", ())}
        again: list[Message] = []
        for index, message in enumerate(messages):
            entry = refused.get(index)
            if entry is not None and (not entry.get("SenderFault") or message.receipt != receipts[index]):
                again.append(message)
                continue
            if entry is not None:
                _log.error(
                    "Done, but its visibility time had run out: it will come again",
                    record_id=message.id,
                    reason=entry.get("Code"),
                )
            self._settled(message)
        return again, ", ".join(sorted({str(entry.get("Code")) for entry in refused.values()}))
