"""One model for every store: a hypothesis state machine that drives two processes over one database.

The clock is stepped onto the boundaries, where a fault of one millisecond shows.
"""

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from lambdaframe.idempotency.transitions import Claim, Move, Outcome, Reply, State, Verdict
from tests.idempotency.moves import OTHER, PAYLOAD, Home, Moves, Step
from tests.idempotency.oracle import SKEW
from tests.idempotency.subjects.subject import Subject

DAY = 86_400_000

VISITORS = ("another payload", "the owner again", "a cautious heir", "an heir", "the owner extends")
"""In the order in which they come: the first three are refused for as long as the record is somebody's."""

keys = st.sampled_from((0, 0, 0, 1))
homes: st.SearchStrategy[Home] = st.sampled_from((0, 1))
pick = st.integers(0, 3)
payloads = st.sampled_from((PAYLOAD, OTHER))
leases = st.sampled_from((1, 50, 2_000, 30_000))
results = st.one_of(st.binary(max_size=3), st.sampled_from((b"\x00\xff\r\n$-1", bytes(range(256)) * 16)))
outcomes = st.builds(Outcome, st.sampled_from(("ok", "error", "omitted")), results)
moves: st.SearchStrategy[Move] = st.sampled_from(("complete", "complete", "release", "extend", "acquire"))
late_moves: st.SearchStrategy[Move] = st.sampled_from(("complete", "complete", "release", "extend"))


def other_than(payload: str) -> str:
    return OTHER if payload == PAYLOAD else PAYLOAD


granted_once = precondition(lambda machine: bool(machine.claims))


