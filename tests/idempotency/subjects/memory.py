"""The memory store under the model, alone and behind a local cache."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from lambdaframe.idempotency import MemoryStore, Store
from lambdaframe.idempotency.local_cache import LocalCache
from lambdaframe.idempotency.transitions import Claim, Entry
from lambdaframe.types import Clock
from tests.idempotency.clock import FakeClock
from tests.idempotency.subjects.subject import Client, Record, Shifted, Subject

DAY = 86_400_000


class MemorySubject(Subject):
    """``make(clock)``: a MemoryStore, one for all processes of an example."""

    def __init__(self, make: Callable[[FakeClock], MemoryStore] = lambda clock: MemoryStore(clock=clock)) -> None:
        super().__init__()
        self._make = make

    def clients(self, clock: FakeClock, skew: int) -> Sequence[Client]:
        self._store = self._make(clock)
        return [Client(self._store, lambda: clock.now_ms)] * 2

    def records(self, keys: Iterable[str]) -> Mapping[str, Record]:
        entries = self._store._entries  # pyright: ignore[reportPrivateUsage] -- nobody else sees what it holds
        return {key: entries[key]._asdict() for key in keys if key in entries}

    def entry(self, key: str, record: Record) -> Entry:
        return Entry(**record)

    def may_vanish(self, entry: Entry, now: int) -> bool:
        return now > self.over_at(entry)

    def over_at(self, entry: Entry) -> int:
        return entry.ttl * 1_000 if entry.state == "R" else entry.expires

    def clean_up(self, key: str, now: int) -> bool:
        """It looks at old records when there are new ones."""
        for number in range(2):
            self.run(self._store.acquire(Claim(f"new {number} at {now}", "somebody", "x", 1, 2)))
        return False


class LocalCacheSubject(MemorySubject):
    """Two processes with a cache of one result each, before one memory store whose clock theirs do not know."""

    def __init__(
        self, make: Callable[[Store, Clock], LocalCache] = lambda store, clock: LocalCache(store, 1, clock)
    ) -> None:
        super().__init__()
        self._make_cache = make

    def clients(self, clock: FakeClock, skew: int) -> Sequence[Client]:
        behind, *_ = super().clients(clock, skew)
        clocks = (Shifted(clock, -30 * DAY), Shifted(clock, 30 * DAY + skew))
        return [Client(self._make_cache(behind.store, own), behind.now) for own in clocks]
