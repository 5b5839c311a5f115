"""One batch, one run of the application: an invocation of its own, as in Lambda, with its context and its time.

Without ``timeout`` an invocation has no deadline, as under a local server.
"""

import asyncio
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from lambdaframe.invocation import SCOPE_KEY, Invocation, current
from lambdaframe.logging import get_logger
from lambdaframe.logging.context import fresh_keys
from lambdaframe.types import ASGIApp, Event, Receive, Scope, Send
from lambdaframe_adapters.workers.shutdown import Shutdown

LEFT_BEHIND = 2.0
"""Seconds that work which was cut off gets for its ``finally`` blocks."""

_log = get_logger("lambdaframe.worker")


class Invocations:
    """Runs ``app`` for batches. ``state``: what the lifespan yielded. ``timeout``: seconds for one batch, or None.

    ``cut_off``: whether work had to be cancelled at the end of the grace.
    """

    def __init__(
        self, app: ASGIApp, shutdown: Shutdown, *, state: Mapping[str, Any] | None = None, timeout: float | None = None
    ) -> None:
        self.shutdown = shutdown
        self.cut_off = False
        self._app = app
        self._state = state or {}
        self._timeout = timeout
        self._cold = True

    async def run(self, scope: Scope, event: Event, receive: Receive, send: Send) -> None:
        """Serve one batch to its end, or until the grace is over: then it is cancelled, and left behind if need be.

        What the application raises is logged: what it has not answered then is not done.
        """
        task = asyncio.create_task(self._serve(scope, event, receive, send))
        over = asyncio.create_task(self.shutdown.over.wait())
        try:
            await asyncio.wait((task, over), return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                self.cut_off = True
                task.cancel()
                await asyncio.wait((task,), timeout=LEFT_BEHIND)
        finally:
            over.cancel()
            task.cancel()
        if not task.done():
            _log.error("A batch goes on although it was cancelled; it is left behind", source=scope["name"])
        elif not task.cancelled():
            self._report(task, scope)

    def _report(self, task: "asyncio.Task[None]", scope: Scope) -> None:
        error = task.exception()
        if error is not None:
            _log.error("The batch failed", source=scope["source"], name=scope["name"], exc_info=error)

    async def _serve(self, scope: Scope, event: Event, receive: Receive, send: Send) -> None:
        deadline = None if self._timeout is None else time.monotonic() + self._timeout
        invocation = Invocation(source=scope["source"], cold_start=self._cold, deadline=deadline, raw_event=event)
        self._cold = False
        scope[SCOPE_KEY] = invocation
        invocation.arn = scope.get("arn")
        scope["state"] = dict(self._state)
        current.set(invocation)
        fresh_keys()
        # What would end the process ends this batch: the worker has others.
        with suppress(asyncio.CancelledError):
            try:
                await self._app(scope, receive, send)
            except (SystemExit, KeyboardInterrupt) as exc:
                raise RuntimeError(f"The application raised {type(exc).__name__}") from exc
