"""What the specification says a move must answer and write, and the invariants over all moves.

Written from the specification in plain ``if``s, not from the transition table that it checks. It knows every record as
it must be, and what each owner believes of its own lease.

I1 at most one owner per generation, and nobody is granted what another still holds by its own clock · I2 generations
strictly increase, by one, from the time in milliseconds · I3 a done record stays as it is until it expires · I4 every
caller gets its bytes, late owners included · I5 a stale owner or generation changes nothing · I6 nor does another
payload · I7 a record can be acquired within lease + skew after a crash · I8 no more attempts than keys and ends of
attempts · I9 a fenced sink keeps the effect of the attempt whose result is recorded.

I3, I5 and I6 are checked on the record in the database, I7 by the machine that steps the clock.
"""

from collections.abc import Callable
from copy import copy
from typing import NamedTuple

from lambdaframe.idempotency.transitions import Claim, Entry, Move, Outcome, Reply, Verdict

SKEW = 1_000
DAY_S = 86_400


class Holding(NamedTuple):
    """What an owner believes: ``lease_until`` by its own clock, ms."""

    gen: int
    lease_until: int


def retention(claim: Claim, now: int) -> tuple[int, int]:
    """``expires`` (ms) and ``ttl`` (s) of a record that is written now."""
    expires = now + claim.retention_ms
    return expires, expires // 1_000 + DAY_S


