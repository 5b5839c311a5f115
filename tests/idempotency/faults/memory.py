"""Faults for the memory store: another rule in its table."""

import asyncio
from collections.abc import Callable, Mapping
from typing import ClassVar

from lambdaframe.idempotency import MemoryStore
from lambdaframe.idempotency.transitions import (
    ABSENT,
    TABLE,
    Claim,
    Condition,
    Entry,
    Move,
    Outcome,
    Reply,
    Rule,
    Verdict,
    Write,
    abandoned,
    absent,
    always,
    done,
    done_by_another,
    done_by_me,
    expired,
    free,
    held,
    other_payload,
    running,
    same_owner,
)
from tests.idempotency.clock import FakeClock
from tests.idempotency.subjects.memory import MemorySubject

MakeStore = Callable[[FakeClock], MemoryStore]


def faulty(
    move: Move,
    *,
    allowed: tuple[Condition, ...] | None = None,
    write: Write | None = None,
    refused: tuple[tuple[Condition, Verdict], ...] | None = None,
) -> MakeStore:
    """A MemoryStore with another rule for one move."""
    right = TABLE[move]
    rule = Rule(allowed or right.allowed, write or right.write, refused or right.refused)
    assert rule != right

    class Faulty(MemoryStore):
        table: ClassVar[Mapping[Move, Rule]] = {**TABLE, move: rule}

    return lambda clock: Faulty(clock=clock)


def instead(condition: Condition, other: Condition) -> tuple[Condition, ...]:
    """Acquire's conditions with one replaced."""
    return tuple(other if each is condition else each for each in TABLE["acquire"].allowed)


def lapsed_by(ms: int) -> Condition:
    """``abandoned`` with another margin."""
    return lambda entry, claim, now: abandoned(entry._replace(lease_until=entry.lease_until + ms), claim, now)


def deletes(entry: Entry, claim: Claim, outcome: Outcome, now: int) -> Entry:
    return ABSENT


def restarts_gen(entry: Entry, claim: Claim, outcome: Outcome, now: int) -> Entry:
    return running(ABSENT, claim, outcome, now)


def starts_gen_with_one(entry: Entry, claim: Claim, outcome: Outcome, now: int) -> Entry:
    return running(entry, claim, outcome, now)._replace(gen=entry.gen + 1)


def keeps_gen(entry: Entry, claim: Claim, outcome: Outcome, now: int) -> Entry:
    return running(entry, claim, outcome, now)._replace(gen=max(entry.gen, 1))


def keeps_result(entry: Entry, claim: Claim, outcome: Outcome, now: int) -> Entry:
    return running(entry, claim, outcome, now)._replace(result=entry.result, kind=entry.kind)


def keeps_fingerprint(entry: Entry, claim: Claim, outcome: Outcome, now: int) -> Entry:
    return running(entry, claim, outcome, now)._replace(fingerprint=entry.fingerprint or claim.fingerprint)


class SweepsTooSoon(MemoryStore):
    """Deletes what has lapsed, not what has expired."""

    def _sweep(self, now: int) -> None:
        for key, entry in list(self._entries.items()):
            if now > entry.lease_until:
                del self._entries[key]


class NeverTookOver(MemoryStore):
    """Does not tell that an attempt was granted over one that never ended."""

    async def acquire(self, claim: Claim) -> Reply:
        return (await super().acquire(claim))._replace(took_over=False)


class LooksFirst(MemoryStore):
    """Reads the record, and writes a moment later what that allows."""

    async def acquire(self, claim: Claim) -> Reply:
        seen = self._entries.get(claim.key, ABSENT)
        await asyncio.sleep(0)
        self._entries[claim.key] = seen
        return await super().acquire(claim)