class StoreMachine(Moves):
    """The rules: single moves at random, and stories that a store is there for."""

    # The moves

    @rule(
        key=keys,
        payload=st.sampled_from((PAYLOAD, PAYLOAD, PAYLOAD, OTHER)),
        again=st.one_of(st.none(), st.none(), pick),
        lease=leases,
        longer=st.sampled_from((0, 1, 3_000, 90_000)),
        takeover=st.sampled_from((True, True, True, False)),
        home=homes,
    )
    def acquire(
        self, key: int, payload: str, again: int | None, lease: int, longer: int, takeover: bool, home: Home
    ) -> None:
        claim = self.claim(key, home, payload, lease, longer, takeover=takeover)
        if again is not None and self.claims:
            claim = claim._replace(owner=self.chosen(again).owner)
        self.do("acquire", claim)

    @granted_once
    @rule(which=pick, outcome=outcomes)
    def complete(self, which: int, outcome: Outcome) -> None:
        self.do("complete", self.chosen(which), outcome)

    @granted_once
    @rule(which=pick)
    def release(self, which: int) -> None:
        self.do("release", self.chosen(which))

    @granted_once
    @rule(which=pick, lease=leases)
    def extend(self, which: int, lease: int) -> None:
        claim = self.chosen(which)
        lease = max(lease, self.subject.shortest_lease)
        self.do("extend", claim._replace(lease_ms=lease, retention_ms=max(claim.retention_ms, 2 * lease)))

    @rule(key=keys, how=st.sampled_from(("next gen", "last gen", "another owner")), move=late_moves)
    def forge(self, key: int, how: str, move: Move) -> None:
        """A claim that was never granted, at least not so; the oracle knows."""
        claim = self.running(key)
        if how == "another owner":
            claim = claim._replace(owner=self.new_owner(self.homes[claim.owner]))
        else:
            claim = claim.granted(claim.gen + (1 if how == "next gen" else -1))
        self.do(move, claim, Outcome("ok", b"forged"))

    @rule(key=keys, first=moves, second=moves, outcome=outcomes, payload=payloads, home=homes)
    def twice(self, key: int, first: Move, second: Move, outcome: Outcome, payload: str, home: Home) -> None:
        """An owner makes two moves, or one again because the reply was lost; then another one asks."""
        owner = self.running(key)
        self.do(first, owner, outcome)
        self.do(second, owner, Outcome("ok", b"the second"))
        self.do("acquire", self.claim(key, home, payload))

    # Whole stories: rare in a random walk, and what a store is for

    @rule(key=keys, cautious=st.booleans(), home=homes)
    def crash_and_recover(self, key: int, cautious: bool, home: Home) -> None:
        """I7: the holder dies; a millisecond after lease and skew, and no sooner, another one starts.

        One that must not take over waits until the record expires.
        """
        entry = self.oracle.records[self.running(key).key]
        heir = self.claim(key, home, entry.fingerprint, takeover=not cautious)
        end = entry.expires if cautious else min(entry.lease_until + SKEW, entry.expires)
        if self.clients[home].now() <= end:
            self.wait_until(end, home)
            assert self.do("acquire", heir).verdict is Verdict.BUSY, "I7: too soon"
            self.wait_until(end + 1, home)
        assert self.do("acquire", heir).verdict is Verdict.GRANTED, "I7: too late"

    @rule(
        key=keys,
        state=st.sampled_from(("R", "R", "R", "D", "F")),
        end=st.sampled_from(("lease_until", "lease_until", "expires")),
        start=st.integers(0, 4),
        stay_away=st.sets(st.sampled_from(VISITORS), max_size=3),
        home=homes,
    )
    def walk_over_a_boundary(
        self, key: int, state: State, end: str, start: int, stay_away: set[str], home: Home
    ) -> None:
        """At each millisecond that counts some come and ask, until one is let in."""
        holder = self.running(key)
        if state == "D":
            self.do("complete", holder, Outcome("ok", b"in time"))
        elif state == "F":
            self.do("release", holder)
        entry = self.oracle.records[holder.key]
        moment: int = getattr(entry, end)
        for past in (-1, 0, 1, SKEW, SKEW + 1)[start:]:
            for visitor in (each for each in VISITORS if each not in stay_away):
                home = self.homes[holder.owner] if visitor.startswith("the owner") else home
                self.wait_until(moment + past, home)
                if self.visit(visitor, holder, entry.fingerprint, home).verdict is Verdict.GRANTED:
                    return

    def visit(self, visitor: str, holder: Claim, payload: str, home: Home) -> Reply:
        if visitor == "the owner extends":
            return self.do("extend", holder)
        claim = holder._replace(gen=0, takeover=visitor != "a cautious heir")
        if visitor != "the owner again":
            claim = claim._replace(owner=self.new_owner(home))
        return self.do(
            "acquire", claim._replace(fingerprint=other_than(payload) if visitor == "another payload" else payload)
        )

    @rule(
        key=keys,
        heir=st.sampled_from(("has another payload", "has another payload", "takes over", "starts anew")),
        does=st.sampled_from(("complete", "complete", "complete", "release", "nothing")),
        move=late_moves,
        home=homes,
    )
    def late_owner(self, key: int, heir: str, does: str, move: Move, home: Home) -> None:
        """An owner comes back after another one took over, or after the record had expired."""
        owner = self.running(key)
        entry = self.oracle.records[owner.key]
        self.wait_until((entry.lease_until + SKEW if heir == "takes over" else entry.expires) + 1, home)
        payload = other_than(entry.fingerprint) if heir == "has another payload" else entry.fingerprint
        assert self.do("acquire", self.claim(key, home, payload)).verdict is Verdict.GRANTED
        if does != "nothing":
            self.do("complete" if does == "complete" else "release", self.claims[-1], Outcome("ok", b"of the heir"))
        self.do(move, owner, Outcome("ok", b"late"))

    @rule(key=keys, lapsed=st.booleans(), move=late_moves)
    def race(self, key: int, lapsed: bool, move: Move) -> None:
        """At the same moment two processes start an attempt, and a late owner may make a move, too."""
        owner = self.running(key)
        heirs = [Step("acquire", self.claim(key, home)) for home in (0, 1)]
        if lapsed:
            for home in (0, 1):
                self.wait_until(self.oracle.records[owner.key].lease_until + SKEW + 1, home)
            self.at_once(*heirs, Step(move, owner))
        else:
            self.do("release", owner)
            self.at_once(*heirs)

    @granted_once
    @rule(which=pick)
    def effect(self, which: int) -> None:
        self.oracle.effect(self.chosen(which))

    @rule(ms=st.sampled_from((1, 999, 60_000, 2 * DAY)))
    def tick(self, ms: int) -> None:
        self.clock.advance(ms)

    @rule(key=keys, past=st.sampled_from((-1_000, 0, 1_000)))
    def clean_up(self, key: int, past: int) -> None:
        """The database deletes what it was told it may, from then on and no sooner."""
        name = self.keys[key]
        entry = self.oracle.records.get(name)
        if entry is not None:
            over = self.subject.over_at(entry)
            self.wait_until(over + past, 0)
            now = self.clock.now_ms
            deleted = self.subject.clean_up(name, now)
            if deleted:
                assert now >= over, "deleted too soon"
                self.oracle.forget(name, now)
            else:
                assert not self.subject.cleans_up or now <= over, "not deleted in time"
            self.look_again(*([name] if deleted else ()))


def machine(subject: Subject) -> type[StoreMachine]:
    """The machine of one store."""
    return type("Machine", (StoreMachine,), {"subject": subject})
