"""Running an operation once: acquire, call, complete or release. Every integration goes through here.

What happens when is the table "situation / what happens" of the idempotency page: a retryable exception releases; a
final one is kept and replayed; a call that is cancelled or killed leaves the record running, because nobody knows how
far it came, and its lease ends soon after the deadline; a result that can't be kept is noted as such, and the effect
never repeated.

A move that is interrupted by a cancellation is made once more, shielded: every move may be repeated, and the store
tells whether the first one had arrived. So an attempt that was granted to nobody is released, and a result that is
known is recorded.
"""

import math
import os
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Generic, NoReturn, Protocol, TypeVar
from uuid import uuid4

from lambdaframe.concurrency import cancelled_error, shielded
from lambdaframe.errors import (
    IdempotencyConflictError,
    IdempotencyMismatchError,
    LeaseLostError,
    ResultOmittedError,
)
from lambdaframe.idempotency.counters import Counters, counters_of
from lambdaframe.idempotency.heartbeat import sleep, with_heartbeat
from lambdaframe.idempotency.lease import Lease, held_leases
from lambdaframe.idempotency.policy import Policy
from lambdaframe.idempotency.store import Notifying, Store
from lambdaframe.idempotency.transitions import SKEW_MS, Claim, Entry, Outcome, Reply, Verdict
from lambdaframe.invocation import current
from lambdaframe.logging import get_logger

T = TypeVar("T")

FIRST_PAUSE = 0.01
LONGEST_PAUSE = 0.2
"""Seconds between two looks at a running attempt: doubling from the first to the longest, with jitter."""
LAST_SECOND = 1.0
"""A caller stops waiting this many seconds before its own deadline, so that it can still answer."""
LONGEST_WATCH = 5.0
"""Seconds until a caller looks again at an attempt whose end it would be told."""
SHIELD = 0.3
"""Seconds that a cancelled call may take to leave its record as it should be."""
DISABLED = "LAMBDAFRAME_IDEMPOTENCY_DISABLED"
"""The environment variable that switches idempotency off when it is ``1``, ``true``, ``yes`` or ``on``: for tests."""

_log = get_logger("lambdaframe.idempotency")


class Codec(Protocol[T]):
    """How results become bytes, and bytes results again. None of its methods runs the operation or the store."""

    def pack(self, value: T) -> Outcome | None:
        """What to keep of a result; ``omitted`` with the reason when it can't be; None to keep nothing: released."""
        ...

    def pack_error(self, error: Exception) -> Outcome | None:
        """What to keep of an error that is final; None for a retryable one: released."""
        ...

    def unpack(self, outcome: Outcome) -> T:
        """The result again, or the final error, raised. Never called for ``omitted``."""
        ...


@dataclass(frozen=True, slots=True)
class Operation(Generic[T]):
    """What is idempotent, in which way: made once, at registration. ``name`` stands in messages."""

    name: str
    store: Store
    policy: Policy
    codec: Codec[T]
    counters: Counters = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "counters", counters_of(self.store))
        if is_disabled():
            _log.warning("Idempotency is switched off", operation=self.name, by=DISABLED)


def is_disabled() -> bool:
    """Whether the environment switches idempotency off now."""
    return os.environ.get(DISABLED, "").lower() in {"1", "true", "yes", "on"}


async def run_once(operation: Operation[T], key: str, fingerprint: str, call: Callable[[], Awaitable[T]]) -> T:
    """The result of ``call``, run once for this key; a caller that comes later gets what was recorded.

    ``key`` and ``fingerprint`` are digests (see ``keys``). Raises IdempotencyMismatchError, IdempotencyConflictError,
    ResultOmittedError, LeaseLostError, and what ``call`` raises.
    """
    if is_disabled():
        return await call()
    owner = uuid4().hex
    pause = FIRST_PAUSE
    counters = operation.counters
    while True:
        remaining = _remaining()
        claim = operation.policy.claim(key, owner, fingerprint, remaining)
        reply = await _acquire(operation, claim)
        match reply.verdict:
            case Verdict.GRANTED | Verdict.MINE:
                counters.acquired += 1
                counters.takeovers += reply.took_over
                return await _attempt(operation, claim.granted(reply.entry.gen), call)
            case Verdict.REPLAY:
                return _replay(operation, reply.entry)
            case Verdict.MISMATCH:
                counters.mismatches += 1
                raise IdempotencyMismatchError(f"{operation.name}: this idempotency key belongs to another payload.")
            case _:
                patience = _patience(operation, reply, remaining)
        if patience <= 0:
            _refuse(operation, reply)
        pause = await _wait(operation, key, pause, patience)


async def _acquire(operation: Operation[T], claim: Claim) -> Reply:
    try:
        return await operation.store.acquire(claim)
    except cancelled_error():
        # It may have been granted all the same. Nothing has been run, so the key is not kept from others.
        async with shielded(SHIELD):
            reply = await operation.store.acquire(claim)
            if reply.verdict in {Verdict.GRANTED, Verdict.MINE}:
                await operation.store.release(claim.granted(reply.entry.gen))
        raise


