"""A LambdaHandler in virtual time: its loop, its deadlines and the poller share one clock, which jumps over waits."""

import asyncio
import selectors
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from lambdaframe.invocation import SCOPE_KEY, Invocation
from lambdaframe.testing import FakeClock
from lambdaframe.types import ASGIApp, Message, Receive, Scope, Send
from lambdaframe_adapters import LambdaHandler

TICK = 1e-6
"""Seconds that the clock moves at least: less may be lost in its floating point, and then it would never move."""


class ClockLoop(asyncio.SelectorEventLoop):
    """An asyncio loop that moves ``clock`` to the next timer when there is nothing to do.

    With ``threads`` it waits for them instead, in real time, which does not count: a thread's work takes none.
    """

    def __init__(self, clock: FakeClock, *, threads: bool) -> None:
        self._clock = clock
        super().__init__(_Selector(clock, threads))
        self._clock_resolution = TICK

    def time(self) -> float:
        return self._clock.monotonic()


class _Selector(selectors.DefaultSelector):
    def __init__(self, clock: FakeClock, threads: bool) -> None:
        super().__init__()
        self._clock = clock
        self._threads = threads

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        events = super().select(timeout if self._threads else 0)
        if not events and not self._threads:
            if timeout is None:
                raise RuntimeError("Everything waits, and nothing is to come: the program hangs.")
            if timeout:
                self._clock.advance(max(timeout, TICK))
        return events


@contextmanager
def virtual_handler(
    app: ASGIApp, clock: FakeClock, *, threads: bool, answered: Callable[[Message], None]
) -> Generator[LambdaHandler]:
    """A handler of ``app`` on a loop of this clock. ``answered`` is told of every record's answer."""

    async def timed(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "records":
            await app(scope, receive, send)
            return
        invocation: Invocation = scope[SCOPE_KEY]
        context: Any = invocation.raw_context
        invocation.clock = clock
        invocation.deadline = clock.monotonic() + context.get_remaining_time_in_millis() / 1000

        async def watched(message: Message) -> None:
            answered(message)
            await send(message)

        await app(scope, receive, watched)

    with patch("asyncio.new_event_loop", lambda: ClockLoop(clock, threads=threads)):
        handler = LambdaHandler(timed)
    try:
        yield handler
    finally:
        handler.close()
