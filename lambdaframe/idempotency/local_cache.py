"""Done results kept in this process as well, so that a replay here asks no database.

Nothing can go wrong by it: a done record never changes until it expires. Only results are kept, never who is running.
"""

import time
from collections import OrderedDict
from threading import Lock
from types import TracebackType
from typing import Any, NamedTuple, Self

from lambdaframe.errors import ConfigurationError
from lambdaframe.idempotency.counters import counters_of
from lambdaframe.idempotency.lock import Lockable
from lambdaframe.idempotency.store import Notifying, Store, naming_of, open_store
from lambdaframe.idempotency.transitions import TABLE, Claim, Entry, Outcome, Reply, refusal
from lambdaframe.types import Clock


class _Stamp(NamedTuple):
    """A moment by both of this process's clocks, in seconds."""

    wall: float
    monotonic: float


class _Done(NamedTuple):
    """A done record, and a moment by the store's clock (ms) that was not before ``stamp`` by ours."""

    entry: Entry
    now: int
    stamp: _Stamp


class LocalCache(Lockable):
    """A store with a process-local cache of done results before it, the ``max_items`` used last.

    A result counts until it expires by the store's clock, as in the store. A record that somebody deletes from the
    database is remembered until then. It needs memory for so many results. ``store``: a store or its URL.
    """

    def __init__(self, store: str | Store, max_items: int = 256, clock: Clock = time) -> None:
        if max_items < 1:
            raise ConfigurationError(f"LocalCache keeps max_items={max_items} results; it needs one at least.")
        self.store = open_store(store)
        self.counters = counters_of(self.store)
        self.naming = naming_of(self.store)
        self._max_items = max_items
        self._clock = clock
        self._done: OrderedDict[str, _Done] = OrderedDict()
        self._lock = Lock()  # loops in several threads may share it

    @property
    def max_result_size(self) -> int | None:
        """The store's."""
        return self.store.max_result_size

    async def acquire(self, claim: Claim) -> Reply:
        """See Store. REPLAY and MISMATCH may come from the cache."""
        stamp = self._stamp()
        found = self._find(claim.key, stamp)
        if found is not None:
            return Reply(refusal(TABLE["acquire"], found.entry, claim, found.now), found.entry, found.now)
        return self._keep(claim.key, await self.store.acquire(claim), stamp)

    async def complete(self, claim: Claim, outcome: Outcome) -> Reply:
        """See Store."""
        stamp = self._stamp()
        return self._keep(claim.key, await self.store.complete(claim, outcome), stamp)

    async def release(self, claim: Claim) -> Reply:
        """See Store."""
        return await self.store.release(claim)

    async def extend(self, claim: Claim) -> Reply:
        """See Store."""
        return await self.store.extend(claim)

    async def changed(self, key: str, seconds: float) -> bool:
        """See Notifying. False at once for a store that does not tell."""
        return isinstance(self.store, Notifying) and await self.store.changed(key, seconds)

    async def aclose(self) -> None:
        """Forget the results and close the store's connections."""
        with self._lock:
            self._done.clear()
        close: Any = getattr(self.store, "aclose", None)
        if close is not None:
            await close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def _find(self, key: str, stamp: _Stamp) -> _Done | None:
        """What is kept, with ``now`` at this stamp; nothing once it has expired."""
        with self._lock:
            kept = self._done.get(key)
            if kept is None:
                return None
            # Lambda freezes the process, and the monotonic clock may stand still meanwhile; the other one may be set
            # back. Whichever has moved further is believed: then a result is dropped too soon rather than too late.
            passed = max(stamp.wall - kept.stamp.wall, stamp.monotonic - kept.stamp.monotonic)
            now = kept.now + round(passed * 1_000)
            if now > kept.entry.expires:
                del self._done[key]
                return None
            self._done.move_to_end(key)
        return kept._replace(now=now)

    def _keep(self, key: str, reply: Reply, stamp: _Stamp) -> Reply:
        """``stamp``: when the store was asked, so that its answer is from then or later."""
        if reply.entry.state == "D":
            with self._lock:
                self._done[key] = _Done(reply.entry, reply.now, stamp)
                self._done.move_to_end(key)
                if len(self._done) > self._max_items:
                    self._done.popitem(last=False)
        return reply

    def _stamp(self) -> _Stamp:
        return _Stamp(self._clock.time(), self._clock.monotonic())
