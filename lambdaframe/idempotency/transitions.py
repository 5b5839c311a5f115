"""The state machine of one record as data: which move is allowed when, what it writes, how a refusal is read.

A record is absent, running (``R``), done (``D``) or free (``F``). Four moves change it, and each is one atomic step of
the store. ``TABLE`` says all there is to say about them. A store that has a database evaluates the ``allowed`` column
there, in the database's own words, and reads a refusal with :func:`refusal` from the old record the database returns.

What keeps this safe: ``gen`` only grows, and whoever writes proves that the record is still in the generation it was
given. An owner that comes back after its lease was taken over can change nothing.

Times are integer milliseconds since the epoch, of the store's clock.
"""

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Literal, NamedTuple, TypeAlias

SKEW_MS = 1_000
"""A lease is taken over only when it has passed by more than this: clocks differ, and so do ends of a lease."""

CLEAN_UP_S = 86_400
"""How long after its logical end a record may stay for the store's own clean-up."""

State: TypeAlias = Literal["", "R", "D", "F"]
Kind: TypeAlias = Literal["", "ok", "error", "omitted"]
Move: TypeAlias = Literal["acquire", "complete", "release", "extend"]


class Entry(NamedTuple):
    """One record as it is stored.

    ``gen``: the fencing token. ``lease_until``, ``expires``: ms. ``ttl``: seconds since the epoch, from when on the
    store may delete it. ``result``: the exact bytes, or for ``omitted`` the reason in UTF-8. ``kind``: empty until
    done.
    """

    state: State = ""
    owner: str = ""
    gen: int = 0
    lease_until: int = 0
    fingerprint: str = ""
    expires: int = 0
    ttl: int = 0
    result: bytes = b""
    kind: Kind = ""


ABSENT = Entry()


class Claim(NamedTuple):
    """What one attempt brings to every move.

    ``owner`` is new for each attempt. ``lease_ms``: how long from now. ``retention_ms``: how long from the last write
    the record counts. ``takeover``: whether a lapsed lease may be taken over. ``gen``: 0 until the store has granted
    one.
    """

    key: str
    owner: str
    fingerprint: str
    lease_ms: int
    retention_ms: int
    takeover: bool = True
    gen: int = 0

    def granted(self, gen: int) -> "Claim":
        """The same claim with the generation that the store gave it."""
        return Claim(*self[:6], gen)


class Outcome(NamedTuple):
    """What is kept of a finished operation: ``kind`` and the exact bytes."""

    kind: Kind
    result: bytes


NOTHING = Outcome("", b"")


class Verdict(Enum):
    """How a move ended."""

    GRANTED = "the move was written"
    MISMATCH = "the key belongs to another payload"
    REPLAY = "done: the entry has the result"
    MINE = "granted before: the reply was lost and the store's client tried again"
    BUSY = "another attempt is running, or ended without a word"
    FINE = "completed before by this very attempt"
    THEIRS = "another attempt completed it: the entry has its result"
    LOST = "the record is no longer this attempt's"


class Reply(NamedTuple):
    """A store's answer to a move.

    ``entry``: the record as it was written, or as it was found when the move was refused. ``now``: the store's
    clock, ms since the epoch; only differences to the entry's times mean anything to the caller. ``took_over``: an
    acquire was granted over an attempt that never ended.
    """

    verdict: Verdict
    entry: Entry
    now: int
    took_over: bool = False


Condition: TypeAlias = Callable[[Entry, Claim, int], bool]
"""``condition(entry, claim, now)``: an absent record is ``ABSENT``."""


def always(entry: Entry, claim: Claim, now: int) -> bool:
    return True


def absent(entry: Entry, claim: Claim, now: int) -> bool:
    return not entry.state


def free(entry: Entry, claim: Claim, now: int) -> bool:
    return entry.state == "F"


def expired(entry: Entry, claim: Claim, now: int) -> bool:
    return now > entry.expires


def abandoned(entry: Entry, claim: Claim, now: int) -> bool:
    return (
        entry.state == "R"
        and now > entry.lease_until + SKEW_MS
        and entry.fingerprint == claim.fingerprint
        and entry.owner != claim.owner
        and claim.takeover
    )


