"""A route's time limit: from the request's arrival to its answer's last byte, background tasks not included."""

import asyncio
import math
from functools import update_wrapper

from lambdaframe.concurrency import on_asyncio
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
        run = _on_asyncio if on_asyncio() else _on_trio
        await run(seconds, app, scope, receive, send)

    return update_wrapper(timed, app, assigned=(), updated=())  # so that url_path_for finds what is mounted


def _is_last(message: Message) -> bool:
    return message["type"] == "http.response.body" and not message.get("more_body", False)


async def _on_asyncio(seconds: float, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    # Its own timeout rather than anyio's: that would cancel every await of the clean-up as well.
    limit = asyncio.timeout(seconds)

    async def watched(message: Message) -> None:
        await send(message)
        if _is_last(message):
            limit.reschedule(None)

    try:
        async with limit:
            await app(scope, receive, watched)
    except TimeoutError as exc:
        if limit.expired():
            raise RequestTimeoutError(seconds) from exc
        raise


async def _on_trio(seconds: float, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    from anyio import move_on_after

    with move_on_after(seconds) as limit:

        async def watched(message: Message) -> None:
            await send(message)
            if _is_last(message):
                limit.deadline = math.inf

        await app(scope, receive, watched)
    if limit.cancelled_caught:
        raise RequestTimeoutError(seconds)
