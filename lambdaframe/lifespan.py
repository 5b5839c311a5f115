"""The ASGI protocols that bring no work: the lifespan, and websockets, which are refused.

https://asgi.readthedocs.io/en/latest/specs/lifespan.html
"""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Any, TypeAlias

from lambdaframe.types import ASGIApp, Receive, Scope, Send

Enter: TypeAlias = Callable[[], AbstractAsyncContextManager[Mapping[str, Any] | None]]


def lifespan_app(enter: Enter | None, close: Callable[[], Awaitable[None]]) -> ASGIApp:
    """The application for ``lifespan``, which may be served again when it has ended.

    ``enter`` gives the context manager around the life of the process; what that gives is added to the server's state.
    ``close`` is awaited after it, also when the start-up has failed.
    """

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        phase = "startup"
        try:
            async with AsyncExitStack() as stack:
                stack.push_async_callback(close)
                state = None if enter is None else await stack.enter_async_context(enter())
                if state:
                    scope["state"].update(state)
                await send({"type": "lifespan.startup.complete"})
                phase = "shutdown"
                await receive()
        except BaseException as exc:
            await send({"type": f"lifespan.{phase}.failed", "message": repr(exc)})
            raise
        await send({"type": "lifespan.shutdown.complete"})

    return serve


async def refuse_websocket(scope: Scope, receive: Receive, send: Send) -> None:
    """The application for ``websocket``."""
    await receive()
    await send({"type": "websocket.close", "code": 1000, "reason": "This application serves no websockets."})