def held(entry: Entry, claim: Claim, now: int) -> bool:
    return entry.state == "R" and entry.owner == claim.owner and entry.gen == claim.gen


def other_payload(entry: Entry, claim: Claim, now: int) -> bool:
    return entry.fingerprint != claim.fingerprint


def done(entry: Entry, claim: Claim, now: int) -> bool:
    return entry.state == "D"


def same_owner(entry: Entry, claim: Claim, now: int) -> bool:
    return entry.owner == claim.owner


def done_by_me(entry: Entry, claim: Claim, now: int) -> bool:
    return entry.state == "D" and entry.owner == claim.owner and entry.gen == claim.gen


def done_by_another(entry: Entry, claim: Claim, now: int) -> bool:
    # The same payload: after the record has expired the key may have been used for another one.
    return entry.state == "D" and entry.fingerprint == claim.fingerprint


Write: TypeAlias = Callable[[Entry, Claim, Outcome, int], Entry]
"""``write(entry, claim, outcome, now)``: the record after the move."""


def running(entry: Entry, claim: Claim, outcome: Outcome, now: int) -> Entry:
    """A new generation, without the old result. The first one is the time, so that it grows past deleted records."""
    gen = entry.gen + 1 if entry.state else max(now, entry.gen + 1)
    return _entry("R", claim.owner, gen, now + claim.lease_ms, claim.fingerprint, now + claim.retention_ms)


def completed(entry: Entry, claim: Claim, outcome: Outcome, now: int) -> Entry:
    return _entry("D", *entry[1:5], now + claim.retention_ms, outcome.result, outcome.kind)


def freed(entry: Entry, claim: Claim, outcome: Outcome, now: int) -> Entry:
    """Kept, not deleted: deleting it would forget the generation."""
    return Entry("F", *entry[1:])


def extended(entry: Entry, claim: Claim, outcome: Outcome, now: int) -> Entry:
    """The record must not expire under a lease that goes on, so its retention counts anew."""
    lease_until, expires = now + claim.lease_ms, now + claim.retention_ms
    return _entry("R", entry.owner, entry.gen, lease_until, entry.fingerprint, expires)


def _entry(
    state: State,
    owner: str,
    gen: int,
    lease_until: int,
    fingerprint: str,
    expires: int,
    result: bytes = b"",
    kind: Kind = "",
) -> Entry:
    ttl = expires // 1_000 + CLEAN_UP_S
    return Entry(state, owner, gen, lease_until, fingerprint, expires, ttl, result, kind)


class Rule(NamedTuple):
    """One move: allowed when any of ``allowed`` holds; else the first of ``refused`` that holds says why."""

    allowed: tuple[Condition, ...]
    write: Write
    refused: tuple[tuple[Condition, Verdict], ...]


TABLE: Mapping[Move, Rule] = {
    "acquire": Rule(
        allowed=(absent, free, expired, abandoned),
        write=running,
        refused=(
            (other_payload, Verdict.MISMATCH),
            (done, Verdict.REPLAY),
            (same_owner, Verdict.MINE),
            (always, Verdict.BUSY),
        ),
    ),
    "complete": Rule(
        allowed=(held,),
        write=completed,
        refused=((done_by_me, Verdict.FINE), (done_by_another, Verdict.THEIRS), (always, Verdict.LOST)),
    ),
    "release": Rule(allowed=(held,), write=freed, refused=((always, Verdict.LOST),)),
    "extend": Rule(allowed=(held,), write=extended, refused=((always, Verdict.LOST),)),
}


def allowed(rule: Rule, entry: Entry, claim: Claim, now: int) -> bool:
    """Whether this move may be written over this record."""
    for condition in rule.allowed:  # noqa: SIM110 — any() over a generator costs three times as much
        if condition(entry, claim, now):
            return True
    return False


def refusal(rule: Rule, entry: Entry, claim: Claim, now: int) -> Verdict:
    """Why this move was refused, read from the record as it was found."""
    return next(verdict for condition, verdict in rule.refused if condition(entry, claim, now))
