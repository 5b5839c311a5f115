"""What belongs to an event loop: made when the loop first needs it, closed when the loop ends."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Generic, Protocol, TypeVar

from lambdaframe.errors import ConfigurationError


class Closable(Protocol):
    async def close(self) -> None: ...


T = TypeVar("T", bound=Closable)


class LoopBound(Generic[T]):
    """One thing for each event loop that asks for it. ``make`` is called in the loop."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._made: dict[asyncio.AbstractEventLoop, tuple[T, AsyncGenerator[None]]] = {}

    async def here(self) -> T:
        """The running loop's. Raises ConfigurationError on another loop than asyncio's."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            raise ConfigurationError(
                "RedisStore runs on asyncio; on trio use memory:// or a store of your own."
            ) from None
        found = self._made.get(loop)
        return found[0] if found else await self._begin(loop)

    async def aclose(self) -> None:
        """Close what this and other running loops have; it is made anew when it is needed again."""
        here = asyncio.get_running_loop()
        for loop, (_, ending) in list(self._made.items()):
            if loop is here:
                await ending.aclose()
            elif loop.is_running():
                await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(ending.aclose(), loop))

    async def _begin(self, loop: asyncio.AbstractEventLoop) -> T:
        for ended in [other for other in list(self._made) if other.is_closed()]:
            self._made.pop(ended, None)
        made = self._make()
        # A generator that has begun is ended by the loop's own end, shutdown_asyncgens().
        ending = self._ending(loop, made)
        self._made[loop] = made, ending
        await anext(ending)
        return made

    async def _ending(self, loop: asyncio.AbstractEventLoop, made: T) -> AsyncGenerator[None]:
        try:
            yield
        finally:
            self._made.pop(loop, None)
            await made.close()
