"""Every store against one model; and the model against stores with planted faults."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

import lambdaframe.idempotency
from lambdaframe.errors import ConfigurationError
from lambdaframe.idempotency import MemoryStore, Store, open_store
from lambdaframe.idempotency.transitions import (
    ABSENT,
    TABLE,
    Claim,
    Condition,
    Entry,
    Move,
    Outcome,
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
from tests.idempotency.machine import StoreMachine

MakeStore = Callable[[FakeClock], Store]

STORES: Mapping[str, MakeStore] = {"memory": lambda clock: MemoryStore(clock=clock)}


def machine(make: MakeStore) -> type[StoreMachine]:
    return type("Machine", (StoreMachine,), {"make_store": staticmethod(make)})


@pytest.mark.parametrize("store", STORES)
def test_store_follows_the_model(store: str) -> None:
    run_state_machine_as_test(
        machine(STORES[store]), settings=settings(max_examples=500, stateful_step_count=30, deadline=None)
    )


# Planted faults


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

    class Faulty(MemoryStore):
        table: ClassVar[Mapping[Move, Rule]] = {**TABLE, move: rule}

    return lambda clock: Faulty(clock=clock)


def instead(condition: Condition, other: Condition) -> tuple[Condition, ...]:
    """Acquire's conditions with one replaced."""
    return tuple(other if each is condition else each for each in TABLE["acquire"].allowed)


def lapsed_by(ms: int) -> Condition:
    """``abandoned`` with another margin."""
    return lambda entry, claim, now: abandoned(entry._replace(lease_until=entry.lease_until + ms), claim, now)


def deletes_on_release(entry: Entry, claim: Claim, outcome: Outcome, now: int) -> Entry:
    return ABSENT


def restarts_gen(entry: Entry, claim: Claim, outcome: Outcome, now: int) -> Entry:
    return running(ABSENT, claim, outcome, now)


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
    "does not raise gen": faulty("acquire", write=keeps_gen),
    "does not drop the old result": faulty("acquire", write=keeps_result),
    "keeps the old fingerprint": faulty("acquire", write=keeps_fingerprint),
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
    "deletes on release": faulty("release", write=deletes_on_release),
    "extends what is another's": faulty("extend", allowed=(lambda entry, claim, now: entry.state == "R",)),
    "lets a record expire under its lease": faulty(
        "extend", write=lambda e, c, outcome, now: e._replace(lease_until=now + c.lease_ms)
    ),
    "sweeps too soon": lambda clock: SweepsTooSoon(clock=clock),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_model_finds(fault: str) -> None:
    hunt = settings(
        max_examples=2_000,
        stateful_step_count=30,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
        report_multiple_bugs=False,
    )
    with pytest.raises(AssertionError):
        run_state_machine_as_test(machine(FAULTS[fault]), settings=hunt)


# The memory store


def kept(store: MemoryStore) -> int:
    return len(store._entries)  # pyright: ignore[reportPrivateUsage] -- what it holds is seen by nobody else


async def test_memory_stays_in_proportion_to_what_is_needed() -> None:
    clock = FakeClock()
    store = MemoryStore(clock=clock)
    for number in range(5_000):
        claim = Claim(f"key {number}", "owner", "x", lease_ms=1_000, retention_ms=10_000)
        granted = claim.granted((await store.acquire(claim)).entry.gen)
        if number % 3 == 0:
            await store.release(granted)
        else:
            await store.complete(granted, Outcome("ok", b"done"))
        clock.advance(100)
    assert kept(store) <= 200  # 100 new ones come within the retention


async def test_a_lease_outlives_the_retention_until_clean_up() -> None:
    clock = FakeClock()
    store = MemoryStore(clock=clock)
    slow = Claim("slow", "owner", "x", lease_ms=1_000, retention_ms=2_000)
    slow = slow.granted((await store.acquire(slow)).entry.gen)
    clock.advance(60_000)
    for number in range(10):
        await store.acquire(Claim(f"key {number}", "owner", "x", 1_000, 2_000))
    assert (await store.complete(slow, Outcome("ok", b"late"))).verdict is Verdict.GRANTED


async def test_tokens_grow_past_deleted_records() -> None:
    """More attempts than milliseconds: the time alone would give a token that was given before."""
    clock = FakeClock()
    store = MemoryStore(clock=clock)
    claim = Claim("key", "owner", "x", lease_ms=1, retention_ms=2)
    last = 0
    for _ in range(100):
        last = (await store.acquire(claim)).entry.gen
        await store.release(claim.granted(last))
    clock.advance(3)
    await store.acquire(claim._replace(key="another"))
    assert kept(store) == 1
    assert (await store.acquire(claim)).entry.gen > last


async def test_records_of_one_store_are_not_another_s() -> None:
    claim = Claim("key", "owner", "x", 1_000, 2_000)
    for _ in range(2):
        assert (await open_store("memory://").acquire(claim)).verdict is Verdict.GRANTED


def test_every_public_name_is_there() -> None:
    for name in lambdaframe.idempotency.__all__:
        assert getattr(lambdaframe.idempotency, name).__name__ == name
    with pytest.raises(AttributeError, match="nothing"):
        lambdaframe.idempotency.nothing  # noqa: B018 — looking is the test


def test_open_store_takes_a_store() -> None:
    store = MemoryStore()
    assert open_store(store) is store


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("redis://user:secret@host", "scheme 'redis' names no store: write 'memory://'"),
        ("memory", "write 'memory://'"),
        ("memory://host", "write 'memory://'"),
        (object(), "object is no store"),
    ],
)
def test_open_store_says_what_to_write(wrong: Any, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said) as caught:
        open_store(wrong)
    assert "secret" not in str(caught.value)