FAULTS: Mapping[str, MakeStore] = {
    "acquires over a running record": faulty("acquire", allowed=(always,)),
    "runs a done record again": faulty("acquire", allowed=(absent, free, expired, abandoned, done)),
    "never acquires a released record": faulty("acquire", allowed=(absent, expired, abandoned)),
    "never acquires an expired record": faulty("acquire", allowed=(absent, free, abandoned)),
    "never takes over": faulty("acquire", allowed=(absent, free, expired)),
    "ignores the skew": faulty("acquire", allowed=instead(abandoned, lapsed_by(-1_000))),
    "takes over a millisecond early": faulty("acquire", allowed=instead(abandoned, lapsed_by(-1))),
    "takes over a millisecond late": faulty("acquire", allowed=instead(abandoned, lapsed_by(1))),
    "expires a millisecond early": faulty(
        "acquire", allowed=instead(expired, lambda entry, claim, now: now >= entry.expires)
    ),
    "expires a millisecond late": faulty(
        "acquire", allowed=instead(expired, lambda entry, claim, now: now > entry.expires + 1)
    ),
    "takes over for another payload": faulty(
        "acquire",
        allowed=instead(abandoned, lambda e, c, now: abandoned(e._replace(fingerprint=c.fingerprint), c, now)),
    ),
    "takes over from the same owner": faulty(
        "acquire", allowed=instead(abandoned, lambda e, c, now: abandoned(e._replace(owner="?"), c, now))
    ),
    "takes over though told not to": faulty(
        "acquire", allowed=instead(abandoned, lambda e, c, now: abandoned(e, c._replace(takeover=True), now))
    ),
    "replays for another payload": faulty(
        "acquire", refused=((done, Verdict.REPLAY), (other_payload, Verdict.MISMATCH), *TABLE["acquire"].refused[2:])
    ),
    "does not know its own lost reply": faulty(
        "acquire", refused=tuple(pair for pair in TABLE["acquire"].refused if pair[0] is not same_owner)
    ),
    "starts gen anew": faulty("acquire", write=restarts_gen),
    "starts gen with one": faulty("acquire", write=starts_gen_with_one),
    "does not raise gen": faulty("acquire", write=keeps_gen),
    "does not drop the old result": faulty("acquire", write=keeps_result),
    "keeps the old fingerprint": faulty("acquire", write=keeps_fingerprint),
    "does not tell takeovers": lambda clock: NeverTookOver(clock=clock),
    "completes unconditionally": faulty("complete", allowed=(always,)),
    "completes over a done record": faulty("complete", allowed=(held, done_by_another)),
    "completes without checking the owner": faulty(
        "complete", allowed=(lambda entry, claim, now: held(entry, claim._replace(owner=entry.owner), now),)
    ),
    "completes without checking gen": faulty(
        "complete", allowed=(lambda entry, claim, now: held(entry, claim.granted(entry.gen), now),)
    ),
    "calls another's result lost": faulty("complete", refused=((done_by_me, Verdict.FINE), (always, Verdict.LOST))),
    "calls another's result its own": faulty("complete", refused=((done, Verdict.FINE), (always, Verdict.LOST))),
    "returns the result of another payload": faulty(
        "complete", refused=((done_by_me, Verdict.FINE), (done, Verdict.THEIRS), (always, Verdict.LOST))
    ),
    "releases unconditionally": faulty("release", allowed=(lambda entry, claim, now: bool(entry.state),)),
    "releases what is done": faulty("release", allowed=(held, lambda entry, claim, now: done_by_me(entry, claim, now))),
    "deletes on release": faulty("release", write=deletes),
    "extends what is another's": faulty("extend", allowed=(lambda entry, claim, now: entry.state == "R",)),
    "extends only an unexpired lease": faulty(
        "extend", allowed=(lambda e, c, now: held(e, c, now) and now <= e.lease_until,)
    ),
    "lets a record expire under its lease": faulty(
        "extend", write=lambda e, c, outcome, now: e._replace(lease_until=now + c.lease_ms)
    ),
    "looks before it writes": lambda clock: LooksFirst(clock=clock),
    "sweeps too soon": lambda clock: SweepsTooSoon(clock=clock),
}


def subject(fault: str) -> MemorySubject:
    """The memory store with one of these faults."""
    return MemorySubject(FAULTS[fault])
