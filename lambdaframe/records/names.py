"""A stream whose records are of several names (Kafka: of several topics), each with a consumer of its own.

The stream is shared out: one run of the engine for each name, all at once, each with its consumer's bounds and options
and all with the same deadline.
"""

from collections import deque
from collections.abc import Callable
from typing import Any

from lambdaframe.records.consumer import Consumer
from lambdaframe.records.engine import run
from lambdaframe.records.record import Record
from lambdaframe.types import Message, Receive, Scope, Send


async def run_each(find: Callable[[str], Consumer], scope: Scope, receive: Receive, send: Send) -> None:
    """Take the records of each of ``scope["names"]`` to the consumer that ``find`` gives for the name.

    A record's name is its attribute ``topic``. Raises what ``find`` raises, before any record has started: then all are
    still to be done. Raises what ``receive`` or ``send`` raise, after the other names' records were cancelled.
    """
    consumers = {name: find(name) for name in scope["names"]}
    if not consumers:
        return
    from anyio import create_task_group

    shared = _Shared(receive, consumers)
    failures: list[Exception] = []

    async def run_one(name: str, consumer: Consumer) -> None:
        try:
            await run(consumer, {**scope, "name": name}, lambda: shared.receive(name), send)
        except Exception as exc:
            failures.append(exc)
            group.cancel_scope.cancel()

    async with create_task_group() as group:
        for name, consumer in consumers.items():
            group.start_soon(run_one, name, consumer)
    if failures:
        raise failures[0]


class _Shared:
    """One stream, received by several. What is not for the one who pulls it waits for the one it is for."""

    def __init__(self, receive: Receive, names: Any) -> None:
        from anyio import Lock

        self._receive = receive
        self._waiting: dict[str, deque[Message]] = {name: deque() for name in names}
        self._pulling = Lock()
        self._end: Message | None = None

    async def receive(self, name: str) -> Message:
        waiting = self._waiting[name]
        while not waiting:
            async with self._pulling:
                if waiting:
                    break
                if self._end is None:
                    await self._pull()
                if self._end is not None and not waiting:
                    return self._end
        return waiting.popleft()

    async def _pull(self) -> None:
        message = await self._receive()
        record: Record | None = message.get("record")
        if record is None:
            self._end = message
        else:
            self._waiting[record.attributes["topic"]].append(message)
