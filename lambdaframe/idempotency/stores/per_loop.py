"""Connections that belong to an event loop, are made when it first needs them, and are kept for as long as it lives."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Generic, TypeVar

from lambdaframe.errors import ConfigurationError
from lambdaframe.types import Clock

T = TypeVar("T")


class PerLoop(Generic[T]):
    """One connection for each event loop that asks for it.

    ``connect``: makes one, and enters what has to be closed into the stack. ``idle_limit``: seconds of the wall clock.
    A connection that was not used for longer is replaced before its next use: a frozen process does not notice how its
    sockets die, and finds out by a time-out. The clock must go on while the process is frozen, so ``time()`` is read.
    """

    def __init__(self, connect: Callable[[AsyncExitStack], Awaitable[T]], *, idle_limit: float, clock: Clock) -> None:
        self._connect = connect
        self._idle_limit = idle_limit
        self._clock = clock
        self._slots: dict[asyncio.AbstractEventLoop, _Slot[T]] = {}

    @asynccontextmanager
    async def use(self) -> AsyncGenerator[T]:
        """The running loop's connection. Concurrent first uses make one. Raises what ``connect`` raises."""
        slot = self._slot()
        now = self._clock.time()
        if slot.kept is not None and now - slot.kept.used_at > self._idle_limit:
            await self._renew(slot, slot.kept)
        while (kept := slot.kept) is None:  # again, if it was closed while we waited for it
            await self._renew(slot, None)
        kept.users += 1
        kept.used_at = now
        try:
            yield kept.value
        finally:
            kept.users -= 1
            kept.used_at = self._clock.time()
            if kept is not slot.kept:
                await kept.close_if_unused()

    async def aclose(self) -> None:
        """Close what this and other running loops have. A connection in use is closed by its last user; a later use
        connects again."""
        here = asyncio.get_running_loop()
        for loop, slot in list(self._slots.items()):
            if loop is here:
                await slot.let_go()
            elif loop.is_running():
                await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(slot.let_go(), loop))

    def _slot(self) -> "_Slot[T]":
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            raise ConfigurationError(
                "This store runs on asyncio; on trio use memory:// or a store of your own."
            ) from None
        slot = self._slots.get(loop)
        if slot is None:
            for other in [other for other in list(self._slots) if other.is_closed()]:
                self._slots.pop(other, None)
            slot = self._slots[loop] = _Slot()
        return slot

    async def _renew(self, slot: "_Slot[T]", stale: "_Kept[T] | None") -> None:
        async with slot.lock:
            if slot.kept is not stale:
                return
            steps = self._steps(slot)
            slot.kept = _Kept(steps, await anext(steps), self._clock.time())
        if stale is not None:
            await stale.close_if_unused()

    async def _steps(self, slot: "_Slot[T]") -> AsyncGenerator[T]:
        # Suspended in a generator the connection is closed with the loop, by shutdown_asyncgens(), if not before. That
        # closes all generators of the loop at once, so there must be none inside this one: hence the stack.
        async with AsyncExitStack() as stack:
            value = await self._connect(stack)
            try:
                yield value
            finally:
                if slot.kept is not None and slot.kept.value is value:
                    slot.kept = None


class _Kept(Generic[T]):
    """A connection, how many use it, and when it was last used."""

    __slots__ = ("_steps", "used_at", "users", "value")

    def __init__(self, steps: AsyncGenerator[T], value: T, now: float) -> None:
        self._steps = steps
        self.value = value
        self.users = 0
        self.used_at = now

    async def close_if_unused(self) -> None:
        if not self.users:
            await self._steps.aclose()


class _Slot(Generic[T]):
    """What one loop has."""

    __slots__ = ("kept", "lock")

    def __init__(self) -> None:
        self.kept: _Kept[T] | None = None
        self.lock = asyncio.Lock()

    async def let_go(self) -> None:
        kept, self.kept = self.kept, None
        if kept is not None:
            await kept.close_if_unused()