class Oracle:
    """``now_of(owner)``: the clock of the process in which this owner runs, ms. ``retention``: in another table's form,
    if it is not as ours."""

    def __init__(
        self, now_of: Callable[[str], int], retention: Callable[[Claim, int], tuple[int, int]] = retention
    ) -> None:
        self.now_of = now_of
        self.retention = retention
        self.records: dict[str, Entry] = {}
        self.tokens: dict[str, tuple[int, ...]] = {}
        self.owners: dict[tuple[str, int], str] = {}
        self.holdings: dict[tuple[str, str], Holding] = {}
        self.takeovers: set[tuple[str, int]] = set()
        self.ended: set[tuple[str, int]] = set()
        self.sink: dict[str, int] = {}

    def fork(self) -> "Oracle":
        """One that knows the same, and may learn something else."""
        other = Oracle(self.now_of, self.retention)
        vars(other).update({name: copy(known) for name, known in vars(self).items()})
        return other

    def follow(self, move: Move, claim: Claim, outcome: Outcome, now: int, reply: Reply) -> None:
        """Check the reply to a move, and know the record from it."""
        if move == "complete":
            self.complete(claim, outcome, now, reply)
        else:
            {"acquire": self.acquire, "release": self.release, "extend": self.extend}[move](claim, now, reply)

    # The moves. ``now``: by the clock that judges this move, ms

    def acquire(self, claim: Claim, now: int, reply: Reply) -> None:
        """Check the reply to an acquire, and know the record from it."""
        found = self.records.get(claim.key)
        self._note_end(claim.key, now)
        verdict = self._verdict_of_acquire(found, claim, now)
        assert reply.verdict is verdict, f"{verdict} was expected of {claim} at {now} on {found}, not {reply}"
        gen = reply.entry.gen
        took_over = verdict is Verdict.GRANTED and found is not None and found.state == "R"
        if verdict is Verdict.GRANTED:
            self._grant(claim, gen, now, found)
            expires, ttl = self.retention(claim, now)
            self.records[claim.key] = Entry(
                "R", claim.owner, gen, now + claim.lease_ms, claim.fingerprint, expires, ttl
            )
            if took_over:
                self.takeovers.add((claim.key, gen))
        elif verdict is Verdict.MINE:
            assert self.owners[claim.key, gen] == claim.owner, "I1"
            took_over = reply.took_over and (claim.key, gen) in self.takeovers  # the lost reply may have told it
        _same(reply, Reply(verdict, self.records[claim.key], now, took_over))

    def complete(self, claim: Claim, outcome: Outcome, now: int, reply: Reply) -> None:
        """Check the reply to a complete, and know the record from it."""
        found = self.records.get(claim.key, Entry())
        if self.holds(claim):
            verdict = Verdict.GRANTED
            expires, ttl = self.retention(claim, now)
            self.records[claim.key] = found._replace(
                state="D", expires=expires, ttl=ttl, kind=outcome.kind, result=outcome.result
            )
            self._give_up(claim)
        elif found.state == "D" and (found.owner, found.gen) == (claim.owner, claim.gen):
            verdict = Verdict.FINE
        elif found.state == "D" and found.fingerprint == claim.fingerprint:
            verdict = Verdict.THEIRS
        else:
            verdict = Verdict.LOST
        _same(reply, Reply(verdict, self.records.get(claim.key, Entry()), now))  # I4: with the bytes

    def release(self, claim: Claim, now: int, reply: Reply) -> None:
        """Check the reply to a release, and know the record from it."""
        found = self.records.get(claim.key, Entry())
        verdict = Verdict.LOST
        if self.holds(claim):
            verdict = Verdict.GRANTED
            self.records[claim.key] = found._replace(state="F")
            self.ended.add((claim.key, claim.gen))
            self._give_up(claim)
        _same(reply, Reply(verdict, self.records.get(claim.key, Entry()), now))

    def extend(self, claim: Claim, now: int, reply: Reply) -> None:
        """Check the reply to an extend, and know the record from it."""
        found = self.records.get(claim.key, Entry())
        verdict = Verdict.LOST
        if self.holds(claim):
            verdict = Verdict.GRANTED
            expires, ttl = self.retention(claim, now)
            lease_until = now + claim.lease_ms
            self.records[claim.key] = found._replace(lease_until=lease_until, expires=expires, ttl=ttl)
            self.holdings[claim.key, claim.owner] = Holding(claim.gen, lease_until)
        _same(reply, Reply(verdict, self.records.get(claim.key, Entry()), now))

    def holds(self, claim: Claim) -> bool:
        """Whether the record is this attempt's to change."""
        entry = self.records.get(claim.key, Entry())
        return entry.state == "R" and (entry.owner, entry.gen) == (claim.owner, claim.gen)

    def forget(self, key: str, now: int) -> None:
        """The record was cleaned up."""
        self._note_end(key, now)
        del self.records[key]

    # The effect

    def effect(self, claim: Claim) -> None:
        """An attempt that was granted once reaches a sink that refuses tokens lower than the highest it has seen."""
        accepted = claim.gen >= self.sink.get(claim.key, 0)
        if accepted:
            self.sink[claim.key] = claim.gen
        assert accepted or not self.holds(claim), "I9: the effect of the attempt that may record its result is refused"

    def check_sink(self, now: int) -> None:
        """The result that everybody gets is of the attempt whose effect is there."""
        for key, entry in self.records.items():
            if entry.state == "D" and now <= entry.expires:
                assert self.sink[key] == entry.gen, "I9: another attempt's effect replaced the one that was answered"

    # Inside

    def _verdict_of_acquire(self, entry: Entry | None, claim: Claim, now: int) -> Verdict:
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

    def _grant(self, claim: Claim, gen: int, now: int, found: Entry | None) -> None:
        for (key, owner), holding in self.holdings.items():
            holds = key == claim.key and owner != claim.owner and holding.lease_until >= self.now_of(owner)
            assert not holds, f"I1: {owner} still holds generation {holding.gen}, granted to {claim.owner}"
        tokens = self.tokens.get(claim.key, ())
        assert gen > max(tokens, default=0), "I2: strictly increasing"
        assert gen == found.gen + 1 if found else gen >= now, f"I2: {gen} follows {found} at {now}"
        self.tokens[claim.key] = (*tokens, gen)
        assert self.owners.setdefault((claim.key, gen), claim.owner) == claim.owner, "I1: one owner per generation"
        self.holdings[claim.key, claim.owner] = Holding(gen, now + claim.lease_ms)
        executions = sum(map(len, self.tokens.values()))
        assert executions <= len(self.tokens) + len(self.ended), "I8"

    def _give_up(self, claim: Claim) -> None:
        del self.holdings[claim.key, claim.owner]

    def _note_end(self, key: str, now: int) -> None:
        """Remember generations that ended by time: the lease lapsed, or the record expired."""
        entry = self.records.get(key)
        if entry is not None:
            lapsed = entry.state == "R" and now > entry.lease_until + SKEW
            if lapsed or now > entry.expires:
                self.ended.add((key, entry.gen))


def _same(reply: Reply, expected: Reply) -> None:
    if not expected.entry.state and not reply.entry.state:
        expected = expected._replace(entry=reply.entry)  # of a record that is not there nothing else counts
    assert reply == expected, f"{expected} was expected, not {reply}"
