"""The way out, in two steps: first nothing more is taken in, then what is still in work is cut off."""

import asyncio
from contextlib import suppress


class Shutdown:
    """``asked``: take in nothing more, finish what is in work. ``over``: the time for that has passed.

    ``grace``: seconds between the two. It belongs to the loop it is made in.
    """

    def __init__(self, grace: float) -> None:
        self.asked = asyncio.Event()
        self.over = asyncio.Event()
        self._grace = grace

    def ask(self) -> None:
        """The first time it begins the grace, the second time it ends it: who asks twice is in a hurry."""
        if self.asked.is_set():
            self.over.set()
            return
        self.asked.set()
        asyncio.get_running_loop().call_later(self._grace, self.over.set)

    async def sleep(self, seconds: float) -> None:
        """Sleep, but not past the moment that the way out is asked for."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.asked.wait()