async def _wait(operation: Operation[T], key: str, pause: float, patience: float) -> float:
    """Wait until the other attempt may have ended, at most ``patience`` seconds. Gives the next pause."""
    store = operation.store
    if isinstance(store, Notifying) and await store.changed(key, min(patience, LONGEST_WATCH)):
        return FIRST_PAUSE
    await sleep(min(pause * random.uniform(0.5, 1.5), patience))  # noqa: S311 — jitter, no secret
    return min(2 * pause, LONGEST_PAUSE)


def _remaining() -> float:
    invocation = current.get(None)
    return math.inf if invocation is None else invocation.remaining()


def _patience(operation: Operation[T], reply: Reply, remaining: float) -> float:
    """Seconds to wait for the attempt that holds the lease, at most."""
    inside_itself = any(lease.owner == reply.entry.owner for lease in held_leases.get())
    if inside_itself or not operation.policy.wait:
        return 0.0
    return min((reply.entry.lease_until - reply.now) / 1_000, remaining - LAST_SECOND)


def _refuse(operation: Operation[T], reply: Reply) -> NoReturn:
    operation.counters.conflicts += 1
    entry = reply.entry
    free_at = entry.lease_until + SKEW_MS
    reason = "is still running"
    if reply.now > free_at:
        # on_expiry="reject": nobody may take over before the record itself expires.
        free_at, reason = entry.expires, "ended without a result, and whether it took effect is not known"
    seconds = max(1, math.ceil((free_at - reply.now) / 1_000))
    raise IdempotencyConflictError(
        f"{operation.name}: an attempt with this idempotency key {reason}; try again in {seconds} s.",
        retry_after=seconds,
    )


async def _attempt(operation: Operation[T], claim: Claim, call: Callable[[], Awaitable[T]]) -> T:
    lease = Lease(claim.key, claim.owner, claim.gen)
    leases = held_leases.get()
    held_leases.set((*leases, lease))
    try:
        value = await _call(operation, claim, call)
    except Exception as error:
        kept = operation.codec.pack_error(error)
        if kept is None:
            await _release(operation, claim, error)
        elif theirs := await _complete(operation, claim, kept):
            return _replay(operation, theirs)
        raise
    except cancelled_error() as cancellation:
        if lease.without_effect is cancellation:
            async with shielded(SHIELD):
                await _release(operation, claim)
        raise
    finally:
        held_leases.set(leases)  # not reset(): a coroutine that is closed ends in another context than it began in
    outcome = operation.codec.pack(value)
    if outcome is None:
        await _release(operation, claim)
    elif theirs := await _complete(operation, claim, outcome):
        return _replay(operation, theirs)
    return value


async def _call(operation: Operation[T], claim: Claim, call: Callable[[], Awaitable[T]]) -> T:
    if not operation.policy.extends(_remaining()):
        return await call()

    async def beat() -> bool:
        remaining = _remaining()
        renewed = operation.policy.claim(claim.key, claim.owner, claim.fingerprint, remaining).granted(claim.gen)
        try:
            reply = await operation.store.extend(renewed)
        except Exception:
            _log.warning("The lease could not be extended; trying again", operation=operation.name, exc_info=True)
            return True
        return reply.verdict is Verdict.GRANTED and operation.policy.extends(remaining)

    return await with_heartbeat(call, beat, claim.lease_ms / 3_000)


async def _complete(operation: Operation[T], claim: Claim, outcome: Outcome) -> Entry | None:
    """Record the outcome. The other's entry if another attempt was first, None otherwise."""
    limit = operation.store.max_result_size
    if limit is not None and len(outcome.result) > limit:
        reason = f"it has {len(outcome.result)} bytes, and the store takes {limit}"
        outcome = Outcome("omitted", reason.encode())
    if outcome.kind == "omitted":
        operation.counters.omitted += 1
        _log.warning("The result is not kept", operation=operation.name, reason=outcome.result.decode())
    reply = await _surely(partial(operation.store.complete, claim, outcome))
    if reply.verdict in {Verdict.LOST, Verdict.THEIRS}:
        operation.counters.lost += 1
    if reply.verdict is Verdict.LOST:
        raise LeaseLostError(
            f"{operation.name}: this attempt's lease ended and another one took over; its own result is not recorded."
        )
    return reply.entry if reply.verdict is Verdict.THEIRS else None


async def _release(operation: Operation[T], claim: Claim, error: Exception | None = None) -> None:
    """Let others start at once. If that fails they start when the lease has ended; the caller's answer stays."""
    operation.counters.released += 1
    try:
        await _surely(partial(operation.store.release, claim))
    except Exception as failure:
        _log.warning("The idempotency key could not be released", operation=operation.name, exc_info=True)
        if error is not None:
            error.add_note(f"{operation.name}: releasing the idempotency key failed: {failure!r}")


async def _surely(move: Callable[[], Awaitable[Reply]]) -> Reply:
    try:
        return await move()
    except cancelled_error():
        async with shielded(SHIELD):
            await move()
        raise


def _replay(operation: Operation[T], entry: Entry) -> T:
    operation.counters.replayed += 1
    if entry.kind == "omitted":
        raise ResultOmittedError(
            f"{operation.name}: done before and not run again, but its result was not kept: {entry.result.decode()}."
        )
    return operation.codec.unpack(Outcome(entry.kind, entry.result))
