"""For the tests of applications: Starlette's TestClient, and fakes for what an application reads from outside."""

from datetime import timedelta

from starlette.testclient import TestClient

from lambdaframe.idempotency.stores.memory import MemoryStore


class FakeClock:
    """A clock that moves when it is told to. Give it as ``clock=`` where a Clock is taken."""

    def __init__(self, start: float = 1_700_000_000.0) -> None:
        self._now = start

    def time(self) -> float:
        """Seconds since the epoch."""
        return self._now

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return self._now

    def advance(self, by: float | timedelta) -> None:
        """Move on by this many seconds. Raises ValueError for a step back."""
        seconds = by.total_seconds() if isinstance(by, timedelta) else by
        if seconds < 0:
            raise ValueError("A clock does not go back.")
        self._now += seconds


__all__ = ["FakeClock", "MemoryStore", "TestClient"]
