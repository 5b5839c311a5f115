"""A store under test: what the model asks of it beside the four moves."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias, TypeVar

from lambdaframe.idempotency import Store
from lambdaframe.idempotency.transitions import Claim, Entry
from tests.idempotency.clock import FakeClock
from tests.idempotency.oracle import retention

T = TypeVar("T")


Record: TypeAlias = Mapping[str, Any]
"""All that a database keeps of one record, to the byte."""


class Shifted:
    """A clock that is another one, wrong by so many ms."""

    def __init__(self, clock: FakeClock, ms: int) -> None:
        self.clock = clock
        self.ms = ms

    def now_ms(self) -> int:
        return self.clock.now_ms + self.ms

    def time(self) -> float:
        return self.now_ms() / 1_000

    def monotonic(self) -> float:
        return self.time()


class Client(NamedTuple):
    """A store as one process has it. ``now``: the clock by which its moves are judged, ms."""

    store: Store
    now: Callable[[], int]


class Subject(ABC):
    """One kind of store over one database that lasts for many examples: each has keys of its own.

    ``shortest_lease``: ms; clocks that differ need leases of the skew at least. ``cleans_up``: whether the database
    deletes records that are long over. ``examples``, ``moves``: how many there were.
    """

    shortest_lease = 1
    cleans_up = False

    def __init__(self) -> None:
        self._runner = asyncio.Runner()
        self.examples = 0
        self.moves = 0

    def run(self, move: Coroutine[Any, Any, T]) -> T:
        """Await it on the one loop to which the stores' connections belong."""
        return self._runner.run(move)

    def close(self) -> None:
        """Nothing is left of it."""
        self._runner.close()

    def new_clock(self, ahead: int) -> FakeClock:
        """The clock of one example, at a time that is wrong by ``ahead`` ms or at any other."""
        return FakeClock(FakeClock().now_ms + ahead)

    @abstractmethod
    def clients(self, clock: FakeClock, skew: int) -> Sequence[Client]:
        """Two processes' views of one database. ``skew``: by how many ms their own clocks differ."""

    @abstractmethod
    def records(self, keys: Iterable[str]) -> Mapping[str, Record]:
        """What the database has of these keys, read by other means than the store."""

    @abstractmethod
    def entry(self, key: str, record: Record) -> Entry:
        """What the record means."""

    def retention(self, claim: Claim, now: int) -> tuple[int, int]:
        """``expires`` (ms) and ``ttl`` (s) of a record that is written now."""
        return retention(claim, now)

    def may_vanish(self, entry: Entry, now: int) -> bool:
        """Whether the store may have deleted it at this time, ms, without being asked to clean up."""
        return False

    def over_at(self, entry: Entry) -> int:
        """When the database may delete it, ms."""
        return entry.ttl * 1_000

    def clean_up(self, key: str, now: int) -> bool:
        """Let the database delete the record if the record says that it may be. Tells whether it was."""
        return False
