"""Faults for the local cache: what it keeps, for how long, and how it answers from it."""

from collections.abc import Callable, Mapping

from lambdaframe.idempotency import Store
from lambdaframe.idempotency.local_cache import LocalCache
from lambdaframe.idempotency.transitions import Claim, Outcome, Reply, Verdict
from lambdaframe.types import Clock
from tests.idempotency.subjects.memory import LocalCacheSubject


class BelievesItsOwnClock(LocalCache):
    """Takes the process's time for the store's."""

    async def acquire(self, claim: Claim) -> Reply:
        reply = await super().acquire(claim)
        self._keep(claim.key, reply._replace(now=round(self._clock.time() * 1_000)), self._stamp())
        return reply


class KeepsWhatIsRunning(LocalCache):
    """Keeps every record, and takes each for a done one."""

    async def acquire(self, claim: Claim) -> Reply:
        reply = await super().acquire(claim)
        self._keep(claim.key, reply._replace(entry=reply.entry._replace(state="D")), self._stamp())
        return reply


class KeepsTooLong(LocalCache):
    """Keeps a result a millisecond longer than it counts."""

    async def complete(self, claim: Claim, outcome: Outcome) -> Reply:
        reply = await super().complete(claim, outcome)
        longer = reply.entry._replace(expires=reply.entry.expires + 1)
        self._keep(claim.key, reply._replace(entry=longer), self._stamp())
        return reply


class KeepsForgedResults(LocalCache):
    """Keeps what a completion wanted to write, whether it was written or not."""

    async def complete(self, claim: Claim, outcome: Outcome) -> Reply:
        reply = await super().complete(claim, outcome)
        wanted = reply.entry._replace(state="D", result=outcome.result, kind=outcome.kind)
        self._keep(claim.key, reply._replace(entry=wanted), self._stamp())
        return reply


class RepliesToAnyPayload(LocalCache):
    """Does not compare the payload of what it keeps."""

    async def acquire(self, claim: Claim) -> Reply:
        reply = await super().acquire(claim)
        if reply.verdict is Verdict.MISMATCH and self._find(claim.key, self._stamp()):
            return reply._replace(verdict=Verdict.REPLAY)
        return reply


class MixesUpKeys(LocalCache):
    """Finds the result that was kept last, whatever the key."""

    async def acquire(self, claim: Claim) -> Reply:
        return await super().acquire(claim._replace(key=next(reversed(self._done), claim.key)))


FAULTS: Mapping[str, Callable[[Store, Clock], LocalCache]] = {
    "believes its own clock": lambda store, clock: BelievesItsOwnClock(store, 1, clock),
    "keeps what is running": lambda store, clock: KeepsWhatIsRunning(store, 1, clock),
    "keeps a result too long": lambda store, clock: KeepsTooLong(store, 1, clock),
    "keeps a result that was not recorded": lambda store, clock: KeepsForgedResults(store, 1, clock),
    "replays for another payload": lambda store, clock: RepliesToAnyPayload(store, 1, clock),
    "mixes up keys": lambda store, clock: MixesUpKeys(store, 1, clock),
}


def subject(fault: str) -> LocalCacheSubject:
    """A memory store behind a local cache with one of these faults."""
    return LocalCacheSubject(FAULTS[fault])
