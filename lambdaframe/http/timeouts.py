"""A route's time limit: from the request's arrival to its answer's last byte, background tasks not included."""

from functools import update_wrapper

from lambdaframe.concurrency import time_limit
from lambdaframe.errors import RequestTimeoutError
from lambdaframe.invocation import current
from lambdaframe.types import ASGIApp, Message, Receive, Scope, Send


def within(seconds: float, app: ASGIApp) -> ASGIApp:
    """``app`` cancelled after so many seconds, which raises RequestTimeoutError. ``Invocation.deadline`` tells it."""

    async def timed(scope: Scope, receive: Receive, send: Send) -> None:
        invocation = current.get(None)
        if invocation is not None:
            deadline = invocation.clock.monotonic() + seconds
            invocation.deadline = deadline if invocation.deadline is None else min(deadline, invocation.deadline)
        async with time_limit(seconds, RequestTimeoutError(seconds)) as lift:

            async def watched(message: Message) -> None:
                await send(message)
                if message["type"] == "http.response.body" and not message.get("more_body", False):
                    lift()

            await app(scope, receive, watched)

    return update_wrapper(timed, app, assigned=(), updated=())  # so that url_path_for finds what is mounted
