"""Stores in memory with the faults that a lock must live with, and a clock that everybody shares."""

import anyio

from lambdaframe.errors import StoreUnavailableError
from lambdaframe.idempotency import MemoryStore
from lambdaframe.idempotency.keys import digest
from lambdaframe.idempotency.lock import Lock
from lambdaframe.idempotency.policy import Duration
from lambdaframe.idempotency.transitions import Claim, Entry, Reply
from tests.idempotency.virtual_time import VirtualClock

KEY = digest(b"lock", b"stock")


class FaultyStore(MemoryStore):
    """``down``: it can't be reached. ``hanging``: seconds until the client gives up. ``slow``: seconds a reply takes.
    ``twice``: the first reply gets lost, and the client tries again after so many seconds. ``extended``: when.
    """

    def __init__(self, clock: VirtualClock) -> None:
        super().__init__(clock=clock)
        self.clock = clock
        self.down = False
        self.hanging = 0.0
        self.slow = 0.0
        self.twice: float | None = None
        self.extended: list[float] = []

    def lock(self, name: str = "stock", *, ttl: Duration = 30.0, wait: Duration | None = None) -> Lock:
        """A lock in the same virtual time."""
        return Lock(self, name, ttl=ttl, wait=wait, clock=self.clock)

    async def acquire(self, claim: Claim) -> Reply:
        await self._fault("acquire")
        reply = await super().acquire(claim)
        if self.twice is not None:
            reply = await super().acquire(claim)
        await anyio.sleep(self.slow)
        return reply

    async def release(self, claim: Claim) -> Reply:
        await self._fault("release")
        reply = await super().release(claim)
        if self.twice is not None:
            await anyio.sleep(self.twice)
            reply = await super().release(claim)
        await anyio.sleep(self.slow)
        return reply

    async def extend(self, claim: Claim) -> Reply:
        await self._fault("extend")
        self.extended.append(anyio.current_time())
        return await super().extend(claim)

    async def _fault(self, move: str) -> None:
        if self.hanging:
            await anyio.sleep(self.hanging)
            raise StoreUnavailableError("The store", move, TimeoutError("no answer"))
        if self.down:
            raise StoreUnavailableError("The store", move, ConnectionError("no route"))

    def forget(self, name: str = "stock") -> None:
        """Lose the lock's record, as a cache does that starts anew."""
        del self._entries[digest(b"lock", name.encode())]

    def entry(self, key: str = KEY) -> Entry:
        """The lock's record."""
        return self._entries[key]


async def crash(store: MemoryStore, *, ttl: float = 30.0) -> int:
    """A holder that dies: it never says another word. Gives its fencing token. One step, without faults."""
    reply = await MemoryStore.acquire(store, Claim(KEY, "dead", "lock", round(ttl * 1_000), 3_600_000))
    return reply.entry.gen
