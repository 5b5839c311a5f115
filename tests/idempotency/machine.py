"""One model for every store: a hypothesis state machine that knows what each move must answer and write.

The oracle is written from the specification in plain ``if``s, not from the transition table that it checks. The
clock is stepped onto the boundaries, where a fault of one millisecond shows.

I1 at most one owner per generation · I2 generations strictly increase · I3 a done record stays as it is until it
expires · I4 every caller gets its bytes, late owners included · I5 a stale owner or generation changes nothing · I6 nor
does another payload · I7 a record can be acquired within lease + skew after a crash · I8 an attempt starts only after
the last one was released, lapsed or expired · I9 a fenced sink accepts every current holder and no stale one.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, ClassVar, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from lambdaframe.idempotency import Store
from lambdaframe.idempotency.transitions import Claim, Entry, Kind, Outcome, Reply, Verdict
from tests.idempotency.clock import FakeClock

T = TypeVar("T")

SKEW = 1_000
DAY = 86_400_000
KEYS = ("a", "b")

keys = st.sampled_from(KEYS)
pick = st.integers(0, 3)


class StoreMachine(RuleBasedStateMachine):
    """Subclass it with the store: ``make_store(clock)``, and ``peek(key)`` if it is not a MemoryStore."""

    make_store: ClassVar[Callable[[FakeClock], Store]]

    def __init__(self) -> None:
        super().__init__()
        self.clock = FakeClock()
        self.store = type(self).make_store(self.clock)
        self.runner = asyncio.Runner()
        self.model: dict[str, Entry] = {}
        self.claims: list[Claim] = []
        self.tokens: dict[str, list[int]] = {key: [] for key in KEYS}
        self.sink: dict[str, int] = dict.fromkeys(KEYS, 0)

    def teardown(self) -> None:
        self.runner.close()

    def peek(self, key: str) -> Entry | None:
        """The record as it is stored now."""
        store: Any = self.store
        found: Entry | None = store._entries.get(key)
        return found

    def run(self, move: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(move)

    def may_be_gone(self, key: str) -> bool:
        """Whether the store may have deleted the record: nothing counts on it any more."""
        entry = self.model[key]
        return self.clock.now_ms > (entry.ttl * 1_000 if entry.state == "R" else entry.expires)

    # The moves

    @rule(
        key=keys,
        fingerprint=st.sampled_from("xxxy"),
        again=st.one_of(st.none(), st.none(), pick),
        lease=st.sampled_from([1, 50, 2_000, 30_000]),
        longer=st.sampled_from([0, 1, 3_000, 90_000]),
        takeover=st.sampled_from([True, True, True, False]),
    )
    def acquire(self, key: str, fingerprint: str, again: int | None, lease: int, longer: int, takeover: bool) -> None:
        owner = f"owner {len(self.claims)} at {self.clock.now_ms}"
        if again is not None and self.claims:
            owner = self.chosen(again).owner
        self.try_to_acquire(Claim(key, owner, fingerprint, lease, 2 * lease + longer, takeover))

    def try_to_acquire(self, claim: Claim) -> Reply:
        expected = self.expected_acquire(claim)
        found = self.model.get(claim.key)
        reply = self.run(self.store.acquire(claim))
        assert reply.verdict is expected
        assert reply.now == self.clock.now_ms
        if expected is Verdict.GRANTED:
            gen = reply.entry.gen
            assert gen > max(self.tokens[claim.key], default=0), "I2"
            self.tokens[claim.key].append(gen)
            self.claims.append(claim.granted(gen))
            lease_until = self.clock.now_ms + claim.lease_ms
            self.model[claim.key] = Entry("R", claim.owner, gen, lease_until, claim.fingerprint, *self.retention(claim))
        assert reply.entry == self.model[claim.key], f"found {found}"
        return reply

    def expected_acquire(self, claim: Claim) -> Verdict:
        entry, now = self.model.get(claim.key), self.clock.now_ms
        if entry is None or entry.state == "F" or now > entry.expires:
            return Verdict.GRANTED
        if entry.fingerprint != claim.fingerprint:
            return Verdict.MISMATCH
        if entry.state == "D":
            return Verdict.REPLAY
        if entry.owner == claim.owner:
            return Verdict.MINE
        lapsed = now - entry.lease_until >= SKEW + 1
        return Verdict.GRANTED if lapsed and claim.takeover else Verdict.BUSY

    @rule(which=pick, kind=st.sampled_from(["ok", "error", "omitted"]), result=st.binary(max_size=3))
    def complete(self, which: int, kind: Kind, result: bytes) -> None:
        if self.claims:
            self.try_to_complete(self.chosen(which), Outcome(kind, result))

    @rule(which=pick)
    def release(self, which: int) -> None:
        if self.claims:
            self.try_to_change(self.store.release, self.chosen(which), "F")

    @rule(which=pick, lease=st.sampled_from([1, 2_000, 30_000]))
    def extend(self, which: int, lease: int) -> None:
        if self.claims:
            claim = self.chosen(which)._replace(lease_ms=lease)
            self.try_to_change(self.store.extend, claim._replace(retention_ms=max(claim.retention_ms, 2 * lease)), "R")

    @rule(
        which=pick,
        how=st.sampled_from(["next gen", "last gen", "another owner"]),
        move=st.sampled_from(["complete", "release", "extend"]),
    )
    def forge(self, which: int, how: str, move: str) -> None:
        """A claim that was never granted, at least not so; the model knows."""
        if not self.claims:
            return
        claim = self.chosen(which)
        if how == "another owner":
            claim = claim._replace(owner="stranger")
        else:
            claim = claim.granted(claim.gen + (1 if how == "next gen" else -1))
        if move == "complete":
            self.try_to_complete(claim, Outcome("ok", b"forged"))
        elif move == "release":
            self.try_to_change(self.store.release, claim, "F")
        else:
            self.try_to_change(self.store.extend, claim, "R")

    def try_to_complete(self, claim: Claim, outcome: Outcome) -> None:
        entry = self.model.get(claim.key)
        expected = Verdict.LOST
        if entry is not None and entry.state == "R" and self.holds(claim):
            expected = Verdict.GRANTED
        elif entry is not None and entry.state == "D":
            mine = (entry.owner, entry.gen) == (claim.owner, claim.gen)
            same = entry.fingerprint == claim.fingerprint
            expected = Verdict.FINE if mine else Verdict.THEIRS if same else Verdict.LOST
        reply = self.run(self.store.complete(claim, outcome))
        if self.was_gone(claim, reply):
            return
        assert reply.verdict is expected
        if expected is Verdict.GRANTED and entry is not None:
            expires, ttl = self.retention(claim)
            self.model[claim.key] = entry._replace(
                state="D", expires=expires, ttl=ttl, kind=outcome.kind, result=outcome.result
            )
        if expected is not Verdict.LOST:
            assert reply.entry == self.model[claim.key], "I4"

    def try_to_change(self, move: Callable[[Claim], Coroutine[Any, Any, Reply]], claim: Claim, state: str) -> None:
        holds = self.holds(claim)
        reply = self.run(move(claim))
        if self.was_gone(claim, reply):
            return
        assert reply.verdict is (Verdict.GRANTED if holds else Verdict.LOST)
        if not holds:
            return
        entry = self.model[claim.key]
        if state == "F":
            self.model[claim.key] = entry._replace(state="F")
        else:
            expires, ttl = self.retention(claim)
            self.model[claim.key] = entry._replace(
                lease_until=self.clock.now_ms + claim.lease_ms, expires=expires, ttl=ttl
            )
        assert reply.entry == self.model[claim.key]

    def was_gone(self, claim: Claim, reply: Reply) -> bool:
        """Whether the move was lost because the store had deleted the record, as it may."""
        gone = (
            reply.verdict is Verdict.LOST
            and claim.key in self.model
            and self.may_be_gone(claim.key)
            and self.peek(claim.key) is None
        )
        if gone:
            del self.model[claim.key]
        return gone

    def holds(self, claim: Claim) -> bool:
        entry = self.model.get(claim.key)
        return entry is not None and entry.state == "R" and (entry.owner, entry.gen) == (claim.owner, claim.gen)

    def chosen(self, which: int) -> Claim:
        """One of the last four claims that were granted, the last one for 0."""
        return self.claims[-1 - which % len(self.claims)]

    def retention(self, claim: Claim) -> tuple[int, int]:
        expires = self.clock.now_ms + claim.retention_ms
        return expires, (expires + DAY) // 1_000

    # Effects, time

    @rule(which=pick)
    def effect(self, which: int) -> None:
        """An attempt reaches a sink that refuses tokens lower than the highest it has seen."""
        if self.claims:
            claim = self.chosen(which)
            if accepted := claim.gen >= self.sink[claim.key]:
                self.sink[claim.key] = claim.gen
            assert accepted or not self.holds(claim), "I9"

    @rule(key=keys)
    def crash_and_recover(self, key: str) -> None:
        """The holder dies: a millisecond after lease and skew, and no sooner, another one starts."""
        entry = self.model.get(key)
        if entry is not None and entry.state == "R" and self.clock.now_ms <= entry.lease_until + SKEW < entry.expires:
            heir = Claim(key, f"heir at {self.clock.now_ms}", entry.fingerprint, 2_000, 4_000)
            self.clock.now_ms = entry.lease_until + SKEW
            assert self.try_to_acquire(heir).verdict is Verdict.BUSY
            self.clock.advance(1)
            assert self.try_to_acquire(heir).verdict is Verdict.GRANTED, "I7"

    @rule(
        key=keys,
        end=st.sampled_from(["lease", "retention"]),
        past=st.sampled_from([-1, 0, 1, SKEW, SKEW + 1]),
        visitor=st.sampled_from(["nobody", "heir", "cautious heir", "owner", "other payload"]),
    )
    def visit_at_a_boundary(self, key: str, end: str, past: int, visitor: str) -> None:
        entry = self.model.get(key)
        if entry is None:
            return
        self.clock.now_ms = max(self.clock.now_ms, (entry.lease_until if end == "lease" else entry.expires) + past)
        if visitor != "nobody":
            owner = entry.owner if visitor == "owner" else f"visitor {len(self.claims)}"
            payload = "z" if visitor == "other payload" else entry.fingerprint
            self.try_to_acquire(Claim(key, owner, payload, 2_000, 4_000, visitor != "cautious heir"))

    @rule(ms=st.sampled_from([1, 1, 999, 60_000, 2 * DAY]))
    def tick(self, ms: int) -> None:
        self.clock.advance(ms)

    @invariant()
    def stored_as_modelled(self) -> None:
        """I1, I3, I5, I6: the record is what the last granted move wrote, to the byte."""
        for key in KEYS:
            stored = self.peek(key)
            if key not in self.model:
                assert stored is None
            elif stored is not None or not self.may_be_gone(key):
                assert stored == self.model[key]
