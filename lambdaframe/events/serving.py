"""Runs one event through the handlers of an application."""

from collections.abc import Callable
from typing import Any, Final

from lambdaframe.events.handlers import Handlers
from lambdaframe.events.payload import Gathered
from lambdaframe.records.consumer import Consumer
from lambdaframe.records.engine import run
from lambdaframe.records.record import Record
from lambdaframe.types import Message, Receive, Scope, Send

_END: Final = "records.end"


async def serve_event(
    handlers: Handlers, wrapped: Callable[[Consumer], Consumer], scope: Scope, receive: Receive, send: Send
) -> None:
    """Take each record to its handler, and send what became of it. ``wrapped``: puts the middleware around a consumer.

    A record without a handler fails like any other. Raises NoConsumerError for lines of a log group without one: they
    all are of one group.
    """
    source = scope["source"]
    if source == "logs":
        receive, send = await _gathering(handlers, receive, send)
    await run(wrapped(handlers.consumer(source)), scope, receive, send)


async def _gathering(handlers: Handlers, receive: Receive, send: Send) -> tuple[Receive, Send]:
    """The stream, as one record where the handler takes them together."""
    message = await receive()
    if message["type"] == _END:
        return _given([message]), send
    if not handlers.find("logs", message["record"].facts).together:
        return _given([message], receive), send
    parts: list[Any] = []
    while message["type"] != _END:
        parts.append(message["record"])
        message = await receive()
    gathered: Record = Gathered(parts)

    async def send_each(answer: Message) -> None:
        for part in parts:
            await send({**answer, "id": part.id})

    return _given([{"type": "records.record", "record": gathered}, message]), send_each


def _given(messages: list[Message], then: Receive | None = None) -> Receive:
    """Gives these messages; then what there is, or the last one again."""

    async def receive() -> Message:
        if len(messages) > 1 or (messages and then is not None):
            return messages.pop(0)
        return messages[0] if then is None else await then()

    return receive
