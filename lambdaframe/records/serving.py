"""Runs a stream of records through the consumers of an application."""

from lambdaframe.records.consumer import Consumers
from lambdaframe.records.engine import run
from lambdaframe.types import Receive, Scope, Send


async def serve_records(consumers: Consumers, scope: Scope, receive: Receive, send: Send) -> None:
    """Take the records to the consumer of the scope's source and name, inside the middleware.

    Raises NoConsumerError, and what ``receive`` and ``send`` raise.
    """
    if "names" in scope:
        from lambdaframe.records.names import run_each

        await run_each(lambda name: consumers.wrapped(consumers.find(scope["source"], name)), scope, receive, send)
        return
    await run(consumers.wrapped(consumers.find(scope["source"], scope["name"])), scope, receive, send)
