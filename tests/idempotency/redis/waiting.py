"""Waiting for something to come true, in tests."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

PATIENCE = 20.0
"""Seconds that a test waits for what must happen; it would take milliseconds on an idle machine."""


async def eventually(condition: Callable[[], object]) -> None:
    """Return as soon as the condition holds. Raises TimeoutError when it does not."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 -- it is the server's state, which tells nobody
            await asyncio.sleep(0.005)


async def soon(awaited: Awaitable[T]) -> T:
    """Its result. Raises TimeoutError when there is none for a long time."""
    async with asyncio.timeout(PATIENCE):
        return await awaited
